"""The spool: acknowledged events on this process's disk while the event log is away, replayed in order.

Off unless CAROUSEL_SPOOL names a folder. Each process appends to a file of its own, which it holds locked; what a
killed process left behind is replayed by the next one that starts. Replaying twice is harmless: an event_id counts
once. A line is an event, after the time in ms when the shopper's token was made where there is one: whoever is erased
meanwhile does not come back.
"""

import asyncio
import errno
import fcntl
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from carousel.activity.events import Event, decode, encode
from carousel.errors import InputError, StartError, UnavailableError
from carousel.telemetry import log, spool_events, spool_oldest_seconds

_BATCH = 500
_PAUSE = 0.5  # seconds between two attempts

_logger = log(__name__)
Spooled = tuple[Event, datetime | None]
Append = Callable[[Sequence[Event], Sequence[datetime | None]], Awaitable[object]]


class Spool:
    """The files of one process: its own, and those it inherited."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        """:param limit: most bytes kept in this process's own file; beyond that events are refused as before.

        :raises StartError: the folder cannot be written.
        """
        self._limit = limit
        self._writing = asyncio.Lock()
        self._waiting = asyncio.Event()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._inherited = [(path, file) for path in sorted(folder.glob("*.events")) if (file := _lock(path))]
            self._own, self._path = _own_file(folder)
        except OSError as error:
            raise StartError(f"CAROUSEL_SPOOL={folder} cannot be written: {error.strerror}; choose another") from error
        self._size = self._events = 0
        self._oldest: datetime | None = None
        if self._inherited:
            _logger.info("spool found", files=len(self._inherited))
            self._waiting.set()

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be replayed; all that comes now must wait behind it."""
        return self._waiting.is_set()

    async def write(self, events: Sequence[Event], issued_at: datetime | None = None) -> None:
        """Keep events on disk, with when their shopper's token was made.

        :raises UnavailableError: the spool is full, or its disk is.
        """
        token = b"%d " % (issued_at.timestamp() * 1_000) if issued_at else b""
        lines = b"".join(token + encode(event) + b"\n" for event in events)
        async with self._writing:
            if self._size + len(lines) > self._limit:
                raise UnavailableError("the event log does not take events and the spool is full; retry later")
            try:
                await anyio.to_thread.run_sync(self._write, lines)
            except OSError as error:
                os.ftruncate(self._own.fileno(), self._size)  # no half line: a retry writes the whole again
                raise UnavailableError(f"the spool cannot be written ({error.strerror}); retry") from error
            self._size += len(lines)
            self._events += len(events)
            self._oldest = self._oldest or datetime.now(UTC)
            self._waiting.set()
            self._tell()

    def _write(self, lines: bytes) -> None:
        if os.pwrite(self._own.fileno(), lines, self._size) < len(lines):  # what a disk does that is nearly full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._own.fileno())

    async def replay_forever(self, append: Append) -> None:
        """Replay what waits whenever the log takes events again."""
        while True:
            await self._waiting.wait()
            try:
                await self._replay(append)
            except UnavailableError:
                self._tell()
            except OSError as error:
                _logger.error("the spool cannot be read", error=str(error))
            else:
                continue
            await asyncio.sleep(_PAUSE)

    async def _replay(self, append: Append) -> None:
        while self._inherited:
            path, file = self._inherited[0]
            await self._replay_from(file, 0, append)
            path.unlink()
            file.close()
            self._inherited.pop(0)
        read = 0
        while True:
            before, read = read, await self._replay_from(self._own, read, append)
            async with self._writing:
                if read >= self._size or read == before:
                    if read < self._size:  # somebody else has written to the file
                        _logger.error("the end of the spool is no whole line", bytes=self._size - read)
                    os.ftruncate(self._own.fileno(), 0)
                    replayed = self._events
                    self._size = self._events = 0
                    self._oldest = None
                    self._waiting.clear()
                    self._tell()
                    _logger.info("spool replayed", events=replayed)
                    return

    async def _replay_from(self, file: BinaryIO, start: int, append: Append) -> int:
        """Append all whole lines from an offset on, and return the offset behind them."""
        while True:
            file.seek(start)
            lines = [line for line in file.readlines(_BATCH * 400) if line.endswith(b"\n")]  # the last may be torn
            if not lines:
                return start
            spooled = [one for line in lines if (one := _read(line))]
            await append([event for event, _ in spooled], [token for _, token in spooled])
            start += sum(map(len, lines))

    def close(self) -> None:
        """Let go of the files; what is in them is replayed by the next process."""
        if not self._size:
            self._path.unlink(missing_ok=True)
        for file in (self._own, *(file for _, file in self._inherited)):
            file.close()

    def _tell(self) -> None:
        spool_events.set(self._events)
        spool_oldest_seconds.set((datetime.now(UTC) - self._oldest).total_seconds() if self._oldest else 0)


def _own_file(folder: Path) -> tuple[BinaryIO, Path]:
    """Make a file of this process's own; it gets its name when it is locked, so that nobody inherits it before."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    file = _lock(folder / f"{name}.new")
    assert file is not None, "a name of our own"
    return file, (folder / f"{name}.new").rename(folder / f"{name}.events")


def _lock(path: Path) -> BinaryIO | None:
    """Open a file and lock it, or return None where a living process holds it."""
    file = open(path, "r+b" if path.exists() else "w+b", opener=_private)  # noqa: SIM115 - held for life
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _read(line: bytes) -> Spooled | None:
    issued, _, entry = line.partition(b" ") if line[:1].isdigit() else (b"", b"", line)
    try:
        return decode(entry), datetime.fromtimestamp(int(issued) / 1_000, UTC) if issued else None
    except (InputError, ValueError, OverflowError) as error:
        _logger.error("a line of the spool is no event", reason=str(error), line=line[:200])
        return None
