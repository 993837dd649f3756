"""Which ids are one person: an account and the anonymous shoppers that became it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from carousel.activity import dead_letters
from carousel.activity.events import Event, decode
from carousel.activity.log import FIELD, partition, shopper_hash, stream_key, stream_keys
from carousel.activity.repository import positions
from carousel.errors import InputError
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """One person: the id that holds the history, and every id they were known by, that one included."""

    shopper_id: str
    ids: frozenset[str]

    def streams(self, partitions: int) -> list[str]:
        """Return the streams that hold what they do."""
        return sorted({stream_key(partition(i, partitions)) for i in self.ids})

    def is_meant(self, payload: bytes) -> bool:
        """Return whether an entry of the log, or a dead letter, is about them."""
        if not any(i.encode() in payload for i in self.ids):
            return False
        try:
            event = decode(payload)
        except InputError:  # no event: where an id stands as a whole value, it is theirs
            return any(b'"' + i.encode() + b'"' in payload for i in self.ids)
        return event.shopper_id in self.ids or (event.type == "merge" and event.reason in self.ids)


def find(connection: Connection, valkey: Valkey, shopper_id: str, *, partitions: int) -> Person:
    """Return whom an id belongs to, merges that wait in the log included."""
    owner = _owner(connection, shopper_id)
    ids = {shopper_id, owner, *_merged(connection, owner)}
    waiting: dict[str, str | None] = {}
    for event in _waiting_merges(connection, valkey, partitions):
        # Whoever has become an account stays it: a second log-in with the same visit changes nothing.
        if event.shopper_id not in waiting and _owner(connection, event.shopper_id) == event.shopper_id:
            waiting[event.shopper_id] = event.reason
    while more := {visitor for visitor, account in waiting.items() if account in ids} - ids:
        ids |= more
    return Person(owner, frozenset(ids))


def is_known(connection: Connection, valkey: Valkey, person: Person, *, partitions: int) -> bool:
    """Tell whether anything is held of a person, or was until they were erased."""
    row = connection.execute(
        """
        SELECT EXISTS (SELECT FROM taste WHERE shopper_id = ANY(%(ids)s))
            OR EXISTS (SELECT FROM shopper WHERE shopper_id = ANY(%(ids)s))
            OR EXISTS (SELECT FROM activity WHERE shopper_id = ANY(%(ids)s))
            OR EXISTS (SELECT FROM slate WHERE shopper_id = ANY(%(ids)s))
            OR EXISTS (SELECT FROM erasure WHERE shopper_hash = ANY(%(hashes)s::bytea[]))
        """,
        {"ids": sorted(person.ids), "hashes": [shopper_hash(i) for i in person.ids]},
    ).fetchone()
    assert row is not None
    waiting = (payload for _, payload in unread(connection, valkey, person.streams(partitions)))
    return bool(row[0]) or any(map(person.is_meant, chain(waiting, dead_letters.payloads(connection))))


def entries(valkey: Valkey, stream: str, start: str = "-") -> Iterator[tuple[str, bytes]]:
    """Yield (entry id, payload) of a stream from an id on."""
    while True:
        rows: Any = valkey.xrange(stream, min=start, count=_CHUNK)
        for entry_id, fields in rows:
            yield entry_id.decode(), fields.get(FIELD, b"\n".join(fields.values()))
        if len(rows) < _CHUNK:
            return
        start = f"({rows[-1][0].decode()}"


def unread(connection: Connection, valkey: Valkey, streams: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield what the taste dataflow has not committed yet."""
    for stream, last_id in positions(connection, "taste", streams).items():
        yield from entries(valkey, stream, f"({last_id}")


def _owner(connection: Connection, shopper_id: str) -> str:
    """Return the account an anonymous shopper has become, or the shopper."""
    row = connection.execute(
        """
        SELECT coalesce((SELECT merged_into FROM taste WHERE shopper_id = %(id)s),
                        (SELECT merged_into FROM shopper WHERE shopper_id = %(id)s), %(id)s)
        """,
        {"id": shopper_id},
    ).fetchone()
    assert row is not None
    return shopper_id if row[0] == shopper_id else _owner(connection, row[0])


def _merged(connection: Connection, owner: str) -> set[str]:
    rows = connection.execute(
        """
        SELECT shopper_id FROM taste WHERE merged_into = %(id)s
        UNION SELECT shopper_id FROM shopper WHERE merged_into = %(id)s
        UNION SELECT visitor_id FROM activity WHERE shopper_id = %(id)s AND visitor_id IS NOT NULL
        """,
        {"id": owner},
    ).fetchall()
    return {row[0] for row in rows}


def _waiting_merges(connection: Connection, valkey: Valkey, partitions: int) -> Iterator[Event]:
    for _, payload in unread(connection, valkey, stream_keys(partitions)):
        if b'"merge"' in payload:
            try:
                event = decode(payload)
            except InputError:
                continue
            if event.type == "merge":
                yield event
