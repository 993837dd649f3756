-- How often each listing was seen in a list: new ones are owed their first impressions.

CREATE TABLE exposure (
    listing_id text PRIMARY KEY,
    impressions bigint NOT NULL
);
