"""Tastes in PostgreSQL: the only place that knows table `taste`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads

from carousel.catalogue.listing import ListingId
from carousel.errors import CarouselError
from carousel.storage.postgres import AsyncConnection, Connection, halfvec
from carousel.taste.taste import Recent, Taste

set_json_dumps(lambda value: orjson.dumps(value))
set_json_loads(orjson.loads)


class StaleTaste(CarouselError):  # noqa: N818 - a state of the data, not an error of the program
    """Somebody else wrote a taste since it was loaded: load again and redo."""

    def __init__(self, shopper_ids: Sequence[str]) -> None:
        super().__init__(f"{len(shopper_ids)} tastes changed since they were loaded")
        self.shopper_ids = shopper_ids


_COLUMNS = "shopper_id, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into"

_LOAD_WITH_REVISION = f"SELECT revision, {_COLUMNS} FROM catalogue_state LEFT JOIN taste ON shopper_id = %s"  # noqa: S608 - constant columns


def load(connection: Connection, shopper_ids: Iterable[str]) -> dict[str, Taste]:
    """Return the tastes that exist."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM taste WHERE shopper_id = ANY(%s)",  # noqa: S608 - constant columns
        (list(shopper_ids),),
    ).fetchall()
    return {row[0]: from_row(row) for row in rows}


async def load_one(connection: AsyncConnection, shopper_id: str) -> Taste | None:
    """Return one shopper's taste, following a merge, or None."""
    taste, _ = await load_with_revision(connection, shopper_id)
    return taste


async def load_with_revision(connection: AsyncConnection, shopper_id: str) -> tuple[Taste | None, int]:
    """Return one shopper's taste and the catalogue's revision: what a slate depends on, in one round trip."""
    cursor = await connection.execute(_LOAD_WITH_REVISION, (shopper_id,))
    row = await cursor.fetchone()
    assert row is not None
    revision = int(row[0])
    if row[1] is None:
        return None, revision
    taste = from_row(row[1:])
    if taste.merged_into and taste.merged_into != shopper_id:
        return await load_with_revision(connection, taste.merged_into)
    return taste, revision


def save(connection: Connection, tastes: Mapping[str, tuple[Taste, int | None]]) -> None:
    """Write tastes inside the caller's transaction, each with the version it was loaded at (None: it was new).

    :raises StaleTaste: a row is no longer at that version; nothing may be committed.
    """
    if not tastes:
        return
    ids = sorted(tastes)  # one order in every process: no deadlocks
    written = connection.execute(
        """
        INSERT INTO taste AS t (shopper_id, version, evidence, recent, hidden, as_of, event_count, centroid,
                                interests, merged_into)
        SELECT n.shopper_id, n.version, n.evidence::jsonb, n.recent::jsonb,
               ARRAY(SELECT jsonb_array_elements_text(n.hidden::jsonb)), n.as_of, n.event_count, n.centroid,
               ARRAY(SELECT jsonb_array_elements_text(n.interests::jsonb)), n.merged_into
        FROM unnest(%b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[],
                    %b::bigint[], %b::halfvec[], %b::text[], %b::text[])
             AS n(shopper_id, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into)
        -- What was loaded and is gone since was erased, and must not come back.
        WHERE %s::jsonb ->> n.shopper_id IS NULL OR EXISTS (SELECT FROM taste WHERE shopper_id = n.shopper_id)
        ON CONFLICT (shopper_id) DO UPDATE SET
            version = excluded.version, evidence = excluded.evidence, recent = excluded.recent,
            hidden = excluded.hidden, as_of = excluded.as_of, event_count = excluded.event_count,
            centroid = excluded.centroid, interests = excluded.interests, merged_into = excluded.merged_into,
            updated_at = now()
        WHERE t.version = (%s::jsonb ->> t.shopper_id)::bigint
        RETURNING shopper_id
        """,
        (
            ids,
            [tastes[i][0].version for i in ids],
            [_json(_evidence(tastes[i][0])) for i in ids],
            [_json([[r.listing_id, r.weight, r.at, r.dwell] for r in tastes[i][0].recent]) for i in ids],
            [_json(sorted(tastes[i][0].hidden)) for i in ids],
            [tastes[i][0].as_of for i in ids],
            [tastes[i][0].event_count for i in ids],
            [None if (c := tastes[i][0].centroid) is None else halfvec(c) for i in ids],
            [_json(list(tastes[i][0].interests)) for i in ids],
            [tastes[i][0].merged_into for i in ids],
            loaded := _json({i: tastes[i][1] for i in ids}),
            loaded,
        ),
    ).fetchall()
    if len(written) != len(ids):
        raise StaleTaste(sorted(set(ids) - {row[0] for row in written}))


def _evidence(taste: Taste) -> dict[str, dict[str, list[float]]]:
    return {
        block: {value: [float(f"{amount:.6g}") for amount in amounts] for value, amounts in values.items()}
        for block, values in taste.evidence.items()
    }


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def from_row(row: TupleRow) -> Taste:
    """Build a taste from a row of `_COLUMNS`."""
    (_, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into) = row
    return Taste(
        as_of=as_of,
        version=version,
        event_count=event_count,
        evidence=_read_evidence(evidence),
        recent=tuple(Recent(ListingId(i), w, datetime.fromisoformat(at), d) for i, w, at, d in recent),
        hidden=frozenset(hidden),
        centroid=None if centroid is None else np.asarray(centroid.to_numpy(), dtype=np.float32),
        interests=tuple(interests),
        merged_into=merged_into,
    )


def _read_evidence(
    stored: Mapping[str, Mapping[str, Sequence[Any]]],
) -> dict[str, dict[str, tuple[float, float, float]]]:
    return {block: {value: (a[0], a[1], a[2]) for value, a in values.items()} for block, values in stored.items()}
