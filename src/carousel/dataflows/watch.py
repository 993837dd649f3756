"""Watch a dataflow from inside its process: is anything lost, late, or standing still?

A thread looks at each stream of the process every few seconds and says what it sees as metrics; what is wrong is an
alarm, one line in the log when it begins and one when it ends. A process that lives but moves nothing while both
servers answer is ended: whoever supervises it starts a new one, from the last commit.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from redis.exceptions import RedisError, ResponseError

from carousel.activity import dead_letters
from carousel.activity.repository import START, progress, recount
from carousel.errors import UnavailableError
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey
from carousel.telemetry import (
    flow_alarm,
    flow_behind_seconds,
    flow_dead_letters_held,
    flow_unread,
    flow_unread_trimmed,
    flow_watched,
    log,
)

EVERY = 5.0
LATE_SECONDS = 60.0
"""A flow whose oldest unread event is older than this is late."""
STALL_SECONDS = 60.0
"""A flow that has something to read and has moved nothing for so long stands still; a large batch takes 5 s."""

_logger = log(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """One stream as a flow stands on it."""

    stream: str
    position: str
    unread: int
    behind_seconds: float
    """Age of the oldest unread entry; 0 without one."""
    unread_trimmed: int
    """Entries that were removed before the flow had read them."""
    went_back: bool
    """The stream's last entry is older than the flow's position, or it never held as many as were read: the log was
    restored, or lost entries."""


def look(connection: Connection, valkey: Valkey, flow: str, streams: Sequence[str], now: float) -> list[Seen]:
    """Return how a flow stands on its streams.

    :param now: seconds since the epoch.
    """
    at = progress(connection, flow, streams)
    seen = []
    for stream in streams:
        position, entries_read = at.get(stream, (START, 0))
        try:
            info: dict[str, Any] = valkey.xinfo_stream(stream)
        except ResponseError:  # no such stream yet
            went_back = position != START
            seen.append(Seen(stream, position, 0, 0.0, 0, went_back))
            continue
        rows: Any = valkey.xrange(stream, min=f"({position}", count=1)
        oldest = rows[0][0].decode() if rows else None
        added, removed = info["entries-added"], info["entries-added"] - info["length"]
        first_is_unread = oldest is not None and info["first-entry"][0].decode() == oldest
        # Where events come all the time a log that was emptied has newer ones by now: their number tells it.
        went_back = _number(info["last-generated-id"].decode()) < _number(position) or added < entries_read
        if added < entries_read and (oldest is None or first_is_unread):
            # The stream began anew: with the old count everything trimmed from it unread would pass for read.
            entries_read = added if oldest is None else 0
            recount(connection, flow, stream, position, entries_read)
        seen.append(
            Seen(
                stream,
                position,
                unread=max(added - max(entries_read, removed), 1) if oldest else 0,
                behind_seconds=max(0.0, now - int(oldest.partition("-")[0]) / 1_000) if oldest else 0.0,
                unread_trimmed=max(0, removed - entries_read) if first_is_unread else 0,
                went_back=went_back,
            )
        )
    return seen


def start(database_url: str, valkey: Valkey, flow: str, streams: Sequence[str], stop: threading.Event) -> None:
    """Watch in a thread until asked to stop."""
    watch = Watch(flow)

    def work() -> None:
        # At once, before anything is read: what was trimmed while no process ran shows only until then.
        pause = 0.0
        while not stop.wait(pause):
            pause = EVERY
            try:
                with connect(database_url) as connection:
                    watch.judge(look(connection, valkey, flow, streams, time.time()), time.monotonic())
                    letters = dead_letters.counts(connection)
            except (RedisError, OSError, UnavailableError, psycopg.Error) as error:
                _logger.warning("watch_failed", error=str(error))
                watch.blind()  # the flow waits for the same servers
                continue
            flow_watched.labels(flow).set_to_current_time()
            for kind in ("malformed", "refused"):
                flow_dead_letters_held.labels(flow, kind).set(letters.get((flow, kind), 0))

    threading.Thread(target=work, name="watch", daemon=True).start()


class Watch:
    """Turns what is seen into metrics and alarms."""

    def __init__(self, flow: str, end_process: Callable[[int], object] = os._exit) -> None:
        self._flow = flow
        self._end_process = end_process
        self._alarms: set[tuple[str, str]] = set()
        self._moved: dict[str, tuple[str, float]] = {}
        self._any_moved = float("-inf")
        """When any stream was last seen to have moved: behind a backlog each waits for several transactions."""
        self._trimmed: dict[str, int] = {}
        """The most that each stream lost; the flow reads past a gap at once, and the loss stays."""
        self._went_back: set[str] = set()
        """Streams that did, once; the flow goes on with newer entries at once, and what was lost stays lost."""

    def blind(self) -> None:
        """Forget since when nothing moved: nothing could."""
        self._moved = {}

    def judge(self, seen: Sequence[Seen], now: float) -> None:
        """Compare with what was seen before; `now` is any clock that only goes forward, in seconds."""
        for one in seen:
            lost = self._trimmed[one.stream] = max(one.unread_trimmed, self._trimmed.get(one.stream, 0))
            flow_unread.labels(self._flow, one.stream).set(one.unread)
            flow_behind_seconds.labels(self._flow, one.stream).set(one.behind_seconds)
            flow_unread_trimmed.labels(self._flow, one.stream).set(lost)
            self._alarm("unread_trimmed", one, lost > 0)
            if one.went_back:
                self._went_back.add(one.stream)
            self._alarm("log_went_back", one, one.stream in self._went_back)
            self._alarm("late", one, one.behind_seconds > LATE_SECONDS)
            position, since = self._moved.get(one.stream, (None, now))
            if position != one.position:
                self._any_moved = now
            if position != one.position or not one.unread:
                since = now
            self._moved[one.stream] = (one.position, since)
        standing = [one for one in seen if now - self._moved[one.stream][1] > STALL_SECONDS]
        for one in seen:
            self._alarm("standing_still", one, one in standing)
        if standing and now - self._any_moved > STALL_SECONDS:
            _logger.error(
                "ending a process that stands still", flow=self._flow, streams=[one.stream for one in standing]
            )
            self._end_process(1)

    def _alarm(self, what: str, one: Seen, holds: bool) -> None:
        flow_alarm.labels(self._flow, one.stream, what).set(holds)
        key = (one.stream, what)
        if holds and key not in self._alarms:
            self._alarms.add(key)
            _logger.error("alarm", flow=self._flow, stream=one.stream, alarm=what, unread=one.unread,
                          behind_seconds=round(one.behind_seconds, 1), unread_trimmed=one.unread_trimmed)  # fmt: skip
        elif not holds and key in self._alarms:
            self._alarms.discard(key)
            _logger.warning("alarm ended", flow=self._flow, stream=one.stream, alarm=what)


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
