"""The source of every dataflow: this process's share of the activity streams, read from the stored positions.

Bytewax schedules; it keeps nothing. The position of each stream is a row that `commit.py` moves in the same
transaction as everything a batch did; docs/decisions/0001-positions-in-postgres.md says why, with numbers.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from redis.exceptions import RedisError, ResponseError

from carousel.activity.events import MOST_AHEAD, Event, decode
from carousel.activity.log import FIELD
from carousel.activity.repository import Move
from carousel.dataflows.waiting import Backoff, Stop
from carousel.errors import InputError
from carousel.storage.valkey import Valkey
from carousel.telemetry import log

RawEntry = tuple[bytes, dict[bytes, bytes] | None]
Reply = tuple[str, str, list[RawEntry]]
"""One stream's part of one XREAD: (stream, id read before it, entries)."""

_READ_COUNT = 1_000  # entries per stream and reply
# What is read ahead of the sink, in bytes; beyond that the reader waits. About so much goes into one transaction: what
# arrived while the last one was committed, so a few entries under daily load, and behind a backlog some 40,000 usual
# ones. With more the many events of one shopper would cost fewer tastes, but the watch ends a process that commits
# nothing for a minute.
_AHEAD = 12 * 2**20
_ENTRY = 50  # bytes that an entry counts as beside its own: it is work, however short it is
_BLOCK_MS = 1_000

logger = log(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a stream: its event, or why there is none."""

    entry_id: str
    payload: bytes
    event: Event | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries of one stream."""

    stream: str
    previous_id: str
    entries: tuple[Entry, ...]

    @property
    def move(self) -> Move:
        return Move(self.stream, self.previous_id, self.entries[-1].entry_id, len(self.entries))


class Reader:
    """One thread with one blocking XREAD over all streams of this process, and a bounded queue behind it.

    Reading in `next_batch` instead was measured at 10 ms more at the 99th percentile, or 8 to 22% of a core when
    polled each millisecond. The thread must never die unseen: its last error is raised by `take`.
    """

    def __init__(self, valkey: Valkey, positions: Mapping[str, str], stop: threading.Event) -> None:
        self._valkey = valkey
        self._positions: dict[Any, Any] = dict(positions)
        self._stop = stop
        self._backoff = Backoff(stop)
        self._replies: deque[tuple[Reply, int]] = deque()
        self._ahead = 0
        self._taken = threading.Condition()
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="activity-reader", daemon=True).start()

    def take(self) -> list[Reply]:
        """Return what has been read since, or the first of it where that is much, without waiting.

        :raises StopIteration: the process was asked to end.
        """
        if self._stop.is_set():
            raise StopIteration
        if self._error is not None:
            raise RuntimeError("the activity reader ended") from self._error
        taken: list[Reply] = []
        size = 0
        with self._taken:
            while self._replies and size < _AHEAD:
                reply, more = self._replies.popleft()
                taken.append(reply)
                size += more
            self._ahead -= size
            self._taken.notify()
        return taken

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._read()
        except Stop:
            pass
        except BaseException as error:
            self._error = error

    def _read(self) -> None:
        try:
            replies: Any = self._valkey.xread(self._positions, count=_READ_COUNT, block=_BLOCK_MS)
        except (RedisError, OSError) as error:
            if type(error) is ResponseError:  # not one that passes, such as BusyLoadingError: a key of a wrong type
                raise
            logger.warning("valkey_away", error=str(error), attempts=self._backoff.attempts)
            self._valkey.connection_pool.disconnect()
            self._backoff.wait()
            return
        self._backoff.reset()
        for name, chunks in replies.items() if isinstance(replies, dict) else replies:
            stream = name.decode()
            entries = chunks[0] if isinstance(replies, dict) else chunks  # RESP3 has one list more
            size = sum(map(_size, entries))
            with self._taken:
                while self._ahead >= _AHEAD:
                    self._taken.wait(0.5)
                    if self._stop.is_set():
                        return
                self._replies.append(((stream, self._positions[stream], entries), size))
                self._ahead += size
            self._positions[stream] = entries[-1][0].decode()


def _size(entry: RawEntry) -> int:
    return _ENTRY + sum(map(len, (entry[1] or {}).values()))


class _Share(StatefulSourcePartition[Reply, None]):
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def next_batch(self) -> list[Reply]:
        return self._reader.take()

    def snapshot(self) -> None:
        return None  # the position is in PostgreSQL, in the transaction of the batch


class ActivitySource(FixedPartitionedSource[Reply, None]):
    """This process's share of the streams, as one partition: what was read together is committed together."""

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        self._open_reader = open_reader

    def list_parts(self) -> list[str]:
        return ["share"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Share:  # noqa: ARG002
        return _Share(self._open_reader())


def share_of(streams: Sequence[str], share: tuple[int, int]) -> list[str]:
    """Return the streams of process i of n, counted from 1."""
    number, of = share
    if not 1 <= number <= of <= len(streams):
        raise InputError(
            f"share is {number}/{of}; expected 1/1, or for example 2/3, of at most {len(streams)} streams",
            field="share",
        )
    return [stream for index, stream in enumerate(streams) if index % of == number - 1]


def decode_entries(reply: Reply) -> Batch:
    """Read the events of a reply; what is none keeps its bytes and the reason."""
    stream, previous_id, raw = reply
    return Batch(stream, previous_id, tuple(_decode_entry(entry_id.decode(), fields) for entry_id, fields in raw))


def _decode_entry(entry_id: str, fields: dict[bytes, bytes] | None) -> Entry:
    payload = (fields or {}).get(FIELD)
    if payload is None or len(fields or {}) != 1:
        everything = b"\n".join(name + b"=" + value for name, value in (fields or {}).items())
        return Entry(entry_id, everything, None, "the entry does not have exactly one field e")
    try:
        event = decode(payload)
        if event.received_at > datetime.now(UTC) + MOST_AHEAD:  # it would make all that comes later look decayed
            raise InputError(f"received_at is {event.received_at.isoformat()}, which is not yet", field="received_at")
        return Entry(entry_id, payload, event)
    except Exception as error:  # an entry must never end the flow, whatever is wrong with it
        return Entry(entry_id, payload, None, f"{type(error).__name__}: {error}")
