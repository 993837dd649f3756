ALTER TABLE catalogue_state DROP COLUMN partitions, DROP COLUMN formula_begun;
