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
from psycopg.types.json import Json

from carousel.catalogue.snapshot import Snapshot
from carousel.crowd.choice_model import Belief
from carousel.recommend.interests import Interest
from carousel.storage.postgres import AsyncConnection, Connection

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
                Belief(
                    np.array(one["mean"], dtype=np.float32),
                    np.array(one["covariance"], dtype=np.float32),
                    one["evidence"],
                ),
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
        if one.belief is None:
            raise ValueError("an interest has no belief: it was found without a choice model, and is not worth keeping")
        kept.append(
            {
                "listing_id": one.listing_id,
                "listing_ids": [snapshot.ids[row] for row in one.rows],
                "weights": one.weights.tolist(),
                "share": one.share,
                "mean": one.belief.mean.tolist(),
                "covariance": one.belief.covariance.tolist(),
                "evidence": one.belief.evidence,
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
        FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::json[], %s::timestamptz[])
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
            [Json(one.interests, dumps=orjson.dumps) for one in factors.values()],
            [one.made_at for one in factors.values()],
        ),
    ).rowcount


async def load(connection: AsyncConnection, shopper_id: str) -> Factors | None:
    """Return what is kept of a shopper, following a merge, or None."""
    cursor = await connection.execute(
        """
        SELECT taste_version, crowd_version, interests, made_at FROM shopper_factors
        WHERE shopper_id = coalesce((SELECT merged_into FROM taste WHERE shopper_id = %s), %s)
        """,
        (shopper_id, shopper_id),
    )
    row = await cursor.fetchone()
    return Factors(*row) if row else None
