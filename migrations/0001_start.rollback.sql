DROP TABLE dead_letter, stream_position, popularity, taste, activity, shopper, listing, catalogue_state;
