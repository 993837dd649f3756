"""Both servers for the length of a `with` block: for tests, and for commands with no `carousel up` beside them."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carousel.embedded.account import servers_account
from carousel.embedded.home import Home, private_folder
from carousel.embedded.postgres import Postgres
from carousel.embedded.server import Server, wait_until_ready
from carousel.embedded.valkey import Valkey
from carousel.errors import StartError, UnavailableError
from carousel.processes import leash


@dataclass(frozen=True)
class Servers:
    database_url: str
    valkey_url: str


def make_servers(home: Home, *, valkey_fsync: str = "everysec") -> tuple[Postgres, Valkey]:
    """Return both servers of a home, their sockets' folder made, nothing started."""
    account = servers_account()
    sockets = home.sockets()
    account.reach(sockets)
    private_folder(sockets, account)
    return (
        Postgres(home.postgres, sockets, account),
        Valkey(home.valkey, sockets, account, fsync=valkey_fsync),
    )


def environment() -> dict[str, str]:
    """Return what a server inherits: none of the secrets this process may have been given."""
    return {"PATH": os.environ.get("PATH", ""), "TZ": "UTC", "LC_ALL": "C"}


@contextlib.contextmanager
def running_servers(path: Path, *, valkey_fsync: str = "everysec") -> Iterator[Servers]:
    """Run both servers of a home, without supervision, and stop them at the end.

    :raises StartError: the home is in use or not writable, or a server does not start.
    """
    home = Home.of(path)
    home.prepare()
    with home.lock(), contextlib.ExitStack() as stack:
        postgres, valkey = make_servers(home, valkey_fsync=valkey_fsync)
        servers: tuple[Server, ...] = (postgres, valkey)
        started = [stack.enter_context(_process(server)) for server in servers]
        for server, process in zip(servers, started, strict=True):
            _wait(server, process)
        yield Servers(postgres.url, valkey.url)


@contextlib.contextmanager
def _process(server: Server) -> Iterator["subprocess.Popen[bytes]"]:
    server.prepare()
    with (server.folder.parent / f"{server.name}.log").open("wb") as log_file:
        os.fchmod(log_file.fileno(), 0o600)  # an error may quote what a shopper did
        process = subprocess.Popen(  # noqa: S603 - our own servers
            server.command(),
            cwd=server.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            umask=0o077,
            preexec_fn=leash(server.stop_signal),
            **server.account.run_as(),
        )
    try:
        yield process
    finally:
        process.send_signal(server.stop_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    try:
        wait_until_ready(server, lambda: process.poll() is None)
    except UnavailableError as error:
        log_file = server.folder.parent / f"{server.name}.log"
        lines = log_file.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise StartError(f"{server.name} does not start: {lines[-1]}") from error
