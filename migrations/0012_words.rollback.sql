ALTER TABLE catalogue_state DROP COLUMN words_version;
