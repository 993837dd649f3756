"""`carousel sync`: keep the catalogue equal to a feed, by a schedule."""

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import psycopg
import redis
from cronsim import CronSim, CronSimError

from carousel import __version__
from carousel.catalogue.feeds.download import check, fetch, is_url
from carousel.catalogue.feeds.report import ImportReport
from carousel.catalogue.feeds.run import ImportOptions
from carousel.catalogue.imports import last_validators, shown
from carousel.embedded.attach import attached
from carousel.embedded.recording import import_and_record, record_failure
from carousel.errors import CarouselError, InputError, UnusableFeedError
from carousel.processes import temporary_folder
from carousel.settings import Settings
from carousel.storage import postgres
from carousel.telemetry import log

_logger = log(__name__)
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


class Schedule(Protocol):
    def after(self, moment: datetime) -> datetime:
        """Return when to run next: the first moment later than this one."""


class Every:
    """Run at a steady pace, counted from the first run; one that takes longer skips what it missed."""

    def __init__(self, text: str, first: datetime) -> None:
        """:raises InputError: the text is no time such as 15m, 6h or 1d."""
        match = re.fullmatch(r"(\d{1,6})([mhd])", text)
        if match is None or int(match[1]) == 0:
            raise InputError(f"--every is {text!r}; use minutes, hours or days, such as 15m, 6h or 1d", field="every")
        self.seconds = int(match[1]) * _UNITS[match[2]]
        self._first = first

    def after(self, moment: datetime) -> datetime:
        passed = (moment - self._first).total_seconds()
        return self._first + timedelta(seconds=(passed // self.seconds + 1) * self.seconds)


class Cron:
    """Run at the moments of a cron expression, in a time zone; a night when clocks change has one run, not two."""

    def __init__(self, expression: str, zone: str) -> None:
        """:raises InputError: one of both is unknown."""
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(f"--timezone is {zone!r}; use a name such as Europe/Prague", field="timezone") from error
        try:
            next(CronSim(expression, datetime.now(self._zone)))
        except (CronSimError, StopIteration) as error:
            raise InputError(
                f"--cron is {expression!r}, which is no time that comes ({error}); '0 3 * * *' is every night at three",
                field="cron",
            ) from error
        self._expression = expression

    def after(self, moment: datetime) -> datetime:
        return next(CronSim(self._expression, moment.astimezone(self._zone))).astimezone(UTC)


def sync(
    settings: Settings,
    feed: str,
    options: ImportOptions,
    schedule: Schedule,
    *,
    tell: Callable[[str], None],
    stop: threading.Event | None = None,
) -> None:
    """Import a feed now and by its schedule, until Ctrl-C or `stop`; a run that fails is told, and the next one comes.

    :param feed: a file, or an address with http or https.
    """
    stopped = stop or threading.Event()
    with contextlib.suppress(KeyboardInterrupt):
        while not stopped.is_set():
            try:
                tell(_line(feed, run_once(settings, feed, options)))
            except (CarouselError, psycopg.Error, redis.RedisError, OSError) as error:
                tell(_said(feed, f"failed: {' '.join(str(error).split()) or type(error).__name__}"))
            except Exception as error:  # a fault of ours in one version of a feed: the next version may be fine
                _logger.exception("a run of sync failed")
                tell(_said(feed, f"failed: unexpected {type(error).__name__}, the log says more"))
            _wait(stopped, schedule.after(datetime.now(UTC)))
    tell(_said(feed, "stopped"))


def sync_once(settings: Settings, feed: str, options: ImportOptions, *, tell: Callable[[str], None]) -> int:
    """Import a feed once, if it has changed, and return the exit code: 0 also when it has not.

    :raises CarouselError: it could not be read.
    """
    report = run_once(settings, feed, options)
    tell(_line(feed, report))
    return report.exit_code if report else 0


def run_once(settings: Settings, feed: str, options: ImportOptions) -> ImportReport | None:
    """Import a feed, or return None when it is the version that was imported last with these options.

    :raises CarouselError: it cannot be fetched or read.
    """
    options.check(1)
    key = _feed_key(feed, options)
    with attached(settings) as found:
        with postgres.connect(str(found.database_url)) as connection:
            known = last_validators(connection, key)
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(_present(found, feed, known))
            except CarouselError as error:
                record_failure(found, options, name=feed, feed_key=key, error=str(error))
                raise
            if file is None:
                return None
            return import_and_record(found, file, options, name=feed, feed_key=key, validators=known)


@contextlib.contextmanager
def _present(settings: Settings, feed: str, known: dict[str, str]) -> Iterator[Path | None]:
    """Yield the feed as a file, None if its version is the one known; `known` then holds what tells the new one."""
    if not is_url(feed):
        version = _version(Path(feed))
        unchanged = version == known
        known.clear()
        known.update(version)
        yield None if unchanged else Path(feed)
        return
    authorization = settings.feed_authorization.get_secret_value() if settings.feed_authorization else None
    with temporary_folder("carousel-sync-") as folder:
        yield fetch(feed, folder, known, authorization=authorization, most_bytes=settings.import_mb * 2**20)


def _version(file: Path) -> dict[str, str]:
    try:
        found = file.stat()
    except OSError as error:
        raise UnusableFeedError(f"{file}: {error.strerror or error}; check the name and permissions") from error
    return {"modified": str(found.st_mtime_ns), "size": str(found.st_size)}


def check_feed(feed: str) -> None:
    """:raises InputError: what can be neither a file nor an address of ours."""
    if is_url(feed):
        check(feed)
    elif not Path(feed).is_file():
        raise InputError(f"{feed} is no file; give a file, or an address with http:// or https://")


def _feed_key(feed: str, options: ImportOptions) -> bytes:
    """Name a feed, the way it is read and the Carousel that reads it: another of these is to be imported anew."""
    place = str(Path(feed).absolute())
    if is_url(feed):
        parts = urlsplit(feed)
        place = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # a new password is no new feed
    said = orjson.dumps([__version__, place, asdict(options)], default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).digest()


def _wait(stopped: threading.Event, until: datetime) -> None:
    # In short pieces by the wall clock: a laptop that slept, or a clock that was set, is noticed.
    while (left := until.timestamp() - time.time()) > 0 and not stopped.wait(min(left, 30)):
        pass


def _line(feed: str, report: ImportReport | None) -> str:
    if report is None:
        return _said(feed, "unchanged")
    counts = {
        "read": report.read, "imported": report.written.imported, "updated": report.written.updated,
        "unchanged": report.written.unchanged, "duplicates": report.duplicates, "rejected": report.rejected,
        "withdrawn": report.withdrawn, "not withdrawn": report.not_withdrawn,
    }  # fmt: skip
    outcome = "done" if report.failure is None else f"failed: {report.failure}"
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name in ("read", "imported"))
    return _said(feed, f"{outcome}: {told}, {report.seconds:.1f} s")


def _said(feed: str, what: str) -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {shown(feed)} {what}"
