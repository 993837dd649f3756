ALTER TABLE catalogue_state DROP COLUMN crowd_version;
DROP TABLE crowd_model;
