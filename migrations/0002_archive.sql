-- The archive by month, keys that are kept for ever, erasures, and the kind of a dead letter.

-- Every event_id ever archived: what makes an event count once, also when its month has been dropped.
CREATE TABLE activity_key (event_id uuid PRIMARY KEY);
INSERT INTO activity_key SELECT event_id FROM activity;

ALTER TABLE activity RENAME TO activity_before;
ALTER INDEX activity_shopper RENAME TO activity_before_shopper;
ALTER INDEX activity_occurred_at RENAME TO activity_before_occurred_at;

CREATE SEQUENCE activity_no;
CREATE TABLE activity (
    -- The order in which events were applied; among the events of one person it is exact.
    no bigint NOT NULL DEFAULT nextval('activity_no'),
    event_id uuid NOT NULL,
    -- Whose history it is.
    shopper_id text NOT NULL,
    -- The anonymous shopper that did it, where it has become an account's history.
    visitor_id text,
    type text NOT NULL,
    listing_id text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    recommendation_id uuid,
    placement text,
    position smallint,
    -- What else the client said: listing_ids, value, reason, session_id, context.
    details jsonb NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (received_at);
CREATE INDEX activity_shopper ON activity (shopper_id, occurred_at);
CREATE INDEX activity_occurred_at ON activity USING brin (occurred_at);
-- What was received in no month we expect: an entry put straight into the stream may claim any past.
CREATE TABLE activity_other PARTITION OF activity DEFAULT;

-- Make the partition of a month (UTC), unless it is there, and move what lies in activity_other into it.
CREATE FUNCTION ensure_activity_month(moment timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    first timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
    since timestamptz := first AT TIME ZONE 'UTC';
    until timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    name text := to_char(first, '"activity_y"YYYY"m"MM');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE activity INCLUDING DEFAULTS)', name);
        EXECUTE format('WITH moved AS (DELETE FROM activity_other WHERE received_at >= %L AND received_at < %L '
                       'RETURNING *) INSERT INTO %I SELECT * FROM moved', since, until, name);
        EXECUTE format('ALTER TABLE activity ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
    END IF;
    RETURN name;
END $$;

DO $$ BEGIN
    PERFORM ensure_activity_month(month)
    FROM (SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month
          FROM activity_before) AS months;
    PERFORM ensure_activity_month(now()), ensure_activity_month(now() + interval '1 month');
END $$;

INSERT INTO activity (event_id, shopper_id, type, listing_id, occurred_at, received_at, recommendation_id, placement,
                      position, details)
SELECT event_id, shopper_id, type, listing_id, occurred_at, received_at, recommendation_id, placement, position, details
FROM activity_before ORDER BY received_at, occurred_at;
DROP TABLE activity_before;

-- Who was erased, as a hash that cannot be read back: what they had sent and what arrives late is dropped.
CREATE TABLE erasure (
    shopper_hash bytea PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    receipt_id uuid NOT NULL
);

-- malformed: not an event; refused: an event the database would not take.
ALTER TABLE dead_letter ADD COLUMN kind text NOT NULL DEFAULT 'malformed' CHECK (kind IN ('malformed', 'refused'));
CREATE INDEX dead_letter_failed_at ON dead_letter (failed_at);
