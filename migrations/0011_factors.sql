-- What the choice model makes of a shopper's history, ready before they ask: a cache, rebuilt by the next event.

CREATE TABLE shopper_factors (
    -- Goes with the taste it was made from, so also when the shopper is erased.
    shopper_id text PRIMARY KEY REFERENCES taste ON DELETE CASCADE,
    taste_version bigint NOT NULL,
    crowd_version bigint NOT NULL,
    -- [{listing_id, listing_ids, weights, share, mean, covariance, evidence}], the largest interest first.
    interests json NOT NULL,
    made_at timestamptz NOT NULL
);
ALTER TABLE shopper_factors SET (fillfactor = 50);

-- The new flow begins where that of the tastes stands: what came before has been trimmed, or is too old for a cache.
INSERT INTO stream_position (flow, stream, last_id, entries_read)
SELECT 'factors', stream, last_id, entries_read FROM stream_position WHERE flow = 'taste';
