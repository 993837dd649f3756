"""Import files into the catalogue: read, recognise, convert, write, and account for every row."""

import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from carousel.catalogue import repository
from carousel.catalogue.feeds import mapping_file
from carousel.catalogue.feeds.convert import Converter, Given, Rejected
from carousel.catalogue.feeds.evidence import SAMPLE, ask_for_id, settle
from carousel.catalogue.feeds.feed import Feed, Row
from carousel.catalogue.feeds.header import Header, mapping_of, recognise_header, require
from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.feeds.preview import MappedField, preview
from carousel.catalogue.feeds.profiles import DistanceUnit
from carousel.catalogue.feeds.read import files_in, open_feed
from carousel.catalogue.feeds.rejects import ENDING, RejectsFile
from carousel.catalogue.feeds.report import FileReport, ImportReport, show
from carousel.catalogue.feeds.seen import Seen
from carousel.catalogue.imports import RejectedRow, RunRecorder
from carousel.catalogue.listing import RATES_PER_EUR, Listing, ListingId, feed_name
from carousel.catalogue.repository import BATCH, WriteResult
from carousel.errors import InputError, UnusableFeedError
from carousel.processes import temporary_folder
from carousel.storage.postgres import Connection
from carousel.telemetry import log

_logger = log(__name__)
_TELL_EVERY = 500
_PIPED_WIDTH = 160  # characters a line, where no terminal says how many it has
_MOST_REJECTED, _LEAST_REJECTED = 0.5, 5
"""Of a feed of which more is rejected nothing is written, unless it is only a handful of rows."""
_OF_THE_MAPPING = (
    "no_make", "no_model", "no_year", "year_out_of_range", "shifted_row", "repeated_id", "invalid_model_year",
    "invalid_make", "invalid_model", "invalid_listing_id",
)  # fmt: skip
_MOST_GONE, _LEAST_GONE = 0.3, 3
"""Share of the stock on offer that one full feed may withdraw."""

Told = Callable[[int, float], None]
"""Called now and then with the rows read so far and the share of all files that is."""


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What `carousel import` was told; None and empty mean: find out.

    :ivar words: {field: {cell: value}}: what words mean that no table has.
    :ivar force: write also what looks like a mistake: most rows rejected, much of the stock gone.
    :ivar most_bytes: what an archive may unpack to; None: anything.
    """

    source: str | None = None
    currency: str | None = None
    assumed_currency: str = "EUR"
    distance_unit: DistanceUnit | None = None
    make: str | None = None
    column_map: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    full_feed: bool = False
    dry_run: bool = False
    force: bool = False
    rejects: Path | None = None
    save_mapping: Path | None = None
    most_bytes: int | None = None

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
        for name in ("rejects", "save_mapping"):
            if getattr(self, name) is not None and files > 1:
                option = f"--{name.replace('_', '-')}"
                raise InputError(f"{option} names one file; give it with one FILE, or leave it out", field=name)


@dataclass(frozen=True)
class Input:
    """A file that was opened and understood; nothing of it has been imported yet."""

    feed: Feed
    header: Header
    given: Given
    size: int
    fields: tuple[MappedField, ...]
    questions: tuple[str, ...] = ()


def import_files(
    connection: Connection | None,
    files: Sequence[Path],
    options: ImportOptions,
    *,
    told: Told | None = None,
    on_withdrawn: Callable[[Sequence[ListingId]], None] | None = None,
    on_reject: Callable[[RejectedRow], None] | None = None,
) -> ImportReport:
    """Import files and folders and return what became of every row.

    The catalogue changes once, at the end, in one transaction: it is as it was before, or has all of it.

    :param connection: in autocommit; None for a dry run without a database, where every listing counts as imported.
    :param on_withdrawn: called with the listings a full feed no longer has, after they were withdrawn.
    :param on_reject: called with each row that was rejected.
    :raises InputError: an option that cannot be right.
    :raises UnusableFeedError: a file that cannot be read or lacks make, model or year.
    :raises TooLargeError: an archive that unpacks to more than it may.
    """
    if connection is None and not options.dry_run:
        raise InputError("an import without a database is a dry run; say so with --dry-run")
    started = time.perf_counter()
    report = ImportReport(dry_run=options.dry_run)
    with (
        temporary_folder("carousel-import-") as folder,
        contextlib.closing(Seen()) as seen,
        contextlib.ExitStack() as open_until_the_end,
    ):
        inputs = _open_all(files, options, report, folder)
        rejects = [
            open_until_the_end.enter_context(RejectsFile(i.feed.path, i.feed.columns, named=options.rejects))
            for i in inputs
        ]
        sources = dict.fromkeys(item.given.source for item in inputs)
        offer = repository.Offer(connection, sources) if options.full_feed and connection is not None else None
        run = _Run(connection, options, report, seen, told, on_reject)
        total = sum(i.size for i in inputs) or 1
        done = 0
        for item, own in zip(inputs, rejects, strict=True):
            report.files.append(run.read(item, own, done / total, item.size / total))
            done += item.size
        gone = [listing_id for chunk in offer.chunks() for listing_id in seen.missing(chunk)] if offer else []
        if report.unnamed and not options.force:
            report.not_withdrawn, gone = len(gone), []
        report.refused = None if options.force else _refusal(report, len(gone), len(offer or ()))
        if connection is not None and not options.dry_run:
            withdrawn = run.apply(offer, gone if report.exit_code == 0 else [])
            if withdrawn and on_withdrawn is not None:
                on_withdrawn(withdrawn)
        applied = not options.dry_run and report.refused is None
        report.files = [
            replace(file, rejects=own.keep(dry_run=options.dry_run, applied=applied))
            for file, own in zip(report.files, rejects, strict=True)
        ]
    report.seconds = time.perf_counter() - started
    counts = {
        k: v for k, v in report.to_json().items() if k not in ("mapping", "attributes", "fields", "unknown_values")
    }
    _logger.info("import finished", files=len(files), dry_run=report.dry_run, **counts)
    return report


def import_in_terminal(
    connection: Connection | None,
    files: Sequence[Path],
    options: ImportOptions,
    *,
    as_json: bool,
    on_withdrawn: Callable[[Sequence[ListingId]], None] | None = None,
    recorder: RunRecorder | None = None,
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
            if recorder is not None:
                recorder.progress(rows, share)

        on_reject = recorder.reject if recorder else None
        report = import_files(connection, files, options, told=told, on_withdrawn=on_withdrawn, on_reject=on_reject)
    if recorder is not None:
        recorder.finish(report)
    if as_json:
        print(report.printed())  # noqa: T201 - a command line prints
    else:
        plain = Console()
        show(report, plain if plain.is_terminal else Console(width=_PIPED_WIDTH))
    return report.exit_code


def _open_all(files: Sequence[Path], options: ImportOptions, report: ImportReport, folder: Path) -> list[Input]:
    """Open all files before a row of any is read; of a folder, pass over those that are no feed."""
    paths = files_in(files)
    options.check(len(paths))
    now = datetime.now(UTC)
    inputs: list[Input] = []
    for number, (path, named) in enumerate(paths):
        inside = folder / str(number)
        inside.mkdir()
        try:
            item = open_input(path, options, now, inside)
            if not named and not any(field.samples for field in item.fields):
                raise UnusableFeedError(f"{path}: none of its first rows is a car")
            inputs.append(item)
        except UnusableFeedError as error:
            if named:
                raise
            report.passed_over.append(str(error))
    if not inputs:
        raise UnusableFeedError(
            report.passed_over[0] if report.passed_over else f"{files[0]} holds no files; name a file or another folder"
        )
    return inputs


def open_input(path: Path, options: ImportOptions, now: datetime, folder: Path | None = None) -> Input:
    """Open a file, recognise its header and settle what the options leave open."""
    feed = open_feed(path, folder, most_bytes=options.most_bytes)
    rows = iter(feed)
    sample = list(itertools.islice(rows, SAMPLE))
    header = recognise_header(feed.columns, said=options.column_map, file=str(path))
    cells = [row.cells for row in sample if row.problem is None]
    header = settle(header, cells)
    name = _name_of(path)
    make = options.make or makes().make(name)
    require(header, make=make, file=str(path))
    # The file's name speaks only where no column does; --make always does.
    columns_speak = any(header.of(name) for name in ("make", "make_and_model", "title"))
    given = Given(
        source=options.source or (header.profile.name if header.profile else feed_name(name)) or "import",
        now=now,
        currency=options.currency.upper() if options.currency else None,
        assumed_currency=options.assumed_currency.upper(),
        distance_unit=options.distance_unit,
        make=options.make or (None if columns_speak else make),
        words=options.words,
    )
    if options.make:
        header = replace(header, columns=tuple(c for c in header.columns if c.field != "make"))
    if options.save_mapping is not None:
        said = {"source": given.source, "currency": given.currency, "distance_unit": given.distance_unit}
        mapping_file.save(options.save_mapping, header, {**said, "make": options.make}, options.words)
    fields = preview(header, Converter(header, given), sample)
    size = feed.path.stat().st_size
    questions = header.questions + ask_for_id(header, cells)
    return Input(replace(feed, rows=itertools.chain(sample, rows)), header, given, size, fields, questions)


def _name_of(path: Path) -> str:
    """Return what a file is called without its endings; mended rejects of a file belong to the same source."""
    return Path(path.name.removesuffix(ENDING).removesuffix(".gz")).stem


@dataclass
class _Batch:
    """Listings to write, each with the source's own row.

    :ivar keep_sold: their rows do not say whether they were sold since.
    """

    keep_sold: bool
    listings: list[Listing] = field(default_factory=list)
    raw: list[dict[str, Any] | None] = field(default_factory=list)


class _Run:
    """Reads files into the stage, batch by batch, and applies it."""

    def __init__(
        self,
        connection: Connection | None,
        options: ImportOptions,
        report: ImportReport,
        seen: Seen,
        told: Told | None,
        on_reject: Callable[[RejectedRow], None] | None,
    ) -> None:
        self._connection = connection
        self._options = options
        self._report = report
        self._seen = seen
        self._told = told
        self._on_reject = on_reject
        self._stage = None if connection is None or options.dry_run else repository.Stage(connection)

    def read(self, item: Input, rejects: RejectsFile, before: float, share: float) -> FileReport:
        """Read one file, whose rows are a share of all."""
        feed, header, report = item.feed, item.header, self._report
        converter = Converter(header, item.given)
        known, unknown = _Batch(keep_sold=False), _Batch(keep_sold=True)
        for row, outcome in outcomes(item, self._seen, converter):
            report.read += 1
            if not report.read % _TELL_EVERY and self._told is not None:
                self._told(report.read, before + feed.read * share)
            if outcome is None:
                report.duplicates += 1
            elif isinstance(outcome, Rejected):
                report.rejected_by_reason[outcome.reason] += 1
                report.unnamed += header.of("listing_id") is not None and _may_be_a_listing(row, outcome)
                rejects.add(row, outcome)
                if self._on_reject is not None:
                    self._on_reject(_rejected_row(feed, row, outcome))
            else:
                report.warnings.update(outcome.import_warnings)
                batch = known if converter.says_status(row.cells) else unknown
                batch.listings.append(outcome)
                batch.raw.append(row.raw if row.raw is not None else dict(zip(feed.columns, row.cells, strict=True)))
                if len(batch.listings) >= BATCH:
                    self._write(batch)
        self._write(known)
        self._write(unknown)
        report.unknown_values += converter.unknown
        profile = header.profile.name if header.profile else None
        return FileReport(
            feed.path, feed.form, profile, item.given.source, mapping_of(header), header.attributes, item.fields,
            item.questions,
        )  # fmt: skip

    def _write(self, batch: "_Batch") -> None:
        """Stage a batch, or see what would become of it; empty it."""
        listings, keep_sold = batch.listings, batch.keep_sold
        if not listings:
            return
        if self._stage is not None:
            self._report.written += self._stage.add(listings, batch.raw, keep_sold=keep_sold)
        elif self._connection is not None:
            self._report.written += repository.preview(self._connection, listings, keep_sold=keep_sold)
        else:
            self._report.written += WriteResult(imported=len(listings))
        batch.listings.clear()
        batch.raw.clear()

    def apply(self, offer: repository.Offer | None, gone: Sequence[ListingId]) -> list[ListingId]:
        """Change the catalogue, unless the run was refused; return the listings that were withdrawn."""
        report, written = self._report, self._report.written
        assert self._connection is not None
        assert self._stage is not None
        if report.refused is not None:
            report.held_back, report.written = written.imported + written.updated + written.unchanged, WriteResult()
            return []
        with repository.bulk_index(self._connection, written.imported + written.updated):
            left, withdrawn = self._stage.apply(offer, gone)
        report.withdrawn = len(withdrawn)
        report.written = WriteResult(
            written.imported - left.imported,
            written.updated - left.updated,
            written.unchanged + left.imported + left.updated,
        )
        if written.imported or withdrawn:
            repository.refit_knots(self._connection)
        return withdrawn


def outcomes(
    item: Input, seen: Seen, converter: Converter | None = None
) -> Iterator[tuple[Row, Listing | Rejected | None]]:
    """Yield each row with its listing, why it is none, or None for an exact duplicate.

    :param seen: the listings of this run so far; grows.
    """
    converter = converter or Converter(item.header, item.given)
    for row in item.feed:
        yield row, _judge(row, item.feed, converter, seen)


def _judge(row: Row, feed: Feed, converter: Converter, seen: Seen) -> Listing | Rejected | None:
    if row.problem is not None:
        mentioned = converter.mentioned(row)
        for listing_id in mentioned:
            seen.add(listing_id, None)
        return Rejected(*row.problem, mentioned[0] if mentioned else None)
    if tuple(row.cells) == feed.columns:
        return Rejected("header_row", "the header again")
    digest = converter.digest(row.cells)
    listing_id = converter.listing_id(row.cells, digest)
    before = seen.digest(listing_id)
    if before is not None:
        if before == digest:
            return None
        return Rejected("repeated_id", f"{listing_id} stands on an earlier row with other values; the first one counts")
    outcome = converter.convert(row, listing_id)
    if isinstance(outcome, Listing):
        seen.add(listing_id, digest)
    elif outcome.listing_id is not None:
        seen.add(listing_id, None)  # still in the feed: what was imported before stays on sale
    return outcome


def _may_be_a_listing(row: Row, why: Rejected) -> bool:
    """Tell a row that cannot be read and may mean any listing from one that names its own, and from a remark.

    A remark is a line of one cell, such as "1,204 cars" below the table.
    """
    if row.problem is None or why.listing_id is not None:
        return False
    return why.reason != "ragged_row" or sum(bool(cell.strip()) for cell in row.cells) > 1


def _rejected_row(feed: Feed, row: Row, why: Rejected) -> RejectedRow:
    beyond = (f"column_{n}" for n in itertools.count(len(feed.columns) + 1))  # cells of a row that is too long
    cells = dict(zip(itertools.chain(feed.columns, beyond), row.cells, strict=False))
    return RejectedRow(str(feed.path), row.line, why.reason, why.detail, cells)


def _refusal(report: ImportReport, gone: int, offered: int) -> str | None:
    """Return why a run looks like a mistake and should not be written, else None.

    :param gone: listings on offer that no row mentions.
    """
    mistaken = sum(report.rejected_by_reason[reason] for reason in _OF_THE_MAPPING)
    if mistaken >= _LEAST_REJECTED and mistaken > (report.read - report.duplicates) * _MOST_REJECTED:
        reason, count = report.rejected_by_reason.most_common(1)[0]
        return (
            f"{mistaken:,} of {report.read:,} rows would be rejected, {count:,} as {reason}; the columns may be"
            " understood wrongly: look at --dry-run, correct it with --map, or insist with --force"
        )
    if gone >= _LEAST_GONE and gone > offered * _MOST_GONE:
        return (
            f"{gone:,} of {offered:,} listings on offer are not in this feed and would be withdrawn; if it is"
            " complete, insist with --force"
        )
    return None
