"""Entries of the log that could not be applied: see them, mend what was wrong, and apply them after all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import orjson
from psycopg.rows import class_row

from carousel.activity.events import decode
from carousel.activity.log import FIELD, partition, stream_key
from carousel.errors import NotFoundError
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

_COLUMNS = "flow, stream, entry_id, payload, reason, failed_at, kind"


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry that could not be applied."""

    flow: str
    stream: str
    entry_id: str
    payload: bytes
    reason: str
    failed_at: datetime
    kind: Literal["malformed", "refused"]

    @property
    def letter_id(self) -> str:
        return f"{self.flow}/{self.stream}/{self.entry_id}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters: all of those that fit everything that is given."""

    letter_ids: Sequence[str] = ()
    kind: str | None = None
    reason: str | None = None
    since: datetime | None = None


def find(connection: Connection, wanted: Filter, *, limit: int | None = None) -> list[Letter]:
    """Return letters, the oldest first.

    :raises NotFoundError: an id that is given does not exist.
    """
    with connection.cursor(row_factory=class_row(Letter)) as cursor:
        letters = cursor.execute(
            f"""
            SELECT {_COLUMNS} FROM dead_letter
            WHERE (cardinality(%(ids)s::text[]) = 0 OR flow || '/' || stream || '/' || entry_id = ANY(%(ids)s))
                  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
                  AND (%(reason)s::text IS NULL OR position(lower(%(reason)s) IN lower(reason)) > 0)
                  AND (%(since)s::timestamptz IS NULL OR failed_at >= %(since)s)
            ORDER BY failed_at, flow, stream, entry_id LIMIT %(limit)s
            """,  # noqa: S608 - constant columns
            {
                "ids": list(wanted.letter_ids),
                "kind": wanted.kind,
                "reason": wanted.reason,
                "since": wanted.since,
                "limit": limit,
            },
        ).fetchall()
    absent = set(wanted.letter_ids) - {letter.letter_id for letter in letters}
    if absent:
        raise NotFoundError(f"there is no dead letter {min(absent)}; `carousel dead-letters list` names them")
    return letters


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many letters there are by flow and kind."""
    rows = connection.execute("SELECT flow, kind, count(*) FROM dead_letter GROUP BY flow, kind").fetchall()
    return {(flow, kind): count for flow, kind, count in rows}


def retry(
    connection: Connection, valkey: Valkey, letter: Letter, *, partitions: int, payload: bytes | None = None
) -> None:
    """Send a letter down its stream again, mended if a payload is given.

    It counts once whatever happens: the letter goes after the entry is in the log, and the archive's key drops a
    second one.

    :raises InputError: it still is no event; says why, and the letter stays.
    """
    event = decode(payload or letter.payload)
    valkey.xadd(stream_key(partition(event.shopper_id, partitions)), {FIELD: payload or letter.payload})
    drop(connection, letter)


def drop(connection: Connection, letter: Letter) -> None:
    """Forget a letter."""
    connection.execute(
        "DELETE FROM dead_letter WHERE (flow, stream, entry_id) = (%s, %s, %s)",
        (letter.flow, letter.stream, letter.entry_id),
    )


def payloads(connection: Connection) -> Iterator[bytes]:
    """Yield what is in the letters."""
    for row in connection.execute("SELECT payload FROM dead_letter"):
        yield bytes(row[0])


def drop_if(connection: Connection, is_meant: Callable[[bytes], bool]) -> list[Letter]:
    """Forget the letters whose payload is meant, and return them."""
    meant = [letter for letter in find(connection, Filter()) if is_meant(letter.payload)]
    for letter in meant:
        drop(connection, letter)
    return meant


def shoppers_of(payload: bytes) -> list[str]:
    """Return whom a letter names, as far as it can be read."""
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return []
    named = [body.get("shopper_id"), body.get("reason")] if isinstance(body, dict) else []
    return [name for name in named if isinstance(name, str)]


def readable(letter: Letter) -> str:
    """Return a payload as text, bytes that are none as escapes."""
    return letter.payload.decode(errors="backslashreplace")
