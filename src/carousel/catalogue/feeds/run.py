"""Import files into the catalogue: read, recognise, convert, write, and account for every row."""

import contextlib
import csv
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from carousel.catalogue import repository
from carousel.catalogue.feeds.convert import Converter, Given, Rejected
from carousel.catalogue.feeds.header import Header, mapping_of, recognise_header
from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.feeds.profiles import DistanceUnit
from carousel.catalogue.feeds.read import Feed, Row, open_feed
from carousel.catalogue.feeds.report import FileReport, ImportReport, show
from carousel.catalogue.listing import RATES_PER_EUR, Listing, ListingId, slug
from carousel.catalogue.repository import BATCH, WriteResult
from carousel.errors import InputError
from carousel.storage.postgres import Connection
from carousel.telemetry import log

_logger = log(__name__)
_TELL_EVERY = 500

Told = Callable[[int, float], None]
"""Called now and then with the rows read so far and the share of all files that is."""


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What `carousel import` was told; None and empty mean: find out."""

    source: str | None = None
    currency: str | None = None
    assumed_currency: str = "EUR"
    distance_unit: DistanceUnit | None = None
    make: str | None = None
    column_map: Mapping[str, str] = field(default_factory=dict)
    full_feed: bool = False
    dry_run: bool = False
    rejects: Path | None = None

    def check(self, files: int) -> None:
        """:raises InputError: an option that cannot be right."""
        for name in ("currency", "assumed_currency"):
            code = getattr(self, name)
            if code is not None and code.upper() not in RATES_PER_EUR:
                raise InputError(f"{name} is {code!r}; use one of {', '.join(RATES_PER_EUR)}", field=name)
        if self.distance_unit not in (None, "km", "mi"):
            raise InputError(f"--distance-unit is {self.distance_unit!r}; use km or mi", field="distance_unit")
        if self.source is not None and not re.fullmatch(r"[\w.-]{1,64}", self.source):
            raise InputError(
                f"--source is {self.source!r}; use up to 64 letters, digits, dots, dashes and underscores",
                field="source",
            )
        if self.rejects is not None and files > 1:
            raise InputError("--rejects names one file; give it with one FILE, or leave it out", field="rejects")


@dataclass(frozen=True)
class Input:
    """A file that was opened and understood; nothing of it has been imported yet."""

    feed: Feed
    header: Header
    given: Given
    size: int


def import_files(
    connection: Connection | None,
    files: Sequence[Path],
    options: ImportOptions,
    *,
    told: Told | None = None,
    on_withdrawn: Callable[[Sequence[ListingId]], None] | None = None,
) -> ImportReport:
    """Import files and return what became of every row.

    All files are opened and their headers recognised before the first row is written, so a file that cannot be
    used stops the import before it began.

    :param connection: in autocommit; None for a dry run without a database, where every listing counts as imported.
    :param on_withdrawn: called with the listings a full feed no longer has, after they were withdrawn.
    :raises InputError: an option that cannot be right.
    :raises UnusableFeedError: a file that cannot be read or lacks make, model or year.
    """
    options.check(len(files))
    if connection is None and not options.dry_run:
        raise InputError("an import without a database is a dry run; say so with --dry-run")
    started = time.perf_counter()
    now = datetime.now(UTC)
    inputs = [open_input(path, options, now) for path in files]
    report = ImportReport(dry_run=options.dry_run)
    writer = _Writer(connection, report, options.dry_run)
    present: dict[str, set[ListingId]] = {}
    total = sum(i.size for i in inputs) or 1
    done = 0
    with writer:
        for item in inputs:
            seen = present.setdefault(item.given.source, set())

            def tell(feed: Feed = item.feed, before: int = done, size: int = item.size) -> float:
                share = (before + feed.read * size) / total
                if told is not None:
                    told(report.read, share)
                return share

            report.files.append(_import_file(item, writer, report, seen, options, tell))
            done += item.size
    if options.full_feed and not options.dry_run and connection is not None and report.exit_code == 0:
        _withdraw(connection, present, report, on_withdrawn)
    if connection is not None and not options.dry_run and (report.written.imported or report.withdrawn):
        repository.refit_knots(connection)
    report.seconds = time.perf_counter() - started
    counts = {k: v for k, v in report.to_json().items() if k != "mapping"}
    _logger.info("import finished", files=len(files), withdrawn=report.withdrawn, dry_run=report.dry_run, **counts)
    return report


def import_in_terminal(
    connection: Connection | None,
    files: Sequence[Path],
    options: ImportOptions,
    *,
    as_json: bool,
    on_withdrawn: Callable[[Sequence[ListingId]], None] | None = None,
) -> int:
    """Do what `carousel import` does: a progress bar on stderr, the summary or JSON on stdout; return the exit code."""
    errors = Console(stderr=True)
    columns = (
        SpinnerColumn(), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(),
        TextColumn("rows, {task.fields[rate]:,.0f}/s"),
    )  # fmt: skip
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("import", total=None, rate=0.0)
        started = time.perf_counter()

        def told(rows: int, share: float) -> None:
            rate = rows / max(time.perf_counter() - started, 1e-3)
            progress.update(task, completed=rows, total=round(rows / share) if share else None, rate=rate)

        report = import_files(connection, files, options, told=told, on_withdrawn=on_withdrawn)
    if as_json:
        print(orjson.dumps(report.to_json()).decode())  # noqa: T201 - a command line prints
    else:
        show(report, Console())
    return report.exit_code


def open_input(path: Path, options: ImportOptions, now: datetime) -> Input:
    """Open a file, recognise its header and settle what the options leave open."""
    feed = open_feed(path)
    make = options.make or makes().make(path.stem)
    header = recognise_header(feed.columns, said=options.column_map, make=make, file=str(path))
    # The file's name speaks only where no column does; --make always does.
    columns_speak = any(header.of(name) for name in ("make", "make_and_model", "title"))
    given = Given(
        source=options.source or (header.profile.name if header.profile else slug(path.stem)[:64]) or "import",
        now=now,
        currency=options.currency.upper() if options.currency else None,
        assumed_currency=options.assumed_currency.upper(),
        distance_unit=options.distance_unit,
        make=options.make or (None if columns_speak else make),
    )
    if options.make:
        header = replace(header, columns=tuple(c for c in header.columns if c.field != "make"))
    return Input(feed, header, given, path.stat().st_size)


def _import_file(
    item: Input,
    writer: "_Writer",
    report: ImportReport,
    present: set[ListingId],
    options: ImportOptions,
    tell: Callable[[], float],
) -> FileReport:
    feed, header = item.feed, item.header
    digests: dict[ListingId, str] = writer.digests.setdefault(item.given.source, {})
    # A source without a status column does not know what was sold since.
    writer.keep_sold = header.of("status") is None
    path = options.rejects or Path.cwd() / f"{feed.path.name}.rejects.csv"
    with _rejects(path, feed.columns, tidy=options.rejects is None) as reject:
        for row, outcome in outcomes(item, digests):
            report.read += 1
            if not report.read % _TELL_EVERY:
                tell()
            if outcome is None:
                report.duplicates += 1
            elif isinstance(outcome, Rejected):
                report.rejected_by_reason[outcome.reason] += 1
                reject(row, outcome)
                if outcome.listing_id is not None:
                    present.add(outcome.listing_id)  # still in the feed: what was imported before stays on sale
            else:
                present.add(outcome.listing_id)
                raw = row.raw if row.raw is not None else dict(zip(feed.columns, row.cells, strict=True))
                writer.add(outcome, raw, tell)
        writer.flush(tell)
    return FileReport(
        feed.path,
        feed.form,
        header.profile.name if header.profile else None,
        item.given.source,
        mapping_of(header),
        path if path.exists() else None,
    )


def outcomes(item: Input, digests: dict[ListingId, str]) -> Iterator[tuple[Row, Listing | Rejected | None]]:
    """Yield each row with its listing, why it is none, or None for an exact duplicate.

    :param digests: content of the listings of this source so far; grows.
    """
    converter = Converter(item.header, item.given)
    for row in item.feed:
        yield row, _judge(row, item.feed, converter, digests)


def _judge(row: Row, feed: Feed, converter: Converter, digests: dict[ListingId, str]) -> Listing | Rejected | None:
    if row.problem is not None:
        return Rejected(*row.problem)
    if tuple(row.cells) == feed.columns:
        return Rejected("header_row", "the header again")
    digest = converter.digest(row.cells)
    listing_id = converter.listing_id(row.cells, digest)
    before = digests.get(listing_id)
    if before is not None:
        if before == digest:
            return None
        return Rejected("repeated_id", f"{listing_id} stands on an earlier row with other values; the first one counts")
    outcome = converter.convert(row, listing_id)
    if isinstance(outcome, Listing):
        digests[listing_id] = digest
    return outcome


def _withdraw(
    connection: Connection,
    present: Mapping[str, set[ListingId]],
    report: ImportReport,
    on_withdrawn: Callable[[Sequence[ListingId]], None] | None,
) -> None:
    for source, listing_ids in present.items():
        gone = repository.absent(connection, source, listing_ids)
        report.withdrawn += repository.set_status(connection, gone, "withdrawn")
        if gone and on_withdrawn is not None:
            on_withdrawn(gone)


class _Writer:
    """Writes listings in batches, without the nearest-neighbour index where that is faster."""

    def __init__(self, connection: Connection | None, report: ImportReport, dry_run: bool) -> None:
        self.keep_sold = True
        self.digests: dict[str, dict[ListingId, str]] = {}
        self._connection = connection
        self._report = report
        self._dry_run = dry_run
        self._listings: list[Listing] = []
        self._raw: list[dict[str, Any] | None] = []
        self._changed = 0
        self._without_index = False
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def add(self, listing: Listing, raw: dict[str, Any] | None, tell: Callable[[], float]) -> None:
        self._listings.append(listing)
        self._raw.append(raw)
        if len(self._listings) >= BATCH:
            self.flush(tell)

    def flush(self, tell: Callable[[], float]) -> None:
        if not self._listings:
            return
        share = tell()
        self._report.written += self._write(share)
        self._listings, self._raw = [], []

    def _write(self, share: float) -> WriteResult:
        connection, listings = self._connection, self._listings
        if connection is None:
            return WriteResult(imported=len(listings))
        if not self._without_index:
            would = repository.preview(connection, listings, keep_sold=self.keep_sold)
            changes = would.imported + would.updated
            self._changed += changes
            if self._dry_run or not changes:
                return would
            # The rest of the files is taken to change as much as what was read of them.
            expected = round(self._changed / max(share, 1e-3))
            self._without_index = self._stack.enter_context(repository.bulk_index(connection, expected))
        return repository.upsert(connection, listings, self._raw, keep_sold=self.keep_sold)


@contextlib.contextmanager
def _rejects(path: Path, columns: Sequence[str], *, tidy: bool) -> Iterator[Callable[[Row, Rejected], None]]:
    """Collect rejected rows in a file that appears whole, at the end, and only when there are any.

    :param tidy: the name is ours, so a file of an earlier import goes when nothing was rejected this time.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    file: TextIO | None = None
    failed = False

    def reject(row: Row, why: Rejected) -> None:
        nonlocal file, failed
        if failed:
            return
        try:
            if file is None:
                file = partial.open("w", encoding="utf-8", errors="replace", newline="")
                csv.writer(file).writerow(["line", "reason", "detail", *columns])
            cells = [c.replace("\x00", "�") for c in row.cells]
            csv.writer(file).writerow([row.line, why.reason, why.detail, *cells])
        except OSError as error:
            failed = True
            _logger.warning("rejected rows not kept; name a file that can be written: --rejects", error=str(error))

    try:
        yield reject
        if file is not None and not failed:
            file.close()
            partial.replace(path)
        elif file is None and tidy:
            path.unlink(missing_ok=True)  # those of an earlier import would look like this one's
    finally:
        if file is not None:
            file.close()
        partial.unlink(missing_ok=True)
