"""One file that holds everything, taken while it runs; and the way back.

The tables are pg_dump's, of one snapshot; the log's part is what that snapshot has not committed. So position, tastes
and archive agree by construction: what was committed after the snapshot lies behind the position in it, is in the
file as an entry of the log, and is applied again after a restore, once. pg_dump and not COPY: it knows partitions,
sequences, types and indexes, and its format is read by every PostgreSQL to come.
"""

import base64
import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict
from redis.exceptions import RedisError

from carousel import __version__
from carousel.activity import partitions as log_partitions
from carousel.activity.log import FIELD, stream_keys
from carousel.activity.repository import START
from carousel.embedded import erasures
from carousel.embedded.postgres import program
from carousel.embedded.prepare import prepare
from carousel.errors import CarouselError, InputError, StartError, UnavailableError, first_line
from carousel.processes import temporary_folder
from carousel.rights import erase
from carousel.rights.person import entries
from carousel.storage.migrations import known_migrations
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey

FORMAT = 1
_MANIFEST, _TABLES, _LOG = "manifest.json", "tables.dump", "log.ndjson.gz"
_PREFIXES = ("activity:", "seen:", "hidden:", "stated:", "slate:", "erasing:")
"""Keys of Valkey that a restore replaces or empties."""

# All that Carousel made in the schema, whoever owns the schema and the extension.
_DROP_ALL = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT c.oid::regclass AS name FROM pg_class AS c
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                     AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
    LOOP EXECUTE format('DROP TABLE %s CASCADE', one.name); END LOOP;
    FOR one IN SELECT c.oid::regclass AS name FROM pg_class AS c
               WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    LOOP EXECUTE format('DROP SEQUENCE %s CASCADE', one.name); END LOOP;
    DROP FUNCTION IF EXISTS ensure_activity_month(timestamptz);
END $$
"""


class BackupError(CarouselError):
    """A program of PostgreSQL failed; the message is its own."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; `sha256` is of the two other members."""

    format: int
    carousel: str
    taken_at: str
    migrations: Sequence[str]
    partitions: int
    positions: Mapping[str, tuple[str, int]]
    """Per stream: the last entry that the tables hold, and how many were read until then."""
    rows: Mapping[str, int]
    entries: int
    sha256: Mapping[str, str]


def backup(database_url: str, valkey: Valkey, file: Path, *, partitions: int) -> Manifest:
    """Write everything to a file, while it is used; the file appears when it is whole and on disk.

    :raises InputError: the file exists, or cannot be written.
    :raises StartError: there is nothing of Carousel in the database, or its log has another number of partitions.
    """
    if file.exists():
        raise InputError(f"{file} exists; choose another name", field="file")
    with contextlib.ExitStack() as stack:
        try:
            parts = stack.enter_context(temporary_folder(".carousel-backup-", file.absolute().parent))
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}", field="file") from error
        connection = stack.enter_context(connect(database_url, vectors=False))
        if not _one(connection, "SELECT to_regclass('stream_position') IS NOT NULL"):
            raise StartError(
                "this database holds nothing of Carousel to back up; look at CAROUSEL_DATABASE_URL, --home"
            )
        log_partitions.check(connection, partitions)
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            positions = _positions(connection)
            snapshot = _one(connection, "SELECT pg_export_snapshot()")
            # The log first: what is behind the positions now is all that the tables lack.
            count = _write_log(valkey, parts / _LOG, positions, partitions)
            _run(
                "pg_dump", database_url, "--format=custom", "--no-owner", "--no-privileges", "--no-comments",
                f"--snapshot={snapshot}", f"--file={parts / _TABLES}",
            )  # fmt: skip
            manifest = Manifest(
                format=FORMAT,
                carousel=__version__,
                taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
                migrations=_column(connection, "SELECT migration_id FROM _yoyo_migration ORDER BY 1"),
                partitions=partitions,
                positions=positions,
                rows={
                    table: int(_one(connection, f"SELECT count(*) FROM {table}"))  # noqa: S608 - one of these
                    for table in ("listing", "shopper", "taste", "activity", "dead_letter")
                },
                entries=count,
                sha256={name: _digest(parts / name) for name in (_TABLES, _LOG)},
            )  # fmt: skip
        (parts / _MANIFEST).write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        whole = parts / "whole.tar"
        with tarfile.open(whole, "w") as tar:
            for name in (_MANIFEST, _TABLES, _LOG):
                tar.add(parts / name, name)
        whole.chmod(0o600)
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.replace(file)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Return what a backup says of itself, without looking at the rest.

    :raises InputError: it is no backup, or of a newer Carousel.
    """
    try:
        with tarfile.open(file) as tar:
            member = tar.extractfile(_MANIFEST)
            said = orjson.loads(member.read()) if member else {}
    except (OSError, tarfile.TarError, KeyError, orjson.JSONDecodeError) as error:
        why = first_line(error).rstrip(":")
        raise InputError(
            f"{file} is no backup of Carousel ({why}); name a file of `carousel backup`", field="file"
        ) from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise InputError(f"{file} has format {said.get('format')}; this Carousel reads format {FORMAT}", field="file")
    manifest = Manifest(**said)
    unknown = set(manifest.migrations) - set(known_migrations())
    if unknown:
        raise InputError(f"{file} is of a newer Carousel ({manifest.carousel}): it has {min(unknown)}", field="file")
    return manifest


def restore(
    database_url: str, valkey: Valkey, file: Path, *, partitions: int, token_seconds: int, force: bool = False
) -> Manifest:
    """Put everything back as it was; nothing is touched before the whole file has been checked.

    :param force: replace what is there.
    :raises InputError: the file is no whole backup, or does not fit.
    :raises StartError: something is there already, or somebody uses it.
    :raises UnavailableError: a server does not answer.
    :raises BackupError: it ended halfway; the message says how to go on.
    """
    manifest = read_manifest(file)
    if manifest.partitions != partitions:
        raise InputError(
            f"{file} has {manifest.partitions} partitions and CAROUSEL_PARTITIONS is {partitions}; set it alike",
            field="file",
        )
    with temporary_folder("carousel-restore-") as parts:
        _unpack(file, parts, manifest)
        with connect(database_url, vectors=False) as connection:
            try:  # before the tables are replaced, which cannot be undone
                valkey.ping()
                _refuse_if_used(connection, valkey, force=force)
            except RedisError as error:
                raise UnavailableError(f"Valkey does not answer: {error}; nothing was changed") from error
            erased = erasures.read(connection)
        script, kept = parts / "tables.sql", parts / "erasures.sql"
        erasures.write_script(erased, kept)
        _run("pg_restore", None, "--no-owner", "--no-privileges", f"--file={script}", str(parts / _TABLES))
        _let_older_servers_read(script)
        _run("psql", database_url, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
             "--output=/dev/null", "--command", _DROP_ALL, "--file", str(script), "--file", str(kept))  # fmt: skip
        try:
            _empty(valkey)
            _read_log(valkey, parts / _LOG, manifest)
            prepare(database_url, partitions)
            with connect(database_url) as connection:
                for one in erasures.read(connection):
                    erase.refuse(valkey, one.shopper_hash, one.erased_at, token_seconds)
        except (CarouselError, RedisError, psycopg.Error) as error:
            raise BackupError(
                f"the tables of {file} are back, the rest is not: {first_line(error)}; mend that, then restore again "
                "with --force"
            ) from error
    return manifest


def _positions(connection: Connection) -> dict[str, tuple[str, int]]:
    rows = connection.execute(
        "SELECT stream, last_id, entries_read FROM stream_position WHERE flow = 'taste'"
    ).fetchall()
    return {stream: (last_id, count) for stream, last_id, count in rows}


def _write_log(valkey: Valkey, file: Path, positions: Mapping[str, tuple[str, int]], partitions: int) -> int:
    count = 0
    with gzip.open(file, "wb", compresslevel=1) as out:
        for stream in stream_keys(partitions):
            for entry_id, payload in entries(valkey, stream, f"({positions.get(stream, (START, 0))[0]}"):
                text = base64.b64encode(payload).decode()
                out.write(orjson.dumps({"stream": stream, "id": entry_id, "e": text}) + b"\n")
                count += 1
    return count


def _read_log(valkey: Valkey, file: Path, manifest: Manifest) -> None:
    """Write the streams anew: empty up to the positions, then what waited, each entry under its own id."""
    last = {stream: position for stream, (position, _) in manifest.positions.items() if position != START}
    added = {stream: count for stream, (_, count) in manifest.positions.items()}
    for stream, position in last.items():
        valkey.xadd(stream, {FIELD: b""}, id=position)
        valkey.xtrim(stream, maxlen=0, approximate=False)
    with gzip.open(file, "rb") as lines:
        for batch in _batches(lines):
            pipeline = valkey.pipeline(transaction=False)
            for entry in batch:
                pipeline.xadd(entry["stream"], {FIELD: base64.b64decode(entry["e"])}, id=entry["id"])
                last[entry["stream"]] = entry["id"]
                added[entry["stream"]] = added.get(entry["stream"], 0) + 1
            pipeline.execute()
    for stream, entry_id in last.items():  # so that the watch counts on where it stood
        valkey.execute_command(  # type: ignore[no-untyped-call]
            "XSETID", stream, entry_id, "ENTRIESADDED", added[stream], "MAXDELETEDID", "0-0"
        )


def _let_older_servers_read(script: Path) -> None:
    """Take out, in place, the one setting of pg_restore's that PostgreSQL 16 does not know."""
    with script.open("r+b") as opened:
        head = opened.read(4_096)
        opened.seek(0)
        opened.write(head.replace(b"\nSET transaction_timeout", b"\n--- transaction_timeout", 1))


def _batches(lines: gzip.GzipFile) -> Iterator[list[dict[str, Any]]]:
    while batch := lines.readlines(1_000_000):
        yield [orjson.loads(line) for line in batch]


def _unpack(file: Path, folder: Path, manifest: Manifest) -> None:
    try:
        with tarfile.open(file) as tar:
            for name in (_TABLES, _LOG):
                member = tar.extractfile(name)
                if member is None:
                    raise KeyError(name)
                with member, (folder / name).open("wb") as out:
                    shutil.copyfileobj(member, out)
    except (OSError, tarfile.TarError, KeyError) as error:
        raise InputError(f"{file} is not a whole backup: {error}", field="file") from error
    for name in (_TABLES, _LOG):
        if _digest(folder / name) != manifest.sha256[name]:
            raise InputError(f"{file} is damaged: {name} is not what was written; use another backup", field="file")


def _refuse_if_used(connection: Connection, valkey: Valkey, *, force: bool) -> None:
    others = _one(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'",
    )
    if others:
        raise StartError(f"{others} connections use this database; stop Carousel first, then restore")
    if force:
        return
    if _one(connection, "SELECT to_regclass('listing') IS NOT NULL") and _one(
        connection, "SELECT EXISTS (SELECT FROM listing) OR EXISTS (SELECT FROM activity)"
    ):
        raise StartError("this database holds a catalogue or activity already; --force replaces it")
    if any(valkey.scan_iter(match="activity:*", count=10_000)):
        raise StartError("this Valkey holds events already; --force replaces them")


def _empty(valkey: Valkey) -> None:
    for prefix in _PREFIXES:
        keys: list[bytes] = []
        for key in valkey.scan_iter(match=f"{prefix}*", count=10_000):
            keys.append(key)
            if len(keys) == 10_000:
                valkey.unlink(*keys)
                keys = []
        if keys:
            valkey.unlink(*keys)


def _run(name: str, database_url: str | None, *arguments: str) -> None:
    """Run a program of PostgreSQL: the wheel's, else the one on the path.

    :raises BackupError: it failed.
    """
    found = program(name)
    command = [str(found) if found.exists() else name, *arguments]
    variables = {**os.environ, **_connection_variables(database_url)}
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, errors="replace")  # noqa: S603
    except FileNotFoundError as error:
        raise BackupError(f"{name} is not installed; it comes with PostgreSQL's client programs") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise BackupError(f"{name}: {lines[0]}")


def _connection_variables(database_url: str | None) -> dict[str, str]:
    """Return what says where the database is: on the command line everybody could read a password."""
    names = {
        "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
        "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
        "sslkey": "PGSSLKEY", "options": "PGOPTIONS",
    }  # fmt: skip
    given = conninfo_to_dict(database_url) if database_url else {}
    return {names[key]: str(value) for key, value in given.items() if key in names}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _column(connection: Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode()).fetchall()]


def _one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
