-- How the words of a listing were split for the search; where it is not as the code splits them, the next start
-- indexes them anew (`carousel migrate`).

ALTER TABLE listing ADD COLUMN words_version smallint NOT NULL DEFAULT 0;

CREATE INDEX listing_words_version ON listing (words_version);

-- A process of before this column goes on writing words until it is stopped. It says no version, and an update would
-- keep the one that stands there; who knows the column says the version with a minus in an update.
CREATE FUNCTION listing_words_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words_version := greatest(-NEW.words_version, 0);
    RETURN NEW;
END $$;

CREATE TRIGGER listing_words_said BEFORE UPDATE OF search ON listing
    FOR EACH ROW EXECUTE FUNCTION listing_words_said();
