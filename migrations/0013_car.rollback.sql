DROP INDEX listing_car;
