"""Runs of imports and the rows they rejected: the only place that knows tables `import_run` and `import_reject`.

A run is recorded on a connection of its own, beside the import's, so that it can be watched while the import is one
open transaction. That connection holds an advisory lock for as long as the process lives; a run that says "running"
and whose lock is free was interrupted, however its process ended.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import class_row
from uuid_utils.compat import uuid7

from carousel.errors import CarouselError, NotFoundError
from carousel.storage.postgres import AsyncConnection, Connection
from carousel.telemetry import log

if TYPE_CHECKING:
    from carousel.catalogue.feeds.report import ImportReport

MOST_REJECTS = 10_000
"""Rejected rows kept of one run; the count goes on."""

RUNS_WITH_REJECTS = 20
DAYS_OF_REJECTS = 30
DAYS_OF_RUNS = 365

_TELL_SECONDS = 1.0
_BATCH = 500
_LARGEST_ROW = 64 * 1024
_LARGEST_CELL = 1_000
_logger = log(__name__)

State = Literal["running", "done", "failed", "interrupted"]
RequestedBy = Literal["cli", "api", "sync"]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that became no listing.

    :param line: where it stands in its file, from 1.
    :param row: its own cells by column.
    """

    file: str
    line: int
    reason: str
    detail: str
    row: dict[str, str]


@dataclass(frozen=True, slots=True)
class NumberedReject(RejectedRow):
    number: int


@dataclass(frozen=True, slots=True)
class Run:
    """One import, as it is recorded; docs/feeds.md says what each field means."""

    import_id: UUID
    sources: list[str]
    files: list[str]
    requested_by: RequestedBy
    dry_run: bool
    state: State
    started_at: datetime
    seen_at: datetime
    finished_at: datetime | None
    share: float
    rows_read: int
    rejects: int
    counts: dict[str, Any] | None
    mapping: dict[str, str] | None
    error: str | None

    @property
    def seconds(self) -> float:
        """How long it took, or takes so far."""
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()


_RUN = ", ".join(field.name for field in fields(Run))


class RunRecorder:
    """Writes down what one import does. A database that does not take it down never fails the import itself."""

    def __init__(self, connection: Connection, import_id: UUID, names: Mapping[str, str]) -> None:
        self.import_id = import_id
        self._connection = connection
        self._names = names
        self._rows_read = 0
        self._share = 0.0
        self._rejects = 0
        self._batch: list[tuple[UUID, int, str, int, str, str, str]] = []
        self._told = time.monotonic()
        self.over = False

    def progress(self, rows_read: int, share: float) -> None:
        """Take down how far it is: at most once a second, as it is called for every few hundred rows."""
        self._rows_read, self._share = rows_read, min(max(share, 0.0), 1.0)
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._write()

    def reject(self, row: RejectedRow) -> None:
        """Take down a rejected row."""
        self._rejects += 1
        if self._rejects > MOST_REJECTS:
            return
        file = self._without_paths(row.file)
        cells = (_text(file), row.line, row.reason, _text(self._without_paths(row.detail)), _cells(row.row))
        self._batch.append((self.import_id, self._rejects, *cells))
        if len(self._batch) >= _BATCH:
            self._write()

    def finish(self, report: "ImportReport") -> None:
        """Close the run with its report; one that changed nothing because it looked wrong has failed."""
        counts = report.to_json()
        mapping = counts.pop("mapping")
        sources = sorted({file.source for file in report.files})
        self._rows_read, self._share = report.read, 1.0
        self._end(
            "failed" if report.failure else "done", report.failure, counts=counts, mapping=mapping, sources=sources
        )

    def fail(self, error: str, *, state: Literal["failed", "interrupted"] = "failed") -> None:
        """Close the run without a report."""
        self._end(state, self._without_paths(error))

    def close(self, error: str, *, state: Literal["failed", "interrupted"] = "failed") -> None:
        """Close the run if nobody has; its counts are another process's and stay."""
        self._finish(state, self._without_paths(error))

    def _end(self, state: State, error: str | None, **said: Any) -> None:
        self._write()
        self._finish(state, error, **said)

    def _finish(
        self,
        state: State,
        error: str | None,
        *,
        counts: dict[str, Any] | None = None,
        mapping: dict[str, str] | None = None,
        sources: Sequence[str] = (),
    ) -> None:
        self.over = True
        with _harmless("the end of an import is not recorded"):
            self._connection.execute(
                """
                UPDATE import_run SET state = %s, finished_at = clock_timestamp(), error = %s, counts = %s::jsonb,
                       mapping = %s::jsonb, sources = CASE WHEN %s::text[] = '{}' THEN sources ELSE %s::text[] END
                WHERE import_id = %s AND state = 'running'
                """,
                (state, error and _text(error)[:2_000], _json(counts), _json(mapping), list(sources), list(sources),
                 self.import_id),
            )  # fmt: skip

    def _write(self) -> None:
        self._told = time.monotonic()
        batch, self._batch = self._batch, []
        with _harmless("the progress of an import is not recorded"), self._connection.transaction():
            if batch:
                with self._connection.cursor().copy(
                    "COPY import_reject (import_id, number, file, line, reason, detail, row) FROM STDIN"
                ) as copy:
                    for row in batch:
                        copy.write_row(row)
            self._connection.execute(
                "UPDATE import_run SET rows_read = %s, share = %s, rejects = %s, seen_at = clock_timestamp() "
                "WHERE import_id = %s",
                (self._rows_read, self._share, self._rejects, self.import_id),
            )

    def _without_paths(self, text: str) -> str:
        """Say a file's name as it was given, where our own copy of it has another."""
        for path, name in self._names.items():
            text = text.replace(path, name)
        return text


@contextlib.contextmanager
def recorded(
    connection: Connection,
    files: Sequence[Path | str],
    *,
    requested_by: RequestedBy,
    source: str | None = None,
    dry_run: bool = False,
    names: Mapping[str, str] | None = None,
    feed_key: bytes | None = None,
    validators: Mapping[str, str] | None = None,
) -> Iterator[RunRecorder]:
    """Record what happens inside as one run; whoever runs the import calls `finish` with its report.

    Another import of the same source is waited for, where the source is known. An error closes the run as failed,
    Ctrl-C as interrupted, and goes on.

    :param connection: in autocommit, and for the recorder alone.
    :param files: files and addresses as given; secrets are taken out here.
    :param names: what to call a path in messages, where it is a copy of ours.
    """
    if source is not None and not hold_source(connection, source):
        _logger.info("waiting for another import of this source", source=source)
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (_source_lock(source),))
    import_id = start(
        connection, files, requested_by=requested_by, source=source, dry_run=dry_run, feed_key=feed_key,
        validators=validators,
    )  # fmt: skip
    with _closing(RunRecorder(connection, import_id, names or {})) as recorder:
        yield recorder


@contextlib.contextmanager
def adopted(
    connection: Connection, import_id: UUID, *, names: Mapping[str, str] | None = None
) -> Iterator[RunRecorder]:
    """Record a run that another process has started and holds, as `recorded` does."""
    _hold(connection, import_id)
    with _closing(RunRecorder(connection, import_id, names or {})) as recorder:
        yield recorder


@contextlib.contextmanager
def _closing(recorder: RunRecorder) -> Iterator[RunRecorder]:
    try:
        yield recorder
    except CarouselError as error:
        recorder.fail(str(error))
        raise
    except Exception as error:
        recorder.fail(f"unexpected {type(error).__name__}; the log of this time says more")
        raise
    except BaseException:
        recorder.fail("stopped before it was done; run it again", state="interrupted")
        raise
    if not recorder.over:
        recorder.fail("ended without a report")


def start(
    connection: Connection,
    files: Sequence[Path | str],
    *,
    requested_by: RequestedBy,
    source: str | None = None,
    dry_run: bool = False,
    feed_key: bytes | None = None,
    validators: Mapping[str, str] | None = None,
) -> UUID:
    """Begin a run and hold it with this connection's session; forget what is too old. Return its id."""
    _forget(connection)  # first: a session's own locks do not keep it from sweeping
    import_id = uuid7()
    _hold(connection, import_id)  # before the row: a visible run without a holder is a dead one
    connection.execute(
        """
        INSERT INTO import_run (import_id, sources, files, requested_by, dry_run, feed_key, validators)
        VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb)
        """,
        (import_id, [source] if source else [], [_text(shown(str(file))) for file in files], requested_by, dry_run,
         feed_key, _json(validators)),
    )  # fmt: skip
    return import_id


def hold_source(connection: Connection, source: str) -> bool:
    """Keep other imports of a source away while this connection lives; False when one is there already."""
    found = connection.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (_source_lock(source),)
    ).fetchone()
    assert found is not None
    return bool(found[0])


def last_validators(connection: Connection, feed_key: bytes) -> dict[str, str]:
    """Return what tells the version of a feed that the catalogue holds.

    Empty unless the last import that may have changed listings of its source was this feed, complete.
    """
    found = connection.execute(
        """
        WITH run AS (
            SELECT * FROM import_run WHERE NOT dry_run AND NOT (state = 'failed' AND rows_read = 0)
        ),
        complete AS (SELECT * FROM run WHERE feed_key = %(key)s AND state = 'done' ORDER BY import_id DESC LIMIT 1)
        SELECT validators FROM complete
        WHERE NOT EXISTS (
            SELECT FROM run WHERE import_id > complete.import_id
                                  AND (feed_key = %(key)s OR sources && complete.sources OR sources = '{}')
        )
        """,
        {"key": feed_key},
    ).fetchone()
    return dict(found[0] or {}) if found else {}


def shown(file: str) -> str:
    """Return a file or address as it may be shown and stored.

    Of an address go the user, the password and the values of the query, any of which may be a secret.
    """
    if "://" not in file:
        return file
    try:
        parts = urlsplit(file)
    except ValueError:
        return "an address that is none"
    query = "&".join(f"{name}=…" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


# --- reads of the API ------------------------------------------------------------------------------------------------


async def page(connection: AsyncConnection, *, source: str | None, before: UUID | None, n: int) -> list[Run]:
    """Return runs, the newest first, from behind `before` on."""
    await _sweep(connection)
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"""
            SELECT {_RUN} FROM import_run
            WHERE (%(source)s::text IS NULL OR %(source)s = ANY(sources))
                  AND (%(before)s::uuid IS NULL OR import_id < %(before)s)
            ORDER BY import_id DESC LIMIT %(n)s
            """,  # noqa: S608 - constant columns
            {"source": source, "before": before, "n": n},
        )
        return await cursor.fetchall()


async def get(connection: AsyncConnection, import_id: UUID) -> Run:
    """Return one run.

    :raises NotFoundError: there is none.
    """
    await _sweep(connection)
    async with connection.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"SELECT {_RUN} FROM import_run WHERE import_id = %s",  # noqa: S608 - constant columns
            (import_id,),
        )
        run = await cursor.fetchone()
    if run is None:
        raise NotFoundError(f"no import has the id {import_id}; GET /v1/imports lists them", field="import_id")
    return run


async def rejects(connection: AsyncConnection, import_id: UUID, *, after: int, n: int) -> list[NumberedReject]:
    """Return rejected rows of a run in their order, from behind number `after` on."""
    async with connection.cursor(row_factory=class_row(NumberedReject)) as cursor:
        await cursor.execute(
            "SELECT number, file, line, reason, detail, row FROM import_reject WHERE import_id = %s AND number > %s "
            "ORDER BY number LIMIT %s",
            (import_id, after, n),
        )
        return await cursor.fetchall()


async def reject_columns(connection: AsyncConnection, import_id: UUID) -> list[str]:
    """Return the columns of all rejected rows of a run, in the order in which they stand in the files."""
    cursor = await connection.execute(
        """
        SELECT name FROM import_reject, json_object_keys(row) WITH ORDINALITY AS cell (name, place)
        WHERE import_id = %s GROUP BY name ORDER BY min(number), min(place)
        """,
        (import_id,),
    )
    return [name for (name,) in await cursor.fetchall()]


# --- what is alive and what is forgotten -----------------------------------------------------------------------------

_RUN_LOCK = "hashtextextended('carousel import ' || %s, 0)"
# Whoever gets the lock of a running run knows that nobody holds it. The lock goes with the statement.
_SWEEP = """
UPDATE import_run SET state = 'interrupted', finished_at = seen_at,
       error = 'its process ended without a word; run it again'
WHERE state = 'running' AND pg_try_advisory_xact_lock(hashtextextended('carousel import ' || import_id, 0))
"""


def _hold(connection: Connection, import_id: UUID) -> None:
    # Shared: the API and the process it started hold one run together.
    connection.execute(f"SELECT pg_advisory_lock_shared({_RUN_LOCK})".encode(), (str(import_id),))


def _source_lock(source: str) -> str:
    return f"carousel import of source {source}"


async def _sweep(connection: AsyncConnection) -> None:
    """Mark the runs whose process is gone; almost always there is none, and the index says so."""
    await connection.execute(_SWEEP)


def _forget(connection: Connection) -> None:
    connection.execute(_SWEEP)
    connection.execute(
        """
        DELETE FROM import_reject WHERE import_id IN (
            SELECT import_id FROM (
                SELECT import_id, started_at, row_number() OVER (PARTITION BY sources ORDER BY import_id DESC) AS place
                FROM import_run
            ) AS runs
            WHERE place > %s OR started_at < now() - make_interval(days => %s)
        )
        """,
        (RUNS_WITH_REJECTS, DAYS_OF_REJECTS),
    )
    connection.execute("DELETE FROM import_run WHERE started_at < now() - make_interval(days => %s)", (DAYS_OF_RUNS,))


@contextlib.contextmanager
def _harmless(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        _logger.warning(what, error=f"{type(error).__name__}: {error}".splitlines()[0])


def _text(text: str) -> str:
    """Return text that PostgreSQL takes: without NUL and without halves of surrogate pairs."""
    return text.replace("\x00", "�").encode(errors="replace").decode()


def _cells(row: Mapping[str, str]) -> str:
    cells = {_text(name): _text(cell) for name, cell in row.items()}
    if sum(map(len, cells.values())) > _LARGEST_ROW:  # a quote that was never closed, for example
        cells = {
            name: cell if len(cell) <= _LARGEST_CELL else cell[:_LARGEST_CELL] + "…" for name, cell in cells.items()
        }
    return orjson.dumps(cells).decode()


def _json(value: Mapping[str, Any] | None) -> str | None:
    # jsonb takes no NUL, not even as an escape.
    return None if value is None else orjson.dumps(value).decode().replace("\\u0000", "\\ufffd")
