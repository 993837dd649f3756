"""Served slates in PostgreSQL: the only place that knows table `slate`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from carousel.catalogue.search import Filters
from carousel.storage.postgres import AsyncConnection, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateRecord:
    """One served slate."""

    recommendation_id: str
    same_as: str | None = None
    """The slate it repeats from the cache."""
    shopper_id: str
    served_at: datetime
    placement: str
    row_kind: str | None = None
    variant: str | None = None
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of each experiment at the placement those its variants had, in the order of the file."""
    taste_version: int
    crowd_version: int
    filters: Mapping[str, Any] = field(default_factory=dict)
    """What the request asked for, as `said_of` says it."""
    listings: Sequence[Mapping[str, Any]] | None = None
    """By place: listing_id, score, source, propensity, terms."""


_FILTERS = TypeAdapter(Filters)
PAGE = "listing_id"
"""What `filters` of a slate calls the listing on whose page it stood, where it stood on one."""


def said_of(filters: Filters) -> dict[str, Any]:
    """Return the fields of filters that ask for something, as JSON has them."""
    said: dict[str, Any] = _FILTERS.dump_python(filters, mode="json", exclude_defaults=True)
    return said


def filters_of(slate: SlateRecord) -> Filters:
    """Return the filters a slate was asked for with."""
    return _FILTERS.validate_python(slate.filters)


async def write(connection: AsyncConnection, records: Sequence[SlateRecord]) -> None:
    """Keep slates, but none of a shopper who was erased since it was served."""
    # In binary: every quotation mark of JSON in a list would have to be masked, which takes a hundred times as long.
    await connection.execute(
        """
        INSERT INTO slate (recommendation_id, same_as, shopper_id, served_at, placement, row_kind, variant,
                           taste_version, crowd_version, filters, shares, listings)
        SELECT s.* FROM unnest(%b::text[]::uuid[], %b::text[]::uuid[], %b::text[], %b::timestamptz[], %b::text[],
                               %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::text[]::json[],
                               %b::text[]::json[], %b::text[]::json[])
            AS s(recommendation_id, same_as, shopper_id, served_at, placement, row_kind, variant, taste_version,
                 crowd_version, filters, shares, listings)
        WHERE NOT EXISTS (
            SELECT FROM erasure
            WHERE shopper_hash = sha256(convert_to(s.shopper_id, 'UTF8')) AND erased_at >= s.served_at
        )
        ON CONFLICT DO NOTHING
        """,
        (
            [r.recommendation_id for r in records],
            [r.same_as for r in records],
            [r.shopper_id for r in records],
            [r.served_at for r in records],
            [r.placement for r in records],
            [r.row_kind for r in records],
            [r.variant for r in records],
            [r.taste_version for r in records],
            [r.crowd_version for r in records],
            [orjson.dumps(r.filters).decode() if r.filters else None for r in records],
            [orjson.dumps(r.shares).decode() if r.shares else None for r in records],
            [None if r.listings is None else orjson.dumps(r.listings).decode() for r in records],
        ),
    )


_COLUMNS = (
    "s.recommendation_id, s.shopper_id, s.served_at, s.placement, s.row_kind, s.variant, s.taste_version, "
    "s.crowd_version, coalesce(s.listings, first.listings), s.same_as, s.filters, s.shares"
)
_FROM = "slate AS s LEFT JOIN slate AS first ON first.recommendation_id = s.same_as"


async def read(connection: AsyncConnection, recommendation_id: UUID) -> SlateRecord | None:
    """Return a slate as it was served, or None."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE s.recommendation_id = %s",  # noqa: S608 - constant columns
        (recommendation_id,),
    )
    row = await cursor.fetchone()
    return _record(row) if row else None


def of_shoppers(connection: Connection, shopper_ids: Sequence[str]) -> Iterator[SlateRecord]:
    """Yield every slate served to some shoppers, the oldest first, in an open transaction."""
    with connection.cursor(name="slates_of_shoppers") as cursor:
        cursor.itersize = 500
        cursor.execute(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE s.shopper_id = ANY(%s) ORDER BY s.served_at",  # noqa: S608
            (list(shopper_ids),),
        )
        yield from map(_record, cursor)


def _record(row: Sequence[Any]) -> SlateRecord:
    return SlateRecord(
        recommendation_id=str(row[0]),
        shopper_id=row[1],
        served_at=row[2],
        placement=row[3],
        row_kind=row[4],
        variant=row[5],
        taste_version=row[6],
        crowd_version=row[7],
        listings=row[8],
        same_as=str(row[9]) if row[9] else None,
        filters=row[10] or {},
        shares=row[11] or {},
    )


def prune(connection: Connection, days: int) -> int:
    """Remove slates older than `days`, a bounded number at a time, and return how many those were."""
    return connection.execute(
        """
        DELETE FROM slate WHERE recommendation_id IN (
            SELECT recommendation_id FROM slate WHERE served_at < now() - make_interval(days => %s) LIMIT 50000
        )
        """,
        (days,),
    ).rowcount


Place = tuple[str, int, Mapping[str, float], float]
"""One place of a slate: recommendation_id, position from 1, the terms of its score, how many clicks it counts as."""


def clicked_places(connection: Connection, *, days: int, slates: int) -> Iterator[Place]:
    """Yield every place of up to `slates` slates of the last `days` that were clicked, the newest; a contact counts 2.

    Rows of a page beside the first are left out: they are ordered by other things than the score.
    """
    with connection.transaction(), connection.cursor(name="clicked_places") as cursor:
        cursor.itersize = 10_000
        cursor.execute(
            """
            WITH did AS (
                SELECT recommendation_id, listing_id,
                       CASE WHEN bool_or(type IN ('contact', 'test_drive')) THEN 2.0 ELSE 1.0 END::float8 AS clicks
                FROM activity
                WHERE recommendation_id IS NOT NULL AND received_at > now() - make_interval(days => %(days)s)
                      AND type IN ('click', 'view', 'contact', 'test_drive')
                GROUP BY 1, 2
            ), chosen AS (
                SELECT s.recommendation_id, coalesce(s.listings, first.listings) AS listings
                FROM slate AS s LEFT JOIN slate AS first ON first.recommendation_id = s.same_as
                WHERE s.served_at > now() - make_interval(days => %(days)s)
                      AND coalesce(s.row_kind, 'picked_for_you') = 'picked_for_you'
                      AND EXISTS (SELECT FROM did WHERE did.recommendation_id = s.recommendation_id)
                ORDER BY s.served_at DESC LIMIT %(slates)s
            )
            SELECT chosen.recommendation_id::text, place.at::int, coalesce(place.listing->'terms', '{}'),
                   coalesce(did.clicks, 0)
            FROM chosen CROSS JOIN LATERAL json_array_elements(listings) WITH ORDINALITY AS place(listing, at)
            LEFT JOIN did ON did.recommendation_id = chosen.recommendation_id
                             AND did.listing_id = place.listing->>'listing_id'
            """,
            {"days": days, "slates": slates},
        )
        yield from cursor


@dataclass(frozen=True, slots=True)
class ShopperCounts:
    """What one shopper saw and did at one place of the site."""

    placement: str
    row_kind: str | None
    variant: str | None
    shopper_id: str
    slates: int
    impressions: int
    clicks: int
    contacts: int
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Those the variants of each experiment had when the slates were served."""


def counts(connection: Connection, *, days: int, placement: str | None = None) -> list[ShopperCounts]:
    """Return what shoppers saw of the slates of the last `days`, and what they did with it.

    A listing counts once per slate, however often it was seen, clicked or asked about.
    """
    rows = connection.execute(
        """
        WITH served AS (
            SELECT recommendation_id, placement, row_kind, variant, shopper_id,
                   coalesce(shares::text, '{}') AS shares
            FROM slate
            WHERE served_at > now() - make_interval(days => %(days)s)
                  AND (%(placement)s::text IS NULL OR placement = %(placement)s)
        ), did AS (
            SELECT a.recommendation_id, shown.listing_id,
                   bool_or(a.type = 'impression') AS seen,
                   bool_or(a.type IN ('click', 'view')) AS clicked,
                   bool_or(a.type IN ('contact', 'test_drive')) AS contacted
            FROM activity AS a JOIN served USING (recommendation_id)
            CROSS JOIN LATERAL (
                SELECT a.listing_id WHERE a.listing_id IS NOT NULL
                UNION SELECT json_array_elements_text(a.details::json->'listing_ids')
            ) AS shown(listing_id)
            WHERE a.received_at > now() - make_interval(days => %(days)s)
            GROUP BY 1, 2
        ), per_slate AS (
            SELECT recommendation_id, count(*) AS impressions, count(*) FILTER (WHERE clicked) AS clicks,
                   count(*) FILTER (WHERE contacted) AS contacts
            FROM did GROUP BY 1  -- who clicked has seen it, also where the impression was lost
        )
        SELECT placement, row_kind, variant, shopper_id, count(*), coalesce(sum(impressions), 0),
               coalesce(sum(clicks), 0), coalesce(sum(contacts), 0), shares
        FROM served LEFT JOIN per_slate USING (recommendation_id)
        GROUP BY placement, row_kind, variant, shopper_id, shares
        """,
        {"days": days, "placement": placement},
    ).fetchall()
    return [ShopperCounts(*row[:4], *map(int, row[4:8]), *map(orjson.loads, row[8:])) for row in rows]


def seller_impressions(connection: Connection, *, days: int) -> dict[str, int]:
    """Return how often the listings of each seller were seen in the last `days`."""
    rows = connection.execute(
        """
        SELECT listing.seller, count(*) FROM activity AS a
        CROSS JOIN LATERAL json_array_elements_text(a.details::json->'listing_ids') AS shown(id)
        JOIN listing ON listing.listing_id = shown.id
        WHERE a.type = 'impression' AND a.received_at > now() - make_interval(days => %s)
              AND listing.seller IS NOT NULL
        GROUP BY 1
        """,
        (days,),
    ).fetchall()
    return {seller: int(count) for seller, count in rows}
