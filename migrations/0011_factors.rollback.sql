DROP TABLE shopper_factors;
DELETE FROM stream_position WHERE flow = 'factors';
