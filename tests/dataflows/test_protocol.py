"""Model checking of the protocol: whatever happens in whatever order, nothing is lost, doubled or out of order.

A hypothesis state machine drives the real parts (the append, the streams, the commit, PostgreSQL) step by step, as one
thread that decides who moves next: processes read, crash before or after their COMMIT, lose the answer of one, come
back with other shares of the streams, or run twice on the same stream; clients send again; visitors log in; people are
erased. Beside it runs a model that is a few dictionaries. At any time both must agree.
"""

import asyncio
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.conftest import empty

from carousel.activity.events import Event, merge_event
from carousel.activity.log import append, seen_key, stream_keys
from carousel.activity.repository import FencedError, positions
from carousel.dataflows.commit import _Commits
from carousel.dataflows.connectors import decode_entries, share_of
from carousel.dataflows.fold import TasteWork
from carousel.dataflows.rebuild import recompute, same
from carousel.embedded.servers import Servers
from carousel.rights.erase import erase
from carousel.rights.person import find
from carousel.storage.postgres import connect
from carousel.storage.valkey import make, make_async
from carousel.taste.repository import load

EXAMPLES = os.environ.get("CAROUSEL_PROTOCOL_EXAMPLES")
PARTITIONS = 3
STREAMS = stream_keys(PARTITIONS)
PEOPLE = [f"s-visitor-{i}" for i in range(4)] + [f"a-account-{i}" for i in range(2)]
CARS = [f"car-{i}" for i in range(4)]
KINDS = ["view", "favourite", "hide", "unhide", "dwell", "unfavourite"]


class Crash(BaseException):
    """The process is gone; nothing in it can catch that."""


class Process:
    """One process of the dataflow, moved by hand."""

    def __init__(self, servers: Servers, streams: list[str]) -> None:
        self._valkey = make(servers.valkey_url)
        self.streams = streams
        self._work = TasteWork("taste", self._valkey)
        self._commits = _Commits("taste", servers.database_url, self._work, threading.Event())
        with connect(servers.database_url) as database:
            self._at = positions(database, "taste", streams)

    def deliver(self, most: int, crash: str | None = None) -> None:
        """Read up to `most` entries of each stream and commit them, or die in the middle of that."""
        replies: Any = self._valkey.xread(dict(self._at), count=most)
        batches = []
        for name, chunks in replies.items() if isinstance(replies, dict) else replies:
            entries = chunks[0] if isinstance(replies, dict) else chunks
            stream = name.decode()
            batches.append(decode_entries((stream, self._at[stream], entries)))
        if not batches:
            return
        if crash:
            self._arrange(crash)
        self._commits.write_batch(batches)
        for batch in batches:
            self._at[batch.stream] = batch.entries[-1].entry_id

    def _arrange(self, crash: str) -> None:
        work, commits = self._work, self._commits
        if crash == "before commit":
            real_apply = work.apply

            def apply(connection: Any, events: Any) -> None:
                real_apply(connection, events)
                connection.close()  # as a kill does: the server rolls back
                raise Crash

            work.apply = apply  # type: ignore[method-assign]
        elif crash == "after commit":

            def committed(_events: Any) -> None:
                raise Crash

            work.committed = committed  # type: ignore[method-assign]
        else:  # the answer to COMMIT is lost, and the process lives
            real = commits._commit
            failed = [False]

            def commit(*arguments: Any, **named: Any) -> Any:
                letters = real(*arguments, **named)
                if not failed[0]:
                    failed[0] = True
                    raise psycopg.OperationalError("the connection was lost")
                return letters

            commits._commit = commit  # type: ignore[method-assign]

    def close(self) -> None:
        self._commits.close()
        self._valkey.close()


class Protocol(RuleBasedStateMachine):
    """Carousel between the client's request and the committed taste."""

    servers: Servers
    events = Bundle("events")

    def __init__(self) -> None:
        super().__init__()
        self.database = connect(self.servers.database_url)
        self.valkey = make(self.servers.valkey_url)
        self.valkey.flushall()
        empty(self.database)
        _stock(self.database)
        self.clock = datetime.now(UTC) - timedelta(minutes=5)
        self.count = 0
        self.accepted: dict[str, Event] = {}
        """Every acknowledged event that nobody has had erased, in the order of acknowledgement."""
        self.erased: dict[str, datetime] = {}
        self.processes: list[Process] = []
        self.scale(1)

    def teardown(self) -> None:
        for process in self.processes:
            process.close()
        self.database.close()
        self.valkey.close()

    def _append(self, events: list[Event]) -> list[bool]:
        async def work() -> list[bool]:
            async with make_async(self.servers.valkey_url) as client:
                return await append(client, events, partitions=PARTITIONS)

        return asyncio.run(work())

    def _now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    # --- clients ---

    @rule(target=events, who=st.sampled_from(PEOPLE), car=st.sampled_from(CARS), kind=st.sampled_from(KINDS),
          late=st.sampled_from([0, 0, 60, 86_400 * 40]))  # fmt: skip
    def send(self, who: str, car: str, kind: Any, late: int) -> Event:
        self.count += 1
        now = self._now()
        event = Event(
            event_id=str(UUID(int=self.count)), type=kind, shopper_id=who, listing_id=car,
            occurred_at=now - timedelta(seconds=late), received_at=datetime.now(UTC), value=30.0,
        )  # fmt: skip
        # What happened before an erasure is not kept after it, whenever it comes.
        counts = who not in self.erased or event.occurred_at > self.erased[who]
        assert self._append([event]) == [counts]
        if counts:
            self.accepted[event.event_id] = event
        return event

    @rule(event=events)
    def send_again(self, event: Event) -> None:
        assert self._append([event]) == [False]

    @rule(event=events)
    def send_again_a_week_later(self, event: Event) -> None:
        """The log has forgotten the id; the archive's key has not."""
        self.valkey.delete(seen_key(event.event_id))
        self._append([event])

    @rule(visitor=st.sampled_from(PEOPLE[:4]), account=st.sampled_from(PEOPLE[4:]))
    def log_in(self, visitor: str, account: str) -> None:
        self._append([merge_event(visitor, account, datetime.now(UTC))])

    @rule(who=st.sampled_from(PEOPLE))
    def erase(self, who: str) -> None:
        people = find(self.database, self.valkey, who, partitions=PARTITIONS).ids
        erase(self.database, self.valkey, who, partitions=PARTITIONS, token_seconds=60)
        self.erased |= dict.fromkeys(people, datetime.now(UTC))
        self.clock = max(self.clock, datetime.now(UTC))
        time.sleep(0.002)  # what comes next was received after it, and the mark counts milliseconds
        gone = {i for i, event in self.accepted.items() if event.shopper_id in people}
        for event_id in gone:
            del self.accepted[event_id]

    # --- processes ---

    @rule(which=st.integers(0, 5), most=st.integers(1, 5))
    def deliver(self, which: int, most: int) -> None:
        self._move(which, most, None)

    @rule(which=st.integers(0, 5), most=st.integers(1, 5),
          crash=st.sampled_from(["before commit", "after commit", "lost answer"]))  # fmt: skip
    def deliver_and_crash(self, which: int, most: int, crash: str) -> None:
        self._move(which, most, crash)

    def _move(self, which: int, most: int, crash: str | None) -> None:
        at = which % len(self.processes)
        process = self.processes[at]
        try:
            process.deliver(most, crash)
            if crash is None:
                return
        except (Crash, FencedError):
            pass
        process.close()  # the supervisor starts another
        self.processes[at] = Process(self.servers, process.streams)

    @rule(workers=st.integers(1, 3))
    def scale(self, workers: int) -> None:
        for process in self.processes:
            process.close()
        self.processes = [Process(self.servers, share_of(STREAMS, (i + 1, workers))) for i in range(workers)]

    @rule()
    def start_one_too_many(self) -> None:
        """A second process on all streams, by mistake; one of each two is fenced off."""
        if len(self.processes) < 5:
            self.processes.append(Process(self.servers, STREAMS))

    # --- what must hold ---

    @invariant()
    def the_archive_has_only_what_was_accepted_and_has_it_once(self) -> None:
        rows = self.database.execute("SELECT event_id::text FROM activity WHERE type <> 'merge'").fetchall()
        archived = [row[0] for row in rows]
        assert len(archived) == len(set(archived))
        assert set(archived) <= self.accepted.keys()

    @invariant()
    def tastes_are_what_the_archive_says(self) -> None:
        expected = dict(recompute(self.database))
        stored = load(
            self.database, [row[0] for row in self.database.execute("SELECT shopper_id FROM taste").fetchall()]
        )
        assert stored.keys() == expected.keys()
        assert all(same(stored[i], expected[i]) for i in stored)

    @invariant()
    def a_shoppers_events_are_in_their_order(self) -> None:
        order = {event_id: place for place, event_id in enumerate(self.accepted)}
        rows = self.database.execute(
            "SELECT coalesce(visitor_id, shopper_id), event_id::text FROM activity WHERE type <> 'merge' ORDER BY no"
        ).fetchall()
        last: dict[str, int] = {}
        for who, event_id in rows:
            assert order[event_id] > last.get(who, -1)
            last[who] = order[event_id]

    @invariant()
    def nothing_is_a_dead_letter(self) -> None:
        assert self.database.execute("SELECT count(*) FROM dead_letter").fetchone() == (0,)

    @rule()
    def everything_arrives_in_the_end(self) -> None:
        self.scale(1)
        self.processes[0].deliver(10_000)
        rows = self.database.execute("SELECT event_id::text FROM activity WHERE type <> 'merge'").fetchall()
        assert {row[0] for row in rows} == self.accepted.keys()


def _stock(database: Any) -> None:
    for i, car in enumerate(CARS):
        database.execute(
            """
            INSERT INTO listing (listing_id, source, status, make, model, condition, year, power_kw, listed_at,
                                 document, content_hash, search, embedding, embedding_version)
            VALUES (%s, 'test', 'active', %s, 'One', 'used', 2020, 100, now(), '{}', '', '',
                    array_fill(%s::real, ARRAY[96])::vector::halfvec, 1)
            """,
            (car, ("Skoda", "Ford")[i % 2], i),
        )


@pytest.fixture
def protocol(servers: Servers) -> type[Protocol]:
    class OnTheseServers(Protocol):
        pass

    OnTheseServers.servers = servers
    return OnTheseServers


@pytest.mark.timeout(3_600)  # what fails is made small before it is told
def test_no_order_of_events_crashes_and_rescales_loses_doubles_or_reorders(protocol: type[Protocol]) -> None:
    run_state_machine_as_test(
        protocol,
        settings=settings(
            # Every time the same few orders; `make chaos` asks for hundreds of others.
            max_examples=int(EXAMPLES or 25), derandomize=EXAMPLES is None, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip


def test_who_was_erased_and_comes_back_is_not_the_account_they_once_became(protocol: type[Protocol]) -> None:
    shoppers = protocol()
    shoppers.log_in(visitor="s-visitor-0", account="a-account-0")
    shoppers.everything_arrives_in_the_end()
    shoppers.erase("s-visitor-0")
    shoppers.send("s-visitor-0", "car-0", "view", 0)
    shoppers.deliver(which=0, most=1)  # the same process, which remembers the log-in
    rows = shoppers.database.execute("SELECT shopper_id, visitor_id FROM activity").fetchall()
    shoppers.teardown()
    assert rows == [("s-visitor-0", None)]
