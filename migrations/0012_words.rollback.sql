DROP INDEX listing_words_version;
ALTER TABLE listing DROP COLUMN words_version;
