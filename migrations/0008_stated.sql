-- What shoppers said about their taste, beside what was learned.

ALTER TABLE taste ADD COLUMN stated json NOT NULL DEFAULT '{}';
