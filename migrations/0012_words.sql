-- How the words of a listing were split for the search; where it is not as the code splits them, the next start
-- indexes them anew (`carousel migrate`).

ALTER TABLE listing ADD COLUMN words_version smallint NOT NULL DEFAULT 0;

CREATE INDEX listing_words_version ON listing (words_version);
