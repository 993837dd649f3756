-- What processes compare themselves with, so that one which does not fit ends instead of doing harm: how many partitions
-- the event log has, for life, and the newest formula that tastes have begun to be computed by.

ALTER TABLE catalogue_state
    ADD COLUMN partitions smallint,
    ADD COLUMN formula_begun smallint NOT NULL DEFAULT 0;
