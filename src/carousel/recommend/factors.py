"""Interests found ahead of the request: the only place that knows table `shopper_factors`.

They are a cache of `interests.find`. Whoever reads them must be able to do without: they are late, or made by another
version of the choice model, whenever it happens so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson

from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.interests import Interest
from carousel.storage.postgres import AsyncConnection, Connection
from carousel.taste.repository import COLUMNS, from_row
from carousel.taste.taste import Taste

FRESH = timedelta(minutes=5)
"""In this time the weights of a history fade by at most 1% against each other (half of each by the session's hours)."""


@dataclass(frozen=True, slots=True)
class Factors:
    """The interests of one shopper, and what they were made from."""

    taste_version: int
    crowd_version: int
    interests: Sequence[Mapping[str, Any]]
    made_at: datetime

    def recall(
        self, snapshot: Snapshot, *, taste_version: int, crowd_version: int, now: datetime
    ) -> tuple[Interest, ...] | None:
        """Return the interests over a snapshot, or None where they have to be found again."""
        if (self.taste_version, self.crowd_version) != (taste_version, crowd_version):
            return None
        if abs(now - self.made_at) > FRESH:
            return None
        if any(i not in snapshot.row_of for one in self.interests for i in one["listing_ids"]):
            return None  # another process reads the catalogue a little earlier
        return tuple(
            Interest(
                one["listing_id"],
                np.array([snapshot.row_of[i] for i in one["listing_ids"]], dtype=np.intp),
                np.array(one["weights"], dtype=np.float32),
                one["share"],
                np.array(one["mean"], dtype=np.float32),
                np.array(one["latent"], dtype=np.float32) if one.get("latent") else None,
            )
            for one in self.interests
        )


def factors_of(
    found: Sequence[Interest], snapshot: Snapshot, *, taste_version: int, crowd_version: int, now: datetime
) -> Factors:
    """Return interests that were found by a choice model in the form they are kept in.

    :raises ValueError: an interest was found without a model.
    """
    kept = []
    for one in found:
        if one.wanted is None:
            raise ValueError("an interest was found without a choice model, and is not worth keeping")
        kept.append(
            {
                "listing_id": one.listing_id,
                "listing_ids": [snapshot.ids[row] for row in one.rows],
                "weights": one.weights.tolist(),
                "share": one.share,
                "mean": one.wanted.tolist(),
                "latent": None if one.latent is None else one.latent.tolist(),
            }
        )
    return Factors(taste_version, crowd_version, kept, now)


def save(connection: Connection, factors: Mapping[str, Factors]) -> int:
    """Keep factors, and return of how many shoppers: of none whose taste has moved on or is gone."""
    # The lock keeps a taste from being erased in between: what is erased must not come back.
    return connection.execute(
        """
        INSERT INTO shopper_factors (shopper_id, taste_version, crowd_version, interests, made_at)
        SELECT shopper_id, version, sent.crowd_version, sent.interests, sent.made_at
        FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::text[]::json[], %b::timestamptz[])
             AS sent(shopper_id, version, crowd_version, interests, made_at)
             JOIN taste USING (shopper_id, version)
        ORDER BY shopper_id
        FOR KEY SHARE OF taste
        ON CONFLICT (shopper_id) DO UPDATE SET (taste_version, crowd_version, interests, made_at)
            = (excluded.taste_version, excluded.crowd_version, excluded.interests, excluded.made_at)
        """,
        (
            list(factors),
            [one.taste_version for one in factors.values()],
            [one.crowd_version for one in factors.values()],
            [orjson.dumps(one.interests).decode() for one in factors.values()],
            [one.made_at for one in factors.values()],
        ),
    ).rowcount


_FACTORS = "f.taste_version, f.crowd_version, f.interests, f.made_at"
# Of another taste they are not worth sending.
_LOAD_ALL = f"""
    SELECT revision, {_FACTORS}, {COLUMNS} FROM catalogue_state LEFT JOIN taste ON shopper_id = %s
        LEFT JOIN shopper_factors AS f ON f.shopper_id = taste.shopper_id AND f.taste_version = taste.version
            AND f.made_at > now() - interval '{FRESH.total_seconds():.0f} seconds'
"""  # noqa: S608 - constant columns


async def load_all(connection: AsyncConnection, shopper_id: str) -> tuple[Taste | None, Factors | None, int]:
    """Return a shopper's taste, following a merge, what is kept of it, and the catalogue's revision: what a slate is
    made from, in one round trip."""
    row = await (await connection.execute(_LOAD_ALL, (shopper_id,))).fetchone()
    assert row is not None
    revision, factors = int(row[0]), row[1:5]
    if row[5] is None:
        return None, None, revision
    taste = from_row(row[5:])
    if taste.merged_into and taste.merged_into != shopper_id:
        return await load_all(connection, taste.merged_into)
    return taste, None if factors[0] is None else Factors(*factors), revision
