-- What was served to whom, and why: for traces, experiments and the learned blend.

CREATE TABLE slate (
    recommendation_id uuid PRIMARY KEY,
    -- The slate whose listings were shown once more from the cache; it has them.
    same_as uuid,
    shopper_id text NOT NULL,
    served_at timestamptz NOT NULL,
    placement text NOT NULL,
    -- Which row of a page, where it was one.
    row_kind text,
    variant text,
    taste_version bigint NOT NULL,
    crowd_version bigint NOT NULL,
    -- [{listing_id, score, source, propensity, terms}] by place.
    listings json
);
CREATE INDEX slate_served_at ON slate USING brin (served_at);
CREATE INDEX slate_shopper ON slate (shopper_id);
-- What events a slate caused.
CREATE INDEX activity_recommendation ON activity (recommendation_id) WHERE recommendation_id IS NOT NULL;
