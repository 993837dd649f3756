"""A small marketplace whose answers are visible by eye, with the real taste dataflow in processes of its own."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from carousel.activity.events import Event
from carousel.activity.log import append
from carousel.catalogue.embedding import VERSION
from carousel.embedded.home import Home
from carousel.embedded.server import Server, wait_until_ready
from carousel.embedded.servers import Servers, environment, make_servers
from carousel.processes import leash
from carousel.storage.migrations import migrate
from carousel.storage.postgres import Connection, halfvec
from carousel.storage.valkey import Valkey, make_async
from carousel.taste.repository import load
from carousel.taste.taste import Taste

PARTITIONS = 8


class Flow:
    """One process of a dataflow."""

    def __init__(self, servers: Servers, log_path: Path, share: tuple[int, int], name: str) -> None:
        self._log_path = log_path
        code = f"from carousel.dataflows.{name} import run, Settings; run(Settings(), {share})"
        urls = {"CAROUSEL_DATABASE_URL": servers.database_url, "CAROUSEL_VALKEY_URL": servers.valkey_url}
        with log_path.open("ab") as log_file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], env={**os.environ, **urls}, stdout=log_file, stderr=log_file
            )

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(5)


class Marketplace:
    """Servers, a stock, what happens in it, and what became of that."""

    def __init__(self, servers: Servers, database: Connection, folder: Path) -> None:
        self.servers = servers
        self.database = database
        self._folder = folder
        self._flows: list[Flow] = []

    def start(self, share: tuple[int, int] = (1, 1), name: str = "taste") -> Flow:
        self._flows.append(Flow(self.servers, self._folder / f"flow{len(self._flows)}.log", share, name))
        return self._flows[-1]

    def close(self) -> None:
        for flow in self._flows:
            if flow.runs:
                flow.kill()

    def stock(self, makes: dict[str, str]) -> None:
        """Put {listing_id: make} on sale: 100 kW cars of 2020, each make in its own corner of embedding space."""
        corners = {make: corner for corner, make in enumerate(dict.fromkeys(makes.values()))}
        for listing_id, make in makes.items():
            vector = np.zeros(96, dtype=np.float32)
            vector[corners[make]] = 3.0
            self.database.execute(
                """
                INSERT INTO listing (listing_id, source, status, make, model, condition, year, power_kw, listed_at,
                                     document, content_hash, search, embedding, embedding_version)
                VALUES (%s, 'test', 'active', %s, 'One', 'used', 2020, 100, now(), '{}', '', '', %s, %s)
                """,
                (listing_id, make, halfvec(vector), VERSION),
            )

    def send(self, events: Sequence[Event]) -> list[bool]:
        """Append events as the API does, in requests of 100."""

        async def all_of_them() -> list[bool]:
            async with make_async(self.servers.valkey_url) as client:
                new: list[bool] = []
                for start in range(0, len(events), 100):
                    new += await append(client, events[start : start + 100], partitions=PARTITIONS)
                return new

        return asyncio.run(all_of_them())

    def taste(self, shopper_id: str) -> Taste | None:
        return load(self.database, [shopper_id]).get(shopper_id)

    def archived(self) -> set[str]:
        return {str(row[0]) for row in self.database.execute("SELECT event_id FROM activity").fetchall()}

    def dead_letters(self) -> dict[bytes, str]:
        return dict(self.database.execute("SELECT payload, reason FROM dead_letter").fetchall())

    def archives(self, events: Sequence[Event], *, within: float = 60.0) -> None:
        """Wait until all of these events are archived."""
        wanted = {e.event_id for e in events}
        eventually(lambda: wanted <= self.archived(), within=within)


def happens(kind: str, shopper_id: str, listing_id: str | None = None, **fields: Any) -> Event:
    """Build an event that happens now."""
    now = datetime.now(UTC)
    basic: dict[str, Any] = {"event_id": str(uuid4()), "occurred_at": now, "received_at": now}
    return Event(type=kind, shopper_id=shopper_id, listing_id=listing_id, **{**basic, **fields})  # type: ignore[arg-type]


def eventually(holds: Callable[[], object], *, within: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not (value := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"still {value!r} after {within} s")
        time.sleep(0.02)


class Breakable:
    """Servers of one test's own, to be killed and started again."""

    def __init__(self, folder: Path, *, migrated: bool = True) -> None:
        home = Home(folder)
        home.prepare()
        self._servers: dict[str, Server] = {server.name: server for server in make_servers(home)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for name in self._servers:
            self.start(name)
        self.urls = Servers(self._servers["postgres"].url, self._servers["valkey"].url)
        if migrated:
            migrate(self.urls.database_url)

    def start(self, name: str) -> None:
        server = self._servers[name]
        server.prepare()
        process = self._processes[name] = subprocess.Popen(
            server.command(), cwd=server.folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, umask=0o077, preexec_fn=leash(server.stop_signal),
            **server.account.run_as(),
        )  # fmt: skip
        wait_until_ready(server, lambda: process.poll() is None)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        self._processes[name].send_signal(how)
        self._processes[name].wait(10)

    def close(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is None:
                self.kill(name, self._servers[name].stop_signal)


@pytest.fixture
def breakable() -> Iterator[Breakable]:
    # Not in tmp_path: under root the servers have a user of their own, and another pytest that starts meanwhile takes
    # the right to pass through the folder of all temporary folders away from everybody but root.
    with tempfile.TemporaryDirectory(prefix="carousel-") as folder:
        servers = Breakable(Path(folder) / "home")
        yield servers
        servers.close()


@pytest.fixture
def marketplace(servers: Servers, database: Connection, valkey: Valkey, tmp_path: Path) -> Iterator[Marketplace]:
    market = Marketplace(servers, database, tmp_path)
    yield market
    market.close()
