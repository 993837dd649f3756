"""Recompute tastes from the archive, beside live traffic: for a changed formula, and for a table nobody trusts.

The events of one person lie together, in the order they were applied; `fold` does with them again what the dataflow
did. Archive and taste are written in one transaction, so one snapshot of both says what each taste should be at the
version it has. It is swapped for what was computed only if it still is at that version; whoever has moved meanwhile is
computed again. The running dataflow notices a swapped taste as it notices any other writer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context

import numpy as np
from psycopg import IsolationLevel

from carousel.activity.events import moves_taste
from carousel.activity.repository import History, histories
from carousel.catalogue.repository import describe
from carousel.catalogue.traits import Described
from carousel.dataflows.fold import fold
from carousel.dataflows.lru import Lru
from carousel.storage.postgres import Connection, connect
from carousel.taste import repository
from carousel.taste.repository import Mark, StaleTaste
from carousel.taste.taste import FORMULA, Hide, Taste, settle
from carousel.telemetry import log

_CHUNK = 20_000  # events computed and swapped together: half a second
_DESCRIBED = 50_000  # listings remembered, about 3 kB each

logger = log(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found."""

    events: int = 0
    tastes: int = 0
    changed: int = 0
    """Tastes that were not what the archive says."""
    removed: int = 0
    """Tastes without any event."""

    def __add__(self, other: "Rebuilt") -> "Rebuilt":
        return Rebuilt(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def recompute(connection: Connection) -> Iterator[tuple[str, Taste]]:
    """Yield every taste as the archive says it is, as of one moment."""
    with _snapshot(connection):
        described = Lru[str, Described](_DESCRIBED)
        for chunk in _chunks(histories(connection)):
            yield from _replay(connection, chunk, described).items()


def rebuild(database_url: str, *, workers: int = 1, dry_run: bool = False, prune: bool = False) -> Rebuilt:
    """Swap every taste that is not what the archive says for the one that is.

    :param workers: processes that share the shoppers.
    :param dry_run: only count what differs.
    :param prune: remove tastes without any event, and take back what no event says; not for an archive whose older
        months have been dropped.
    """
    shares = [(database_url, (i + 1, workers), dry_run, prune) for i in range(workers)]
    if workers == 1:
        return _rebuild_share(shares[0])
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(_rebuild_share, shares), start=Rebuilt())


def rebuild_if_needed(database_url: str) -> None:
    """Rebuild the tastes that an older formula computed."""
    with connect(database_url) as connection:
        if repository.stored_formula(connection) == FORMULA:
            return
        repository.begin_formula(connection, FORMULA)
        done = rebuild(database_url)
        repository.store_formula(connection, FORMULA)
    if done.events:
        logger.info("tastes recomputed for a new formula", formula=FORMULA, events=done.events, tastes=done.tastes)


def _rebuild_share(share: tuple[str, tuple[int, int], bool, bool]) -> Rebuilt:
    database_url, part, dry_run, prune = share
    total = Rebuilt()
    described = Lru[str, Described](_DESCRIBED)
    with connect(database_url) as reading, connect(database_url) as writing:
        moved: list[str] | None = None  # first everybody
        while moved is None or moved:
            with _snapshot(reading):
                chunks = _chunks(histories(reading, share=part, owners=moved))
                moved = []
                for chunk in chunks:
                    tastes = _replay(reading, chunk, described)
                    stored = repository.marks(reading, tastes)
                    intact = repository.load_intact(reading, tastes)
                    if not prune:
                        tastes |= {i: _with_what_stays(tastes[i], taste) for i, taste in intact.items()}
                    wrong = _wrong(intact, tastes)
                    stale = set() if dry_run else _swap(writing, wrong, stored)
                    again = {history.owner for history in chunk if not stale.isdisjoint(history.people)}
                    waiting = {i for history in chunk if history.owner in again for i in history.people}
                    moved += again | repository.homes(writing, stale)
                    total += Rebuilt(
                        events=sum(len(history.events) for history in chunk if history.owner not in again),
                        tastes=len(tastes.keys() - waiting),
                        changed=len(wrong.keys() - waiting),
                    )
        if prune:
            total += Rebuilt(removed=repository.remove_unexplained(writing, share=part, dry_run=dry_run))
    return total


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    """Let a connection see the database as it is now until the end of the block."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None


def _chunks(whole: Iterable[History]) -> Iterator[list[History]]:
    chunk: list[History] = []
    size = 0
    for history in whole:
        chunk.append(history)
        size += len(history.events)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _replay(connection: Connection, chunk: Sequence[History], described: Lru[str, Described]) -> dict[str, Taste]:
    """Return the tastes of everybody in some histories who has one."""
    moving = {history.owner: [e for e in history.events if moves_taste(e)] for history in chunk}
    listings = _describe(
        connection, {e.listing_id for events in moving.values() for e in events if e.listing_id}, described
    )
    tastes: dict[str, Taste] = {}
    for history in chunk:
        events = moving[history.owner]
        if not events:
            continue
        start = Taste.empty(events[0].occurred_at)
        named = {e.reason for e in events if e.type == "merge" and e.reason}
        after = fold(dict.fromkeys({*history.people, *named}, start), events, listings)
        tastes |= {i: after[i] for i in history.people if after[i].version}
    embeddings = {i: d.embedding for i, d in listings.items()}
    return {i: settle(taste, embeddings) if taste.recent else taste for i, taste in tastes.items()}


def _describe(connection: Connection, listing_ids: set[str], described: Lru[str, Described]) -> dict[str, Described]:
    known = {i: d for i in listing_ids if (d := described.get(i))}
    found = describe(connection, listing_ids - known.keys()) if listing_ids - known.keys() else {}
    for listing_id, listing in found.items():
        described.put(listing_id, listing)
    return known | found


def _with_what_stays(taste: Taste, stored: Taste) -> Taste:
    """Add what does not fade and may have been said in a month that is gone: hidden cars, statements, the account."""
    return replace(
        taste,
        # Of a hide that the archive does not hold nothing counts against the like any more.
        hidden={**dict.fromkeys(stored.hidden, Hide()), **taste.hidden},
        stated=max(taste.stated, stored.stated, key=lambda stated: stated.event_id),
        merged_into=taste.merged_into or stored.merged_into,
    )


def _wrong(stored: Mapping[str, Taste], tastes: Mapping[str, Taste]) -> dict[str, Taste]:
    return {i: taste for i, taste in tastes.items() if i not in stored or not same(stored[i], taste)}


def same(one: Taste, other: Taste) -> bool:
    """Return whether two tastes say the same, to the last bit of what the table holds; versions may differ."""
    if (one.centroid is None) != (other.centroid is None):
        return False
    if one.centroid is not None and other.centroid is not None:
        close = np.asarray(one.centroid, np.float16), np.asarray(other.centroid, np.float16)
        if not np.array_equal(*close):
            return False
    return replace(one, version=0, centroid=None) == replace(other, version=0, centroid=None)


def _swap(connection: Connection, tastes: Mapping[str, Taste], stored: Mapping[str, Mark]) -> set[str]:
    """Write tastes whose rows are still those that were read, and return whose are not."""
    # A version nobody has held: who holds the old taste in memory is then told that it is stale.
    left = {
        i: replace(taste, version=max(taste.version, mark.version if (mark := stored.get(i)) else 0) + 1)
        for i, taste in tastes.items()
    }
    stale: set[str] = set()
    while left:
        try:
            with connection.transaction():
                repository.save(connection, {i: (taste, stored.get(i)) for i, taste in left.items()})
        except StaleTaste as error:
            stale |= set(error.shopper_ids)
            left = {i: taste for i, taste in left.items() if i not in stale}
        else:
            break
    return stale
