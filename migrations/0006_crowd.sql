-- The versions of the choice model, and which of them is served.

CREATE TABLE crowd_model (
    version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trained_at timestamptz NOT NULL DEFAULT now(),
    -- What it was trained on and how well it does.
    figures jsonb NOT NULL,
    model bytea NOT NULL
);
ALTER TABLE catalogue_state ADD COLUMN crowd_version bigint REFERENCES crowd_model;
