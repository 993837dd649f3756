"""Tastes in PostgreSQL: the only place that knows table `taste`."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple, Self

import numpy as np
import orjson
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads

from carousel.catalogue.listing import ListingId
from carousel.errors import CarouselError
from carousel.storage.postgres import AsyncConnection, Connection, halfvec
from carousel.taste.evidence import Evidence
from carousel.taste.stated import NOTHING, stated_of
from carousel.taste.taste import Hide, Recent, Taste

set_json_dumps(lambda value: orjson.dumps(value))
set_json_loads(orjson.loads)


class StaleTaste(CarouselError):  # noqa: N818 - a state of the data, not an error of the program
    """Somebody else wrote a taste since it was loaded: load again and redo."""

    def __init__(self, shopper_ids: Sequence[str]) -> None:
        super().__init__(f"{len(shopper_ids)} tastes changed since they were loaded")
        self.shopper_ids = shopper_ids


class Mark(NamedTuple):
    """Which state of a row a taste was read from. After an erasure a new row begins with version 1 again, but not at
    the same moment."""

    version: int
    as_of: datetime

    @classmethod
    def of(cls, taste: Taste) -> Self:
        """Return the mark of the row that holds a taste."""
        return cls(taste.version, taste.as_of)


_COUNT = struct.Struct("<I")
_NUMBERS = struct.Struct("<3d")
_BETWEEN = "\x00"  # in no id

_COLUMNS = "shopper_id, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into, stated"

_LOAD = f"SELECT {_COLUMNS} FROM taste WHERE shopper_id = ANY(%s)"  # noqa: S608 - constant columns
_LOAD_WITH_REVISION = f"SELECT revision, {_COLUMNS} FROM catalogue_state LEFT JOIN taste ON shopper_id = %s"  # noqa: S608 - constant columns
COLUMNS = ", ".join(f"taste.{name}" for name in _COLUMNS.split(", "))
"""What `from_row` reads, for those who read something beside it."""


def load(connection: Connection, shopper_ids: Iterable[str]) -> dict[str, Taste]:
    """Return the tastes that exist."""
    rows = connection.execute(_LOAD, (list(shopper_ids),)).fetchall()
    return {row[0]: from_row(row) for row in rows}


def load_intact(connection: Connection, shopper_ids: Iterable[str]) -> dict[str, Taste]:
    """Return the tastes that exist and can be read."""
    rows = connection.execute(_LOAD, (list(shopper_ids),)).fetchall()
    tastes: dict[str, Taste] = {}
    for row in rows:
        with suppress(struct.error, ValueError):
            tastes[row[0]] = from_row(row)
    return tastes


def marks(connection: Connection, shopper_ids: Iterable[str]) -> dict[str, Mark]:
    """Return the marks of the tastes that exist."""
    rows = connection.execute(
        "SELECT shopper_id, version, as_of FROM taste WHERE shopper_id = ANY(%s)", (list(shopper_ids),)
    ).fetchall()
    return {shopper_id: Mark(version, as_of) for shopper_id, version, as_of in rows}


async def merged_into(connection: AsyncConnection, shopper_id: str) -> str | None:
    """Return the account an anonymous shopper has become."""
    cursor = await connection.execute("SELECT merged_into FROM taste WHERE shopper_id = %s", (shopper_id,))
    row = await cursor.fetchone()
    return row[0] if row else None


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


_FIELDS = "version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into, stated"
_SENT = """
    SELECT shopper_id, version, evidence, recent, ARRAY(SELECT json_array_elements_text(hidden)) AS hidden, as_of,
           event_count, centroid, ARRAY(SELECT json_array_elements_text(interests)) AS interests, merged_into,
           stated::json AS stated, loaded_version, loaded_as_of
    FROM unnest(%b::text[], %b::bigint[], %b::bytea[], %b::bytea[], %b::text[]::json[], %b::timestamptz[], %b::bigint[],
                %b::halfvec[], %b::text[]::json[], %b::text[], %b::text[], %b::bigint[], %b::timestamptz[])
         AS sent(shopper_id, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into,
                 stated, loaded_version, loaded_as_of)
"""
# What was loaded and is gone since was erased, and must not come back: it is updated, or nothing is.
_UPDATE = f"""
    UPDATE taste AS t
    SET ({_FIELDS}, updated_at) = ROW({", ".join(f"sent.{name}" for name in _FIELDS.split(", "))}, now())
    FROM ({_SENT}) AS sent
    WHERE t.shopper_id = sent.shopper_id AND t.version = sent.loaded_version AND t.as_of = sent.loaded_as_of
    RETURNING t.shopper_id
"""  # noqa: S608 - constant columns
_INSERT = f"""
    INSERT INTO taste (shopper_id, {_FIELDS}) SELECT shopper_id, {_FIELDS} FROM ({_SENT}) AS sent
    ON CONFLICT DO NOTHING
    RETURNING shopper_id
"""  # noqa: S608 - constant columns


def save(connection: Connection, tastes: Mapping[str, tuple[Taste, Mark | None]]) -> None:
    """Write tastes inside the caller's transaction, each with the mark of its row as loaded (None: it was new).

    :raises StaleTaste: a row is no longer that one; nothing may be committed.
    """
    ids = sorted(tastes)  # one order in every process: no deadlocks
    known, new = [i for i in ids if tastes[i][1] is not None], [i for i in ids if tastes[i][1] is None]
    written: set[str] = set()
    for statement, some in ((_UPDATE, known), (_INSERT, new)):
        if some:
            rows = connection.execute(statement, _columns([(i, *tastes[i]) for i in some]))
            written |= {row[0] for row in rows.fetchall()}
    if len(written) != len(ids):
        raise StaleTaste(sorted(set(ids) - written))


def _columns(rows: Sequence[tuple[str, Taste, Mark | None]]) -> tuple[list[Any], ...]:
    return (
        [shopper_id for shopper_id, _, _ in rows],
        [taste.version for _, taste, _ in rows],
        [taste.evidence.to_bytes() for _, taste, _ in rows],
        [_pack_recent(taste.recent) for _, taste, _ in rows],
        [_json(sorted(taste.hidden)) for _, taste, _ in rows],
        [taste.as_of for _, taste, _ in rows],
        [taste.event_count for _, taste, _ in rows],
        [None if taste.centroid is None else halfvec(taste.centroid) for _, taste, _ in rows],
        [_json(taste.interests) for _, taste, _ in rows],
        [taste.merged_into for _, taste, _ in rows],
        [_said(taste) for _, taste, _ in rows],
        [loaded and loaded.version for _, _, loaded in rows],
        [loaded and loaded.as_of for _, _, loaded in rows],
    )


def _pack_recent(recent: Sequence[Recent]) -> bytes:
    """Return the history's form in the database: how many listings, three numbers for each, their ids."""
    numbers = (number for r in recent for number in (r.weight, r.at, r.dwell))
    ids = _BETWEEN.join(r.listing_id for r in recent)
    return struct.pack(f"<I{3 * len(recent)}d", len(recent), *numbers) + ids.encode()


def _unpack_recent(stored: bytes) -> tuple[Recent, ...]:
    (count,) = _COUNT.unpack_from(stored)
    end = _COUNT.size + count * _NUMBERS.size
    ids = stored[end:].decode().split(_BETWEEN)
    numbers = _NUMBERS.iter_unpack(stored[_COUNT.size : end])
    return tuple(Recent(ListingId(i), *three) for i, three in zip(ids, numbers, strict=False))


def _said(taste: Taste) -> str:
    """Return column `stated`: what the shopper said, with why and when each listing was hidden beside it."""
    hides = {i: (hide.reason, hide.at) for i, hide in sorted(taste.hidden.items()) if hide.at is not None}
    return orjson.dumps(taste.stated.as_json() | ({"hides": hides} if hides else {})).decode()


def _hides(hidden: Sequence[str], said: Mapping[str, Any]) -> dict[ListingId, Hide]:
    hides = said.get("hides", {})
    return {ListingId(i): Hide(*hides.get(i, ())) for i in hidden}


def _json(texts: Sequence[str]) -> str:
    return orjson.dumps(texts).decode()


def from_row(row: TupleRow) -> Taste:
    """Build a taste from a row of `_COLUMNS`."""
    (_, version, evidence, recent, hidden, as_of, event_count, centroid, interests, merged_into, stated) = row
    return Taste(
        as_of=as_of,
        version=version,
        event_count=event_count,
        evidence=Evidence.from_bytes(evidence),
        recent=_unpack_recent(recent),
        hidden=_hides(hidden, stated),
        centroid=None if centroid is None else np.asarray(centroid.to_numpy(), dtype=np.float32),
        interests=tuple(interests),
        merged_into=merged_into,
        stated=stated_of(stated) if stated else NOTHING,
    )


def homes(connection: Connection, shopper_ids: Iterable[str]) -> set[str]:
    """Return the accounts that some shoppers have been merged into."""
    rows = connection.execute(
        "SELECT merged_into FROM taste WHERE shopper_id = ANY(%s) AND merged_into IS NOT NULL", (list(shopper_ids),)
    ).fetchall()
    return {row[0] for row in rows}


def remove_unexplained(connection: Connection, *, share: tuple[int, int], dry_run: bool) -> int:
    """Remove tastes of shoppers without any archived event, and return how many those are; share i of n of them."""
    with connection.transaction(force_rollback=dry_run):
        return connection.execute(
            """
            DELETE FROM taste AS t
            WHERE NOT EXISTS (SELECT FROM activity WHERE shopper_id = coalesce(t.merged_into, t.shopper_id))
                  AND (hashtext(shopper_id) & 2147483647) %% %s = %s
            """,
            (share[1], share[0] - 1),
        ).rowcount


def stored_formula(connection: Connection) -> int:
    """Return the formula that computed the stored tastes."""
    row = connection.execute("SELECT taste_formula FROM catalogue_state").fetchone()
    assert row is not None
    return int(row[0])


def begin_formula(connection: Connection, formula: int) -> None:
    """Keep older dataflows from writing tastes from now on."""
    connection.execute("UPDATE catalogue_state SET formula_begun = %s", (formula,))


def store_formula(connection: Connection, formula: int) -> None:
    connection.execute("UPDATE catalogue_state SET taste_formula = %s", (formula,))


def newest_formula(connection: Connection) -> int:
    """Return the newest formula that tastes have begun to be computed by."""
    row = connection.execute("SELECT greatest(taste_formula, formula_begun) FROM catalogue_state").fetchone()
    assert row is not None
    return int(row[0])
