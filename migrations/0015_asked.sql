-- What a slate's request asked for, so that a trace makes the same one again, and the shares the variants had then, so
-- that a change of them is no loss of shoppers.

ALTER TABLE slate
    -- The fields of a search's filters that ask for something; NULL for none.
    ADD COLUMN filters json,
    -- {experiment: {variant: share}} in the order of the file, of those at the placement.
    ADD COLUMN shares json;
