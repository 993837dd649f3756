"""What a shopper may ask of whoever holds their data: to see all of it, and to have it erased."""
