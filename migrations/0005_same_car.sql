-- One car offered more than once: what a relisting is known by, and the first listing of the same car.

ALTER TABLE listing
    ADD COLUMN vin text,
    ADD COLUMN source_listing_id text,
    -- Digest of make, model, year, mileage, price and place; null where one of them is missing.
    ADD COLUMN likeness bytea,
    -- The first listing we knew of this car; null: this one, or nobody knows another.
    ADD COLUMN car text;

UPDATE listing SET vin = document->>'vin', source_listing_id = document->>'source_listing_id'
WHERE document->>'vin' IS NOT NULL OR document->>'source_listing_id' IS NOT NULL;

CREATE INDEX listing_vin ON listing (vin) WHERE vin IS NOT NULL;
CREATE INDEX listing_source_listing_id ON listing (source, source_listing_id)
    WHERE source_listing_id IS NOT NULL AND source_listing_id <> listing_id;
CREATE INDEX listing_likeness ON listing (likeness) WHERE likeness IS NOT NULL;
