"""Which listings a run has seen, and with which content; on disk, so that memory does not grow with the feed."""

import sqlite3
from collections.abc import Sequence

import orjson

from carousel.catalogue.listing import ListingId


class Seen:
    """Ids and the digest of the row each came from; goes away with the object."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file of SQLite's own, removed when closed
        self._database.executescript(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
            CREATE TABLE seen (listing_id TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID;
            BEGIN;
            """
        )

    def digest(self, listing_id: ListingId) -> str | None:
        """Return the content a listing of this run came from; None when no row has become one of that id."""
        row = self._database.execute("SELECT digest FROM seen WHERE listing_id = ?", (listing_id,)).fetchone()
        return row[0] if row is not None else None

    def add(self, listing_id: ListingId, digest: str | None) -> None:
        """Remember that a feed mentions a listing; the digest is None where the row was rejected."""
        self._database.execute(
            "INSERT INTO seen VALUES (?, ?) ON CONFLICT DO UPDATE SET digest = coalesce(digest, excluded.digest)",
            (listing_id, digest),
        )

    def missing(self, listing_ids: Sequence[ListingId]) -> list[ListingId]:
        """Return those of some ids that no row has mentioned."""
        rows = self._database.execute(
            "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT listing_id FROM seen)",
            (orjson.dumps(list(listing_ids)).decode(),),
        )
        return [ListingId(listing_id) for (listing_id,) in rows]

    def close(self) -> None:
        self._database.close()
