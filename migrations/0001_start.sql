-- The catalogue, the shoppers, their tastes, the archive of events and the position of every dataflow.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE catalogue_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- Grows by one with every committed change of the catalogue, as the last statement of its transaction.
    revision bigint NOT NULL DEFAULT 0,
    -- Where the numeric traits change slope, {block: [value, …]}; fitted to the catalogue's quantiles.
    knots jsonb NOT NULL DEFAULT '{}',
    knots_listings integer NOT NULL DEFAULT 0
);
INSERT INTO catalogue_state DEFAULT VALUES;

CREATE TABLE listing (
    listing_id text PRIMARY KEY CHECK (length(listing_id) BETWEEN 1 AND 128),
    -- Small key for numpy, cursors and joins.
    no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    source text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'reserved', 'sold', 'expired', 'withdrawn')),
    make text NOT NULL,
    model text NOT NULL,
    condition text NOT NULL,
    body_type text,
    fuel_type text,
    transmission text,
    drivetrain text,
    color_exterior text,
    seller_type text,
    seller text,
    country text,
    region text,
    year smallint NOT NULL,
    mileage_km integer,
    power_kw smallint,
    price_amount numeric(12, 2),
    price_currency char(3),
    lat real,
    lon real,
    listed_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- The listing as the API shows it: JSON text, so that a slate is read and sent without being parsed.
    document json NOT NULL,
    -- The source's own row, untouched.
    raw json,
    content_hash bytea NOT NULL,
    search tsvector NOT NULL,
    embedding halfvec(96) NOT NULL,
    embedding_version smallint NOT NULL,
    -- The transaction that wrote the row last: snapshots read what is at least as new as their own horizon.
    changed_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX listing_changed_by ON listing (changed_by);
CREATE INDEX listing_source ON listing (source) WHERE status = 'active';
CREATE INDEX listing_search ON listing USING gin (search) WHERE status = 'active';
CREATE INDEX listing_embedding ON listing USING hnsw (embedding halfvec_l2_ops) WHERE status = 'active';

CREATE TABLE shopper (
    shopper_id text PRIMARY KEY CHECK (length(shopper_id) BETWEEN 1 AND 64),
    kind text NOT NULL CHECK (kind IN ('account', 'anonymous')),
    issuer text,
    subject text,
    merged_into text REFERENCES shopper,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);

CREATE TABLE activity (
    event_id uuid PRIMARY KEY,
    shopper_id text NOT NULL,
    type text NOT NULL,
    listing_id text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    recommendation_id uuid,
    placement text,
    position smallint,
    -- What else the client said: listing_ids, value, reason, session_id, context.
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX activity_shopper ON activity (shopper_id, occurred_at);
CREATE INDEX activity_occurred_at ON activity USING brin (occurred_at);

CREATE TABLE taste (
    shopper_id text PRIMARY KEY,
    version bigint NOT NULL,
    -- {block: {value: [this session, this purchase, against]}}, decayed to `as_of`.
    evidence jsonb NOT NULL,
    -- [[listing_id, weight, occurred_at], …], newest last.
    recent jsonb NOT NULL,
    hidden text[] NOT NULL DEFAULT '{}',
    as_of timestamptz NOT NULL,
    event_count bigint NOT NULL DEFAULT 0,
    centroid halfvec(96),
    -- Listings of the recent history in the middle of what the shopper looks for.
    interests text[] NOT NULL DEFAULT '{}',
    merged_into text,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE popularity (
    listing_id text PRIMARY KEY,
    -- Evidence weights, halved every week, as of `as_of`.
    score real NOT NULL,
    as_of timestamptz NOT NULL
);

CREATE TABLE stream_position (
    flow text NOT NULL,
    stream text NOT NULL,
    last_id text NOT NULL,
    entries_read bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, stream)
);

CREATE TABLE dead_letter (
    flow text NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    -- Bytes, not jsonb: what is refused is often not even text.
    payload bytea NOT NULL,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flow, stream, entry_id)
);
