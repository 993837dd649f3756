"""The user the embedded servers run as: the caller, or, under root, a user of their own.

PostgreSQL refuses to run as root. Under root the servers get the system user `carousel-data`, made on first use.
It must be able to pass through the folders above the data and the programs (`/root` is closed to others), so the
execute bit for others is added to those folders where it is missing, and nothing else is opened.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from carousel.errors import StartError
from carousel.telemetry import log

_NAME = "carousel-data"
_logger = log(__name__)


class RunAs(TypedDict, total=False):
    """The arguments with which `subprocess` changes the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int
    name: str
    foreign: bool
    """Whether it is another user than this process's."""

    def run_as(self) -> RunAs:
        return RunAs(user=self.uid, group=self.gid, extra_groups=[]) if self.foreign else RunAs()

    def own(self, path: Path) -> None:
        if self.foreign:
            os.chown(path, self.uid, self.gid)

    def reach(self, path: Path) -> None:
        """Let this account pass through the folders above `path`.

        :raises StartError: the system does not allow it.
        """
        if not self.foreign:
            return
        closed = [folder for folder in path.resolve().parents if not self._may_pass(folder.stat())]
        for folder in closed:
            try:
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
            except OSError as error:
                raise StartError(
                    f"user {self.name}, as which the servers run, cannot pass through {folder} "
                    f"({error.strerror}): choose another home with --home"
                ) from error
        if closed:
            _logger.warning(
                "let others pass through folders (execute bit only) so that the servers reach their files",
                folders=[str(folder) for folder in closed],
                user=self.name,
            )

    def reach_program(self, program: Path) -> None:
        """Let this account read a program's folder when an unusual umask installed it for its owner only."""
        if not self.foreign:
            return
        self.reach(program)
        if program.stat().st_mode & 0o005 == 0o005:
            return
        for path in (program.parent.parent, *program.parent.parent.rglob("*")):
            if not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
        _logger.warning("let others read the servers' programs", folder=str(program.parent.parent), user=self.name)

    def _may_pass(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


def servers_account() -> Account:
    """Return the account for the servers, making it when this is root and there is none.

    :raises StartError: it cannot be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()), foreign=False)
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError:
        entry = _make_user()
    return Account(entry.pw_uid, entry.pw_gid, _NAME, foreign=True)


def _make_user() -> pwd.struct_passwd:
    for program, *arguments in (
        ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell"),
        ("adduser", "-S", "-H", "-D", "-h", "/nonexistent", "-s"),  # Alpine's and BusyBox's
    ):
        found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if found is None:
            continue
        # The loser of two simultaneous starts fails here and finds the winner's user below.
        result = subprocess.run(  # noqa: S603 - fixed arguments
            [found, *arguments, "/bin/false", _NAME], capture_output=True, text=True, check=False
        )
        try:
            entry = pwd.getpwnam(_NAME)
        except KeyError:
            why = result.stderr.strip().splitlines()[-1:] or [f"{program} exited {result.returncode}"]
            raise StartError(_no_user(why[0])) from None
        _logger.info("made a system user for the embedded servers", user=_NAME)
        return entry
    raise StartError(_no_user("there is no useradd"))


def _no_user(why: str) -> str:
    return (
        f"PostgreSQL does not run as root and the user {_NAME} cannot be made ({why}): start Carousel as another user, "
        f"run `useradd --system {_NAME}`, or set CAROUSEL_DATABASE_URL and CAROUSEL_VALKEY_URL"
    )
