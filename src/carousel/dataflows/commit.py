"""The sink of every dataflow: one PostgreSQL transaction per batch, whatever happens.

The transaction holds the positions, all that the flow's work writes, and the dead letters. Positions move by
compare-and-set, so a killed process resumes exactly where it committed, and of two processes on one stream only one
can commit. There is no exchange between source and sink: it would split what was read together, and the position
would then cover events that are not in the transaction.
"""

import re
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import psycopg
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from carousel.activity import partitions
from carousel.activity.events import Event
from carousel.activity.repository import CACHE_FLOWS, DeadLetter, FencedError, Move, advance, bury, positions
from carousel.dataflows.connectors import Batch, Entry
from carousel.dataflows.waiting import Backoff
from carousel.errors import UnavailableError
from carousel.storage.postgres import Connection, connect
from carousel.telemetry import flow_dead_letters, flow_events, log

logger = log(__name__)
T = TypeVar("T")
_VALUE = re.compile(r"""['"\n(=]|DETAIL""")


class Work(Protocol):
    """What a flow does with events."""

    stale: tuple[type[Exception], ...]
    """Errors that mean: somebody else wrote what we had read; it is read and done again."""

    def apply(self, connection: Connection, events: Sequence[Event]) -> None:
        """Write what events change, in an open transaction that may still be rolled back, wholly or to a savepoint.

        It keeps what it learnt aside until it ends, so that an error halfway leaves nothing behind.
        """

    def committed(self, events: Sequence[Event]) -> None:
        """Take the result of `apply` as true, and tell who waits for it."""

    def rolled_back(self, error: Exception) -> None:
        """Drop everything that was applied since the last commit, and what the error says is no longer true."""


class CommitSink(DynamicSink[Batch]):
    """One transaction per batch: positions, what the flow's work writes, and dead letters."""

    def __init__(self, flow: str, database_url: str, make_work: Callable[[], Work], stop: threading.Event) -> None:
        self._flow = flow
        self._database_url = database_url
        self._make_work = make_work
        self._stop = stop

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Commits":  # noqa: ARG002
        return _Commits(self._flow, self._database_url, self._make_work(), self._stop)


class _Commits(StatelessSinkPartition[Batch]):
    def __init__(self, flow: str, database_url: str, work: Work, stop: threading.Event) -> None:
        self._flow = flow
        # The taste flow reads the same entries and keeps those that are none: one letter of each is enough.
        self._buries = flow not in CACHE_FLOWS
        self._database_url = database_url
        self._work = work
        self._backoff = Backoff(stop)
        self._connection: Connection | None = None

    def write_batch(self, items: list[Batch]) -> None:
        """Commit, for as long as it takes: waiting here is the backpressure.

        :raises FencedError: another process has these streams.
        """
        uncertain = one_by_one = False
        while True:
            try:
                letters = self._commit(items, one_by_one=one_by_one, uncertain=uncertain)
            except FencedError:
                raise
            except Exception as error:
                self._work.rolled_back(error)
                if isinstance(error, self._work.stale):
                    logger.info("stale_taste", error=str(error))
                elif _passes(error):
                    logger.warning("postgres_away", error=str(error), attempts=self._backoff.attempts)
                    uncertain = True  # a COMMIT may have passed without our hearing of it
                    self._close()
                    self._backoff.wait()
                elif one_by_one or not _events_fault(error):
                    raise
                else:
                    logger.warning("bisecting", error=repr(error))
                    one_by_one = True
            else:
                self._backoff.reset()
                self._report(items, letters)
                return

    def close(self) -> None:
        self._close()

    def _commit(self, batches: list[Batch], *, one_by_one: bool, uncertain: bool) -> list[DeadLetter]:
        connection = self._connection = self._connection or connect(self._database_url, prepare_threshold=1)
        moves = _moves(batches)
        letters = [
            DeadLetter(b.stream, e.entry_id, e.payload, e.reason) for b in batches for e in b.entries if e.event is None
        ]
        found = [(b.stream, e, e.event) for b in batches for e in b.entries if e.event is not None]
        if uncertain and _stored(connection, self._flow, moves):
            return letters
        with connection.transaction():
            advance(connection, self._flow, moves)
            if one_by_one:
                letters += self._bisect(connection, found)
            else:
                self._work.apply(connection, [event for _, _, event in found])
            if self._buries:
                bury(connection, self._flow, letters)
        return letters

    def _bisect(self, connection: Connection, found: Sequence[tuple[str, Entry, Event]]) -> list[DeadLetter]:
        """Apply events in ever smaller savepoints until only the bad ones are left over."""
        if not found:
            return []
        try:
            with connection.transaction():
                self._work.apply(connection, [event for _, _, event in found])
        except Exception as error:
            if _passes(error) or isinstance(error, self._work.stale) or not _events_fault(error):
                raise
            if len(found) == 1:
                stream, entry, _ = found[0]
                return [
                    DeadLetter(stream, entry.entry_id, entry.payload, f"{type(error).__name__}: {error}", "refused")
                ]
            half = len(found) // 2
            return self._bisect(connection, found[:half]) + self._bisect(connection, found[half:])
        return []

    def _report(self, batches: list[Batch], letters: list[DeadLetter]) -> None:
        dead = {(letter.stream, letter.entry_id) for letter in letters}
        events = [
            e.event for b in batches for e in b.entries if e.event is not None and (b.stream, e.entry_id) not in dead
        ]
        flow_events.labels(self._flow).inc(len(events))
        for letter in letters if self._buries else ():
            flow_dead_letters.labels(self._flow, letter.kind).inc()
        what = "dead_letter" if self._buries else "passed_over"
        for letter in letters[:10]:  # enough to see what goes wrong; the table has them all
            logger.warning(what, stream=letter.stream, entry_id=letter.entry_id, reason=_gist(letter.reason))
        self._work.committed(events)

    def _close(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except psycopg.Error:
                logger.debug("close_failed", exc_info=True)
            self._connection = None


def _moves(batches: Sequence[Batch]) -> list[Move]:
    """Join the moves of consecutive batches of one stream into one."""
    joined: dict[str, Move] = {}
    for move in (batch.move for batch in batches):
        before = joined.get(move.stream)
        joined[move.stream] = (
            Move(move.stream, before.previous_id, move.last_id, before.entries + move.entries) if before else move
        )
    return list(joined.values())


def _stored(connection: Connection, flow: str, moves: Sequence[Move]) -> bool:
    """Return whether an attempt whose answer was lost had been committed after all."""
    stored = positions(connection, flow, [move.stream for move in moves])
    return all(stored[move.stream] == move.last_id for move in moves)


def _passes(error: Exception) -> bool:
    """Return whether waiting cures an error: the server is away, restarting, a standby, or two of us deadlocked."""
    if isinstance(error, UnavailableError | psycopg.InterfaceError | psycopg.errors.ReadOnlySqlTransaction):
        return True
    return isinstance(error, psycopg.OperationalError) and not _too_large(error)


def _events_fault(error: Exception) -> bool:
    """Return whether an event can be to blame, rather than a missing table, a right, a bug in our SQL or a fence."""
    if isinstance(error, FencedError):
        return False
    if isinstance(error, psycopg.Error):
        return isinstance(error, psycopg.DataError | psycopg.IntegrityError) or _too_large(error)
    return True


def _gist(reason: str) -> str:
    """Return a reason up to the first value in it: that may be a shopper's, and stays in the table."""
    return _VALUE.split(reason, maxsplit=1)[0].strip()[:200]


def _too_large(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith("54")  # class 54, program limit exceeded: the same each time


def wait_for_positions(database_url: str, flow: str, streams: Sequence[str], stop: threading.Event) -> dict[str, str]:
    """Return where a flow stands on its streams, waiting for PostgreSQL if need be.

    :raises Stop: the process was asked to end.
    """
    return _ask(database_url, lambda connection: positions(connection, flow, streams), stop)


def check_partitions(database_url: str, wanted: int, stop: threading.Event) -> None:
    """Compare the number of streams with that of the log, waiting for PostgreSQL if need be.

    :raises StartError: it is another one.
    :raises Stop: the process was asked to end.
    """
    _ask(database_url, lambda connection: partitions.check(connection, wanted), stop)


def _ask(database_url: str, question: Callable[[Connection], T], stop: threading.Event) -> T:
    backoff = Backoff(stop)
    while True:
        try:
            with connect(database_url) as connection:
                return question(connection)
        except (UnavailableError, psycopg.OperationalError) as error:
            logger.warning("postgres_away", error=str(error), attempts=backoff.attempts)
            backoff.wait()
