"""Activity in PostgreSQL: the only place that writes tables `activity`, `dead_letter`, `stream_position`, `popularity`,
`exposure`.

Everything here runs inside the caller's transaction. Arrays are sent in binary and unnested: 500 rows take 3 ms,
the same rows as text 23 ms.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import TupleRow

from carousel.activity.events import FULL_DWELL_SECONDS, WEIGHTS, Event
from carousel.errors import CarouselError
from carousel.storage.postgres import AsyncConnection, Connection, copy_out

START = "0-0"
"""The position before the first entry of a stream."""


CACHE_FLOWS = ("factors",)
"""Flows that only keep a cache: one that is stopped for a day must not fill the log's memory."""


class FencedError(CarouselError):
    """Another process does this flow's work: it has moved its position, and this one must end and read it again."""


@dataclass(frozen=True, slots=True)
class Move:
    """One flow's progress on one stream: from the id it believes is stored to the last id it has applied."""

    stream: str
    previous_id: str
    last_id: str
    entries: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An entry that could not be applied: where it was, its bytes, and why."""

    stream: str
    entry_id: str
    payload: bytes
    reason: str
    kind: Literal["malformed", "refused"] = "malformed"


# --- the archive -----------------------------------------------------------------------------------------------------

_COLUMNS = (
    "event_id, shopper_id, visitor_id, type, listing_id, occurred_at, received_at, recommendation_id, placement, "
    "position, details"
)
_DETAILS = ("listing_ids", "value", "currency", "reason", "session_id", "context")

EVENTS_OF = f"SELECT {_COLUMNS} FROM activity WHERE shopper_id = %s ORDER BY occurred_at DESC LIMIT %s"  # noqa: S608
"""The latest events of one shopper; rows for `event_of`."""


def archive(connection: Connection, events: Sequence[Event], homes: Mapping[str, str] | None = None) -> list[Event]:
    """Keep events for good and return those that count, in their order: kept never before, and of nobody erased since.

    An event counts once for ever: `activity_key` outlives the months of the archive.

    :param homes: the account of each anonymous shopper that became one: their events are kept as the account's.
    """
    homes = homes or {}
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.event_id, event)
    kept = list(first.values())
    if not kept:
        return []
    counted = {
        row[0]
        for row in connection.execute(
            """
            INSERT INTO activity_key
            SELECT event_id FROM unnest(%b::text[]::uuid[], %b::text[], %b::timestamptz[])
                 AS e(event_id, who, received_at)
            WHERE NOT EXISTS (
                SELECT FROM erasure
                WHERE shopper_hash = sha256(convert_to(who, 'UTF8')) AND erased_at >= received_at
            )
            ON CONFLICT DO NOTHING
            RETURNING event_id::text
            """,
            ([e.event_id for e in kept], [e.shopper_id for e in kept], [e.received_at for e in kept]),
        ).fetchall()
    }
    if len(counted) < len(kept):
        kept = [event for event in kept if event.event_id in counted]
    if kept:
        with connection.cursor().copy(f"COPY activity ({_COLUMNS}) FROM STDIN") as copy:
            for e in kept:
                home = homes.get(e.shopper_id)
                copy.write_row(
                    (
                        e.event_id, home or e.shopper_id, e.shopper_id if home else None, e.type, e.listing_id,
                        e.occurred_at, e.received_at, e.recommendation_id, e.placement, e.position, _details(e),
                    )
                )  # fmt: skip
    return kept


def _details(event: Event) -> str:
    said = {name: value for name in _DETAILS if (value := getattr(event, name)) or value == 0}
    return orjson.dumps(said).decode() if said else "{}"


def archived_events(connection: Connection, shopper_id: str) -> Iterator[Event]:
    """Yield all events of a shopper, those of anonymous visits before login included, in the order of application."""
    with connection.transaction(), connection.cursor(name="archived_events") as cursor:
        cursor.itersize = 2_000
        cursor.execute(f"SELECT {_COLUMNS} FROM activity WHERE shopper_id = %s ORDER BY no", (shopper_id,))  # noqa: S608
        yield from map(event_of, cursor)


@dataclass(frozen=True, slots=True)
class History:
    """One person's events in the order they were applied, those of anonymous visits before the login included."""

    owner: str
    events: list[Event]

    @property
    def people(self) -> set[str]:
        """The person and the anonymous shoppers they have been."""
        return {self.owner, *(event.shopper_id for event in self.events)}


def histories(
    connection: Connection, *, share: tuple[int, int] = (1, 1), owners: Sequence[str] | None = None
) -> Iterator[History]:
    """Yield what can move tastes, person by person, in an open transaction; share i of n of all, or of `owners`."""
    with connection.cursor(name="histories") as cursor:
        cursor.itersize = 5_000
        connection.execute("SET LOCAL work_mem = '128MB'")  # the sort
        cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM activity
            WHERE type <> 'impression' AND (hashtext(shopper_id) & 2147483647) %% %s = %s
                  AND (%s::text[] IS NULL OR shopper_id = ANY(%s))
            ORDER BY shopper_id COLLATE "C", no
            """,  # noqa: S608 - constant columns
            (share[1], share[0] - 1, owners, owners),
        )
        for owner, rows in groupby(cursor, key=itemgetter(1)):
            yield History(owner, [event_of(row) for row in rows])


def events_of(connection: Connection, shopper_id: str, limit: int = 1_000) -> list[Event]:
    """Return the latest events of a shopper, those of anonymous visits before login included; newest first."""
    return [event_of(row) for row in connection.execute(EVENTS_OF, (shopper_id, limit)).fetchall()]


async def timeline(connection: AsyncConnection, shopper_id: str, limit: int) -> list[tuple[Event, str | None]]:
    """Return the latest events of a shopper that say something about their taste, newest first, each with the name of
    its listing."""
    cursor = await connection.execute(
        f"""
        SELECT {", ".join(f"a.{name}" for name in _COLUMNS.split(", "))}, listing.make || ' ' || listing.model
        FROM activity AS a LEFT JOIN listing USING (listing_id)
        WHERE a.shopper_id = %s AND a.type <> 'impression' ORDER BY a.no DESC LIMIT %s
        """,  # noqa: S608 - constant columns
        (shopper_id, limit),
    )
    return [(event_of(row[:-1]), row[-1]) for row in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Looks:
    """Who looked at what: one entry per shopper and listing, sorted by shopper.

    :ivar shoppers, listings: numbers of a shopper and of an id in `listing_ids` (m,).
    :ivar amounts: the weight of the evidence, in views (m,); `aged` is the same with old looks fading.
    :ivar hashes: of each shopper's id (shoppers,), ascending: the same whenever it is read, and even over 64 bits.
    """

    listing_ids: tuple[str, ...]
    shoppers: NDArray[np.intp]
    listings: NDArray[np.intp]
    amounts: NDArray[np.float32]
    aged: NDArray[np.float32]
    hashes: NDArray[np.int64]

    @property
    def shopper_count(self) -> int:
        """How many shoppers there are."""
        return len(self.hashes)


def looks_since(connection: Connection, *, days: int, half_life: timedelta) -> Looks:
    """Return what all shoppers looked at in the last `days`.

    :param half_life: after which a look counts half in `aged`.
    """
    import polars as pl  # a quarter of a second, and every process reads this file

    liked = [kind for kind, amount in WEIGHTS.items() if amount > 0 and kind not in ("unhide", "search", "sold")]
    # As little as possible is done here, in one process: the arithmetic is polars', in all. Of shoppers only who is the
    # same matters: of a million no two have one hash of 64 bits, but for one time in forty million.
    statement = sql.SQL(
        """
        COPY (
            SELECT hashtextextended(shopper_id, 0), listing_id, type, date_part('epoch', now() - occurred_at)::int,
                CASE type WHEN 'dwell' THEN details->>'value' END
            FROM activity
            WHERE type = ANY({kinds}) AND listing_id IS NOT NULL
                AND occurred_at > now() - make_interval(days => {days})
        ) TO STDOUT (FORMAT csv)
        """
    ).format(kinds=sql.Literal(liked), days=sql.Literal(days))
    schema = {
        "shopper": pl.Int64, "listing": pl.Categorical, "type": pl.Categorical, "age": pl.Float32,
        "seconds": pl.Float32,
    }  # fmt: skip
    # A file, because a text of 5 million lines in memory would stand there beside the table made from it.
    with tempfile.TemporaryFile() as file:
        copy_out(connection, statement, file)
        is_empty = file.tell() == 0  # which polars takes for a mistake
        file.seek(0)
        rows = pl.DataFrame(schema=schema) if is_empty else pl.read_csv(file, has_header=False, schema=schema)
    weight = (
        pl.col("type").cast(pl.String).replace_strict({kind: WEIGHTS[kind] for kind in liked}, return_dtype=pl.Float32)
    )
    looked = (
        pl.when(pl.col("type") == "dwell")
        .then((pl.col("seconds") / FULL_DWELL_SECONDS).clip(upper_bound=1).fill_null(1.0))
        .otherwise(1.0)
    )
    # The codes of the texts are in no order that another run would have.
    names = rows.select(pl.col("listing").unique()).select("listing", code=pl.col("listing").to_physical())
    names = names.with_columns(pl.col("listing").cast(pl.String)).sort("listing")
    number_of = np.zeros(int(names["code"].max() or 0) + 1, dtype=np.intp)  # type: ignore[arg-type]
    number_of[names["code"]] = np.arange(len(names))
    shoppers = pl.col("shopper").rank("dense").cast(pl.Int64) - 1
    listings = pl.lit(pl.Series(number_of[rows["listing"].to_physical()]))
    looks = (
        rows.select(
            (shoppers * len(names) + listings).alias("pair"),  # one number is grouped in half the time of two
            (weight * looked).alias("amount"),
            (weight * looked * 0.5 ** (pl.col("age") / half_life.total_seconds())).cast(pl.Float32).alias("aged"),
        )
        .group_by("pair")
        .sum()
        .sort("pair")
    )
    shopper, listing = np.divmod(looks["pair"].to_numpy(), max(len(names), 1))
    hashes = rows["shopper"].unique().sort().to_numpy()
    return Looks(
        tuple(names["listing"]), shopper, listing, looks["amount"].to_numpy(), looks["aged"].to_numpy(), hashes
    )  # fmt: skip


def event_of(row: TupleRow) -> Event:
    """Build an event from a row of `EVENTS_OF`: by who did it, be they an account by now."""
    (
        event_id, shopper_id, visitor_id, kind, listing_id, occurred_at, received_at, recommendation_id, placement,
        position, said,
    ) = row  # fmt: skip
    details: dict[str, Any] = {**said, "listing_ids": tuple(said.get("listing_ids", ()))}
    return Event(
        event_id=str(event_id), shopper_id=visitor_id or shopper_id, type=kind, listing_id=listing_id,
        occurred_at=occurred_at, received_at=received_at, placement=placement, position=position,
        recommendation_id=str(recommendation_id) if recommendation_id else None, **details,
    )  # fmt: skip


def give_to(connection: Connection, account_id: str, shopper_ids: Sequence[str]) -> None:
    """Make the archive and the shopper rows of anonymous visits the account's, so that one person has one history."""
    connection.execute(
        """
        UPDATE activity SET shopper_id = %s, visitor_id = coalesce(visitor_id, shopper_id) WHERE shopper_id = ANY(%s)
        """,
        (account_id, list(shopper_ids)),
    )
    connection.execute(
        """
        UPDATE shopper SET merged_into = %s
        WHERE shopper_id = ANY(%s) AND EXISTS (SELECT FROM shopper AS a WHERE a.shopper_id = %s)
        """,
        (account_id, list(shopper_ids), account_id),
    )


# --- popularity ------------------------------------------------------------------------------------------------------


def add_popularity(connection: Connection, weights: Mapping[str, float], as_of: datetime) -> None:
    """Add evidence weights, as of one time, to the listings' popularity, which halves every 7 days."""
    if not weights:
        return
    ids = sorted(weights)  # one order in every process: no deadlocks
    # 60 half-lives are 1e-18: beyond that a real would underflow, which PostgreSQL calls an error.
    connection.execute(
        """
        INSERT INTO popularity AS p (listing_id, score, as_of)
        SELECT listing_id, weight, %(as_of)s FROM unnest(%(ids)s::text[], %(weights)s::real[]) AS n(listing_id, weight)
        ON CONFLICT (listing_id) DO UPDATE SET
            score = p.score * power(0.5, least(60, greatest(0, extract(epoch FROM excluded.as_of - p.as_of) / 604800)))
                  + excluded.score
                    * power(0.5, least(60, greatest(0, extract(epoch FROM p.as_of - excluded.as_of) / 604800))),
            as_of = greatest(p.as_of, excluded.as_of)
        """,
        {"ids": ids, "weights": [weights[i] for i in ids], "as_of": as_of},
    )


def add_impressions(connection: Connection, counts: Mapping[str, int]) -> None:
    """Count how often listings were shown."""
    if not counts:
        return
    ids = sorted(counts)  # one order in every process: no deadlocks
    connection.execute(
        """
        INSERT INTO exposure AS e (listing_id, impressions)
        SELECT * FROM unnest(%s::text[], %s::bigint[])
        ON CONFLICT (listing_id) DO UPDATE SET impressions = e.impressions + excluded.impressions
        """,
        (ids, [counts[i] for i in ids]),
    )


# --- positions and dead letters --------------------------------------------------------------------------------------


def positions(connection: Connection, flow: str, streams: Sequence[str]) -> dict[str, str]:
    """Return the id of the last entry a flow has applied, per stream; `START` where it has not begun."""
    rows = connection.execute(
        "SELECT stream, last_id FROM stream_position WHERE flow = %s AND stream = ANY(%s)", (flow, list(streams))
    ).fetchall()
    return dict.fromkeys(streams, START) | dict(rows)


def progress(connection: Connection, flow: str, streams: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Return, per stream that a flow has begun, the id of the last entry it has applied and how many it has read."""
    rows = connection.execute(
        "SELECT stream, last_id, entries_read FROM stream_position WHERE flow = %s AND stream = ANY(%s)",
        (flow, list(streams)),
    ).fetchall()
    return {stream: (last_id, entries_read) for stream, last_id, entries_read in rows}


def slowest_positions(connection: Connection, streams: Sequence[str]) -> dict[str, str]:
    """Return, per stream, the position of the flow that is furthest behind, of those that must not miss an event."""
    rows = connection.execute(
        """
        SELECT DISTINCT ON (stream) stream, last_id FROM stream_position WHERE stream = ANY(%s) AND flow <> ALL(%s)
        ORDER BY stream, split_part(last_id, '-', 1)::bigint, split_part(last_id, '-', 2)::bigint
        """,
        (list(streams), list(CACHE_FLOWS)),
    ).fetchall()
    return dict(rows)


def advance(connection: Connection, flow: str, moves: Sequence[Move]) -> None:
    """Move a flow's positions, provided they still are where this process believes.

    :raises FencedError: another process moved one of them; the transaction must not be committed.
    """
    moves = sorted(moves, key=lambda move: move.stream)
    moved = _advance(connection, flow, moves)
    if moved < len(moves):
        new = [move.stream for move in moves if move.previous_id == START]
        made = connection.execute(
            "INSERT INTO stream_position (flow, stream, last_id) SELECT %s, unnest(%b::text[]), %s "
            "ON CONFLICT DO NOTHING RETURNING stream",
            (flow, new, START),
        ).fetchall()
        begun = {row[0] for row in made}
        moved += _advance(connection, flow, [move for move in moves if move.stream in begun])
    if moved != len(moves):
        believed = ", ".join(f"{move.stream} at {move.previous_id}" for move in moves)
        raise FencedError(f"another process moved flow {flow} on ({believed}); ending, to start from its position")


def _advance(connection: Connection, flow: str, moves: Sequence[Move]) -> int:
    return connection.execute(
        """
        UPDATE stream_position AS p
        SET last_id = m.last_id, entries_read = p.entries_read + m.entries, updated_at = now()
        FROM unnest(%b::text[], %b::text[], %b::text[], %b::bigint[]) AS m(stream, previous_id, last_id, entries)
        WHERE p.flow = %s AND p.stream = m.stream AND p.last_id = m.previous_id
        """,
        (
            [move.stream for move in moves],
            [move.previous_id for move in moves],
            [move.last_id for move in moves],
            [move.entries for move in moves],
            flow,
        ),
    ).rowcount


def recount(connection: Connection, flow: str, stream: str, last_id: str, entries_read: int) -> None:
    """Correct how many entries a flow has read, where it still stands there and is not about to move."""
    connection.execute(
        """
        UPDATE stream_position SET entries_read = %s
        WHERE (flow, stream) IN (
            SELECT flow, stream FROM stream_position
            WHERE flow = %s AND stream = %s AND last_id = %s FOR UPDATE SKIP LOCKED
        )
        """,
        (entries_read, flow, stream, last_id),
    )


def bury(connection: Connection, flow: str, letters: Sequence[DeadLetter]) -> None:
    """Keep entries that could not be applied, as bytes: what is refused is often not even text."""
    if not letters:
        return
    connection.execute(
        """
        INSERT INTO dead_letter (flow, stream, entry_id, payload, reason, kind)
        SELECT %s, * FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[])
        ON CONFLICT DO NOTHING
        """,
        (
            flow,
            [letter.stream for letter in letters],
            [letter.entry_id for letter in letters],
            [letter.payload for letter in letters],
            [
                letter.reason.encode("ascii", "backslashreplace").decode().replace("\x00", "\\0")[:2_000]
                for letter in letters
            ],
            [letter.kind for letter in letters],
        ),
    )
