"""Bring a database's tables up to what this code expects."""

import logging
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import Migration, MigrationList, default_migration_table

from carousel import __version__
from carousel.errors import StartError, UnavailableError, first_line
from carousel.telemetry import log

logging.getLogger("yoyo").setLevel(logging.WARNING)  # it tells every statement
_logger = log(__name__)

# Any constant will do, as long as every Carousel asks for the same one.
_ADVISORY_LOCK = 0x6361726F7573656C  # "carousel"
_LOCK_TIMEOUT = "60s"


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo over a plain libpq URL, with each migration and its mark in one transaction."""

    create_lock_table_sql = PostgresqlPsycopgBackend.create_lock_table_sql.replace(
        "CREATE TABLE",
        "CREATE TABLE IF NOT EXISTS",  # else every start writes an error into the server's log
    )

    def __init__(self, url: str) -> None:
        self._url = url
        # Not our URL: yoyo's parser takes only some forms of it, and quotes the others with their password.
        super().__init__(parse_uri("postgresql://"), default_migration_table)

    def connect(self, dburi: Any) -> psycopg.Connection[Any]:  # noqa: ARG002 - says nothing, see above
        # libpq reads every form of URL (sockets, several hosts, sslmode).
        return psycopg.connect(self._url, autocommit=True)

    def copy(self) -> "_Backend":
        return _Backend(self._url)

    def apply_one(self, migration: Migration, force: bool = False, mark: bool = True) -> None:
        self.ensure_internal_schema_updated()
        migration.load()
        if not migration.use_transactions:
            super().apply_one(migration, force=force, mark=mark)
            return
        # yoyo marks in a second transaction: a kill between the two would leave tables that no start gets past.
        with self.transaction():
            migration.process_steps(self, "apply", force=force)
            if mark:
                self.mark_one(migration, log=False)

    def log_migration(self, migration: Migration, operation: str) -> None:
        """Write no audit row: it asks the DNS for this host's name (seconds offline) and needs a passwd entry."""


def migrations_folder() -> Path:
    """Return where the migrations are: packaged in a wheel, else at the root of the repository."""
    packaged = Path(str(files("carousel"))) / "_migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


def known_migrations() -> list[str]:
    """Return the ids of the migrations this code has."""
    return [migration.id for migration in read_migrations(str(migrations_folder()))]


def migrate(database_url: str, folder: Path | None = None) -> int:
    """Apply the migrations a database lacks and return how many those were; safe when several processes start at once.

    :raises StartError: the database has migrations this code does not know, or one of them fails.
    :raises UnavailableError: the server does not answer.
    """
    known = read_migrations(str(folder or migrations_folder()))
    if not known:
        raise StartError(f"no migrations in {folder or migrations_folder()}: this installation is incomplete")
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as guard:
            guard.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
            guard.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
            try:
                return _apply(database_url, known)
            except psycopg.Error as error:
                _refuse_without_right(guard, error)
                raise
    except psycopg.errors.LockNotAvailable as error:
        raise StartError(
            f"another process has been migrating this database for {_LOCK_TIMEOUT}: wait for it, or end its session"
        ) from error
    except psycopg.errors.ConnectionTimeout as error:
        raise UnavailableError("PostgreSQL does not answer within 10 s") from error
    except psycopg.OperationalError as error:
        raise UnavailableError(f"PostgreSQL does not answer: {first_line(error)}") from error
    except psycopg.Error as error:
        raise StartError(f"the database cannot be migrated: {first_line(error)}") from error


def _refuse_without_right(connection: psycopg.Connection[Any], error: psycopg.Error) -> None:
    """:raises StartError: the role may not make tables, which yoyo passes over until it misses one."""
    row = connection.execute(
        "SELECT quote_ident(current_user), quote_ident(coalesce(current_schema(), 'public')), "
        "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
    ).fetchone()
    assert row is not None
    role, schema, may_create = row
    if not may_create:
        raise StartError(
            f"the role {role} may not make tables in the schema {schema}: "
            f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}, as the schema's owner"
        ) from error


def _apply(database_url: str, known: MigrationList) -> int:
    with _Backend(database_url) as backend:
        backend.create_lock_table()
        backend.break_lock()  # yoyo's own lock row outlives a killed process; ours is the advisory lock
        backend.ensure_internal_schema_updated()
        cursor = backend.execute("SELECT migration_id FROM _yoyo_migration ORDER BY migration_id")
        unknown = [row[0] for row in cursor.fetchall() if row[0] not in {m.id for m in known}]
        if unknown:
            raise StartError(
                f"database is newer than this Carousel {__version__} (it has {unknown[-1]}): install a newer Carousel"
            )
        pending = backend.to_apply(known)
        backend.apply_migrations(pending)
        if pending:
            _logger.info("migrated the database", migrations=[migration.id for migration in pending])
        return len(pending)
