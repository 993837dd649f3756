-- What every import did, and the rows it would not take.

CREATE TABLE import_run (
    -- UUID of version 7: in the order of their beginning.
    import_id uuid PRIMARY KEY,
    -- Names of the feed; empty while nobody has said or found out.
    sources text[] NOT NULL DEFAULT '{}',
    -- Files and addresses as they were given, without credentials.
    files text[] NOT NULL,
    requested_by text NOT NULL CHECK (requested_by IN ('cli', 'api', 'sync')),
    dry_run boolean NOT NULL DEFAULT false,
    -- A run is alive while a session holds its advisory lock; one that is not becomes 'interrupted'.
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When its progress was last written; of an interrupted run, how far it is known to have come.
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    -- How much of the files is read, 0 to 1.
    share real NOT NULL DEFAULT 0,
    rows_read bigint NOT NULL DEFAULT 0,
    -- All rejected rows, also those not kept.
    rejects bigint NOT NULL DEFAULT 0,
    -- The report: read, imported, updated, unchanged, duplicates, rejected, rejected_by_reason, withdrawn …
    counts jsonb,
    -- Field -> column.
    mapping jsonb,
    error text,
    -- Which feed with which options this was, as a hash, and what tells whether it has changed since (ETag …).
    feed_key bytea,
    validators jsonb
);
CREATE INDEX import_run_running ON import_run (import_id) WHERE state = 'running';
CREATE INDEX import_run_feed_key ON import_run (feed_key, import_id) WHERE feed_key IS NOT NULL;

CREATE TABLE import_reject (
    import_id uuid NOT NULL REFERENCES import_run ON DELETE CASCADE,
    -- From 1, in the order of the files.
    number integer NOT NULL,
    file text NOT NULL,
    line integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    -- json, not jsonb: the columns keep their order, so the row can be written as it was.
    row json NOT NULL,
    PRIMARY KEY (import_id, number)
);
