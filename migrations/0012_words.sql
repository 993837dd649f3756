-- How the words of the stored listings were split for the search; where it is not as the code splits them, the next
-- start indexes them anew (`carousel migrate`).

ALTER TABLE catalogue_state ADD COLUMN words_version smallint NOT NULL DEFAULT 0;
