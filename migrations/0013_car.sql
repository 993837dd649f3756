-- The listings of one car are looked for when its VIN, model or id turns out to be another's.

CREATE INDEX listing_car ON listing (car) WHERE car IS NOT NULL;
