"""Erase a person: from tables, log, caches and dead letters, and from what is still on its way.

It can be run again at any time: a crash halfway is cured by that. docs/shoppers-data.md says what remains where, and
until when.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from carousel.activity import dead_letters
from carousel.activity.log import (
    ERASED_KNOWN,
    ERASED_MESSAGE,
    erased_key,
    erasing_key,
    hidden_key,
    shopper_channel,
    shopper_hash,
    stated_key,
)
from carousel.activity.repository import START, positions
from carousel.rights.person import Person, entries, find
from carousel.storage.postgres import AsyncConnection, Connection
from carousel.storage.valkey import AsyncValkey, Valkey
from carousel.telemetry import log

_CLOCKS_MS = 3_600_000
"""An entry's id is of Valkey's clock and `received_at` of the API's; they never differ by so much."""
_MARKS = 1_000  # written in one round trip
_logger = log(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was removed, without saying whose it was."""

    receipt_id: UUID
    erased_at: datetime
    ids: int
    """Under how many ids the person was known."""
    removed: dict[str, int] = field(default_factory=dict)


def erase(connection: Connection, valkey: Valkey, shopper_id: str, *, partitions: int, token_seconds: int) -> Receipt:
    """Remove everything held about a person, under every id they were known by, and drop what they had already sent.

    :param token_seconds: how long a token made before may live: for so long it is refused.
    """
    _refuse(valkey, find(connection, valkey, shopper_id, partitions=partitions).ids, token_seconds)
    with connection.transaction():
        # The dataflow begins each transaction by moving its positions: none is in flight on these streams after this,
        # and none begins before this one ends. An event it commits later is dropped by the row in `erasure`.
        person = _hold_still(connection, valkey, shopper_id, partitions)
        receipt = Receipt(uuid4(), datetime.now(UTC), len(person.ids))
        _remember(connection, person.ids, receipt)
        streams = person.streams(partitions)
        since = [*_known_since(connection, person), *_left_by_an_earlier_attempt(valkey, person)]
        receipt.removed.update(_delete(connection, sorted(person.ids)))
        letters = dead_letters.drop_if(connection, person.is_meant)
        receipt.removed["dead_letter"] = len(letters)
        since += (_ms(letter.entry_id) for letter in letters)
        # Theirs lie behind what was first known of them, or behind the position: on their way.
        starts = {i: min([_ms(at), *since]) for i, at in positions(connection, "taste", streams).items()}
        _note(valkey, person, min(starts.values()), token_seconds)
    _refuse(valkey, person.ids, token_seconds)
    receipt.removed["log"] = sum(_clear_stream(valkey, i, person, start) for i, start in starts.items())
    receipt.removed["cache"] = int(valkey.delete(*map(hidden_key, person.ids), *map(stated_key, person.ids)))
    valkey.delete(*(erasing_key(shopper_hash(i)) for i in person.ids))
    for i in person.ids:
        valkey.publish(shopper_channel(i), ERASED_MESSAGE)
    _logger.info("erased", receipt_id=str(receipt.receipt_id), **receipt.removed)
    return receipt


def reapply(connection: Connection) -> int:
    """Erase again whom a restored backup brought back, by their hashes; return how many rows that were."""
    with connection.transaction():
        rows = connection.execute(
            """
            WITH events AS (
                DELETE FROM activity USING erasure
                WHERE shopper_hash IN (sha256(convert_to(shopper_id, 'UTF8')), sha256(convert_to(visitor_id, 'UTF8')))
                      AND received_at <= erased_at
                RETURNING 1
            ), tastes AS (
                DELETE FROM taste USING erasure
                WHERE shopper_hash = sha256(convert_to(shopper_id, 'UTF8')) AND as_of <= erased_at RETURNING 1
            ), slates AS (
                DELETE FROM slate USING erasure
                WHERE shopper_hash = sha256(convert_to(shopper_id, 'UTF8')) AND served_at <= erased_at RETURNING 1
            ), shoppers AS (
                DELETE FROM shopper USING erasure
                WHERE shopper_hash = sha256(convert_to(shopper_id, 'UTF8')) AND created_at <= erased_at RETURNING 1
            )
            SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM tastes) + (SELECT count(*) FROM shoppers)
                   + (SELECT count(*) FROM slates)
            """
        ).fetchone()
        assert rows is not None
        hashes = {row[0] for row in connection.execute("SELECT shopper_hash FROM erasure").fetchall()}
        return int(rows[0]) + len(
            dead_letters.drop_if(
                connection, lambda payload: any(shopper_hash(i) in hashes for i in dead_letters.shoppers_of(payload))
            )
        )


def refuse(valkey: Valkey, digest: bytes, erased_at: datetime, token_seconds: int) -> None:
    """Let the log take nothing that somebody did before they were erased, nor under a token of before."""
    valkey.set(erased_key(digest), _mark(erased_at), ex=token_seconds)


async def refuse_again(connection: AsyncConnection, valkey: AsyncValkey, token_seconds: int) -> None:
    """Write the marks of `refuse` into a Valkey that has lost them, for as long as a token of before may live."""
    rows = await connection.execute(
        """
        SELECT shopper_hash, erased_at, ceil(extract(epoch FROM erased_at - now()) + %(seconds)s)::int
        FROM erasure WHERE erased_at > now() - make_interval(secs => %(seconds)s)
        """,
        {"seconds": token_seconds},
    )
    count = 0
    while marks := await rows.fetchmany(_MARKS):
        pipeline = valkey.pipeline(transaction=False)
        for digest, erased_at, seconds in marks:
            # Whoever is erased once more meanwhile has a later mark.
            pipeline.set(erased_key(digest), _mark(erased_at), ex=seconds, nx=True)
        await pipeline.execute()
        count += len(marks)
    await valkey.set(ERASED_KNOWN, 1)
    _logger.info("marks of who was erased written", marks=count)


def _mark(erased_at: datetime) -> int:
    return int(erased_at.timestamp() * 1_000)


def _refuse(valkey: Valkey, ids: Iterable[str], token_seconds: int) -> None:
    now = datetime.now(UTC)
    for i in ids:
        refuse(valkey, shopper_hash(i), now, token_seconds)


def _hold_still(connection: Connection, valkey: Valkey, shopper_id: str, partitions: int) -> Person:
    """Lock the positions of the person's streams; whoever logs in meanwhile may have become part of the person."""
    locked: set[str] = set()
    while True:
        person = find(connection, valkey, shopper_id, partitions=partitions)
        streams = person.streams(partitions)
        if locked.issuperset(streams):
            return person
        connection.execute(
            "INSERT INTO stream_position (flow, stream, last_id) SELECT 'taste', unnest(%s::text[]), %s "
            "ON CONFLICT DO NOTHING",
            (streams, START),
        )
        connection.execute(
            "SELECT FROM stream_position WHERE flow = 'taste' AND stream = ANY(%s) ORDER BY stream FOR UPDATE",
            (streams,),
        )
        locked.update(streams)


def _remember(connection: Connection, ids: Iterable[str], receipt: Receipt) -> None:
    connection.execute(
        """
        INSERT INTO erasure (shopper_hash, erased_at, receipt_id) SELECT unnest(%b::bytea[]), %s, %s
        ON CONFLICT (shopper_hash) DO UPDATE SET erased_at = excluded.erased_at, receipt_id = excluded.receipt_id
        """,
        ([shopper_hash(i) for i in ids], receipt.erased_at, receipt.receipt_id),
    )


def _delete(connection: Connection, ids: list[str]) -> dict[str, int]:
    by_id = "DELETE FROM {} WHERE shopper_id = ANY(%s)"
    return {
        table: connection.execute(by_id.format(table).encode(), (ids,)).rowcount
        for table in ("activity", "taste", "slate", "shopper")
    }


def _known_since(connection: Connection, person: Person) -> list[int]:
    """Return since when the archive and the accounts know a person, in ms since the epoch; nothing if they do not."""
    rows = connection.execute(
        """
        SELECT min(received_at) FROM activity WHERE shopper_id = ANY(%(ids)s)
        UNION ALL SELECT min(created_at) FROM shopper WHERE shopper_id = ANY(%(ids)s)
        """,
        {"ids": sorted(person.ids)},
    ).fetchall()
    return [max(int(at.timestamp() * 1_000) - _CLOCKS_MS, 0) for (at,) in rows if at]


def _left_by_an_earlier_attempt(valkey: Valkey, person: Person) -> list[int]:
    noted: Any = valkey.mget([erasing_key(shopper_hash(i)) for i in person.ids])
    return [int(start) for start in noted if start]


def _note(valkey: Valkey, person: Person, start: int, seconds: int) -> None:
    """Tell whoever goes on after a crash where to start: PostgreSQL will know nothing of the person any more."""
    for i in person.ids:
        valkey.set(erasing_key(shopper_hash(i)), start, ex=seconds)


def _ms(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])


def _clear_stream(valkey: Valkey, stream: str, person: Person, start: int) -> int:
    theirs = [entry_id for entry_id, payload in entries(valkey, stream, str(start)) if person.is_meant(payload)]
    return sum(int(valkey.xdel(stream, *theirs[at : at + 500])) for at in range(0, len(theirs), 500))
