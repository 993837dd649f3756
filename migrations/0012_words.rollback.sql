DROP TRIGGER listing_words_said ON listing;
DROP FUNCTION listing_words_said();
DROP INDEX listing_words_version;
ALTER TABLE listing DROP COLUMN words_version;
