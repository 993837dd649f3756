"""A home: the folder that holds everything one `carousel up` owns, and the lock that makes it one."""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import orjson

from carousel.embedded.account import Account
from carousel.errors import StartError

# A socket's path fits in 104 bytes on macOS and 108 on Linux, the closing NUL included.
_LONGEST_SOCKET = 100
_LONGEST_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True)
class Home:
    """The paths of a home; `prepare` makes what is missing."""

    path: Path

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the home of a path as it was given, with ~ or relative."""
        return cls(path.expanduser().resolve())

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    @property
    def _mode_file(self) -> Path:
        return self.path / "mode.json"

    @property
    def _lock_file(self) -> Path:
        return self.path / "up.lock"

    def sockets(self) -> Path:
        """Return the folder for sockets: in the home, or a short one beside the system's other temporary files."""
        wanted = self.path / "sockets"
        if len(os.fsencode(wanted / _LONGEST_NAME)) <= _LONGEST_SOCKET:
            return wanted
        name = f"carousel-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]}"
        temporary = Path(tempfile.gettempdir())
        if len(os.fsencode(temporary / name / _LONGEST_NAME)) > _LONGEST_SOCKET:
            temporary = Path("/tmp")  # noqa: S108 - private_folder checks owner and mode
        return temporary / name

    def prepare(self) -> None:
        """Make the folder.

        :raises StartError: it cannot be made or written.
        """
        try:
            # The servers' own user passes through a home of root's; all that is secret in it is 0600 or 0700.
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> StartError:
        reason = error.strerror or str(error)
        return StartError(f"home {self.path} is not writable ({reason}): choose another with --home")

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the home; the system lets go of it when this process ends in any way.

        :raises StartError: another process holds it.
        """
        try:
            file = self._lock_file.open("ab")
        except OSError as error:
            raise self._not_writable(error) from error
        with file:
            for _ in range(10):  # a command that only looks whether the home is locked holds it for a moment
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.02)
            else:
                running = self.read_run_file()
                who = f"process {running['pid']}" if running else "another process"
                raise StartError(f"home {self.path} is in use by {who}: stop it, or choose another home with --home")
            yield

    def is_locked(self) -> bool:
        try:
            with self.lock():
                return False
        except (StartError, OSError):
            return self._lock_file.exists()

    def write_run_file(self, content: dict[str, object]) -> None:
        """Say how to reach what runs here; readable by its owner only, since a URL may hold a password."""
        write_private(self.run_file, content)

    def read_run_file(self) -> dict[str, object] | None:
        return _read(self.run_file)

    def read_mode(self) -> dict[str, object]:
        """Return how this home was started before."""
        return _read(self._mode_file) or {}

    def write_mode(self, mode: dict[str, object]) -> None:
        write_private(self._mode_file, mode)

    def running(self) -> dict[str, object] | None:
        """Return what the running `up` wrote, or None when none runs."""
        return self.read_run_file() if self.is_locked() else None


def _read(path: Path) -> dict[str, object] | None:
    try:
        content: dict[str, object] = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content


def write_private(path: Path, content: dict[str, object]) -> None:
    """Replace a JSON file at once, with mode 0600 from its first byte."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def private_folder(path: Path, account: Account) -> Path:
    """Make a 0700 folder of the servers' account, or check that the one there is just that.

    :raises StartError: it is another's, or open to others.
    """
    try:
        path.mkdir(mode=0o700)
        account.own(path)
    except FileExistsError:
        pass
    except OSError as error:
        raise StartError(f"cannot make {path}: {error.strerror or error}") from error
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
        raise StartError(
            f"{path} belongs to user {found.st_uid}, not to {account.name}: start Carousel as the user that made it, "
            "or choose another home with --home"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path
