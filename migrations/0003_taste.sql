-- Tastes as their exact bytes. What was stored in the older form is recomputed from the archive by `carousel migrate`.

ALTER TABLE catalogue_state ADD COLUMN taste_formula smallint NOT NULL DEFAULT 0;

TRUNCATE taste;
ALTER TABLE taste
    -- Amounts per trait, relative to `as_of`; taste/evidence.py says how they lie.
    ALTER COLUMN evidence TYPE bytea USING ''::bytea,
    -- The newest last: weight, seconds since the epoch and weight of the longest look of each listing, then the ids.
    ALTER COLUMN recent TYPE bytea USING ''::bytea;
-- A row is written whole with every event: it stays in its page, uncompressed, and finds room beside itself.
ALTER TABLE taste ALTER COLUMN evidence SET STORAGE MAIN;
ALTER TABLE taste ALTER COLUMN recent SET STORAGE MAIN;
ALTER TABLE taste SET (toast_tuple_target = 8160, fillfactor = 50);

-- Who has become an account: asked for when the account is exported or erased.
CREATE INDEX taste_merged_into ON taste (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX shopper_merged_into ON shopper (merged_into) WHERE merged_into IS NOT NULL;
