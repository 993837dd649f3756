"""Measure accepting events over HTTP while all of Carousel runs: rates, waits, memory of each process.

    python benchmarks/accept.py [--minutes 15] [--one 1000] [--batched 5000] [--batch 50]

It runs servers of its own (with track_commit_timestamp, so that the commit's time is PostgreSQL's own) and a
`carousel up` on them. Half of the time events come one by one, half of it in batches. The load generator shares the
cores, so it is one thread over bare sockets, with bodies from a template.
"""

import argparse
import random
import selectors
import socket
import tempfile
import time
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from dataflow import car, servers
from serve import percentile, running

from carousel.catalogue.repository import upsert
from carousel.storage.migrations import migrate
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey, make

EVENT = b'{"event_id":"%08x-%04x-7000-8000-%012x","type":"%b","listing_id":"car-%d","occurred_at":"%b","placement":"home","position":3,"context":{"page":"home","device":"phone"}}'  # noqa: E501
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %b\r\nContent-Length: %d\r\n\r\n"
SAMPLE_SECONDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--one", type=int, default=1_000, help="events a second, one a request")
    parser.add_argument("--batched", type=int, default=5_000, help="events a second in batches")
    parser.add_argument("--batch", type=int, default=50, help="events of one batch")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--shoppers", type=int, default=5_000)
    parser.add_argument("--listings", type=int, default=5_000)
    options = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder:
        home = Path(folder) / "home"
        with servers(Path(folder) / "servers") as (database_url, valkey_url):
            migrate(database_url)
            with connect(database_url) as database, make(valkey_url) as valkey:
                upsert(database, [car(i, rng) for i in range(options.listings)])
                urls = {"CAROUSEL_DATABASE_URL": database_url, "CAROUSEL_VALKEY_URL": valkey_url}
                home.mkdir()
                with running(home, **urls) as url:
                    measure(url, database, valkey, options)


def measure(url: str, database: Connection, valkey: Valkey, options: argparse.Namespace) -> None:
    with httpx.Client(base_url=url) as client:
        tokens = [client.post("/v1/session").json()["token"].encode() for _ in range(options.shoppers)]
    load = Load(url, tokens, options)
    load.run(options.one, 1, 5)  # warms caches and plans
    wait_committed(database, load.accepted)
    print("| load | accepted/s | 202 p50 ms | 202 p99 ms | committed p50 ms | committed p99 ms | refused | cores |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    samples: list[tuple[float, dict[str, float]]] = []
    for name, rate, size in (
        (f"{options.one:,}/s, one a request", options.one, 1),
        (f"{options.batched:,}/s, {options.batch} a request", options.batched, options.batch),
    ):
        began, first = datetime.now(UTC), load.accepted
        cores = cpu_seconds()
        samples += load.run(rate, size, options.minutes * 30)
        seconds = (datetime.now(UTC) - began).total_seconds()
        used = {part: (spent - cores.get(part, 0)) / seconds for part, spent in cpu_seconds().items()}
        accepted = load.accepted - first
        wait_committed(database, load.accepted)
        p50, p99 = committed(database, began)
        busy = ", ".join(f"{part} {share:.2f}" for part, share in sorted(used.items()) if share >= 0.01)
        print(f"| {name} | {accepted / seconds:,.0f} | {percentile(load.waits, 50):.1f} | "
              f"{percentile(load.waits, 99):.1f} | {p50:.1f} | {p99:.1f} | {load.refused} | {busy} |",
              flush=True)  # fmt: skip
    entries = load.accepted
    print(f"\nValkey holds {valkey.info('memory')['used_memory'] / entries:.0f} bytes for each event of 7 days "
          "(mark of its id, and what the stream has not trimmed yet)\n")  # fmt: skip
    parts = sorted(samples[-1][1])
    print(f"| minute | {' | '.join(f'{part} MiB' for part in parts)} |\n|---{'|---' * len(parts)}|")
    for at, sample in samples[:: max(1, len(samples) // 16)]:
        print(f"| {at / 60:.1f} | {' | '.join(f'{sample.get(part, 0):.0f}' for part in parts)} |")


class Load:
    """Keeps to a rate over kept-alive connections, one request at a time on each."""

    def __init__(self, url: str, tokens: list[bytes], options: argparse.Namespace) -> None:
        address = httpx.URL(url)
        self._selector = selectors.DefaultSelector()
        self._idle: deque[socket.socket] = deque()  # in turn: none is idle for so long that the API closes it
        self._sent_at: dict[socket.socket, float] = {}
        self._tokens, self._listings = tokens, options.listings
        self._rng = random.Random(3)
        self._run = self._rng.getrandbits(32)
        self._began = time.monotonic()
        self.events = self.accepted = self.refused = 0
        self.waits: list[float] = []
        for _ in range(options.connections):
            connection = socket.create_connection((address.host, address.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)
            self._idle.append(connection)

    def run(self, rate: int, size: int, seconds: float) -> list[tuple[float, dict[str, float]]]:
        """Send for some seconds, and return the memory of each part over time."""
        self.waits, self.refused = [], 0
        samples = [(time.monotonic() - self._began, memory())]
        start = time.perf_counter()
        sent = 0
        while (elapsed := time.perf_counter() - start) < seconds or self._sent_at:
            if elapsed < seconds:
                while self._idle and (sent + 1) * size <= elapsed * rate:
                    self._send(self._idle.popleft(), size)
                    sent += 1
                if time.monotonic() - self._began > samples[-1][0] + SAMPLE_SECONDS:
                    samples.append((time.monotonic() - self._began, memory()))
            for key, _ in self._selector.select(max(0.0005, start + (sent + 1) * size / rate - time.perf_counter())):
                self._receive(key.fileobj, size)  # type: ignore[arg-type]
        samples.append((time.monotonic() - self._began, memory()))
        return samples

    def _send(self, connection: socket.socket, size: int) -> None:
        now = datetime.now(UTC).isoformat().encode()
        events = []
        for _ in range(size):
            self.events += 1
            kind = b"favourite" if self.events % 10 == 0 else b"view"
            number = self.events
            events.append(EVENT % (self._run, 0, number, kind, number * 7919 % self._listings, now))
        body = b'{"events":[%b]}' % b",".join(events)
        self._sent_at[connection] = time.perf_counter()
        connection.sendall(HEAD % (self._rng.choice(self._tokens), len(body)) + body)

    def _receive(self, connection: socket.socket, size: int) -> None:
        text = connection.recv(65_536)
        if not text:
            raise SystemExit("the API closed a connection")
        head, _, body = text.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65_536)
        self.waits.append(time.perf_counter() - self._sent_at.pop(connection))
        self._idle.append(connection)
        accepted = body.count(b'"accepted"')
        self.accepted += accepted
        self.refused += size - accepted


def processes() -> list[tuple[str, psutil.Process]]:
    """Return every process of the run by the part it belongs to; the load generator is one of them."""
    found = [("load generator", psutil.Process())]
    for process in psutil.Process().children(recursive=True):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        words = set(line)
        part = next((part for part in ("up", "api", "dataflow", "monitor") if part in words), None)
        name = Path(line[0]).name if line else process.name()
        found.append((part or name.partition(":")[0].partition("-")[0], process))
    return found


def memory() -> dict[str, float]:
    """Return the MiB that each part has for itself alone."""
    total: dict[str, float] = defaultdict(float)
    for part, process in processes():
        try:
            total[part] += process.memory_full_info().uss / 2**20
        except psutil.Error:  # it ended
            continue
    return dict(total)


def cpu_seconds() -> Counter[str]:
    total: Counter[str] = Counter()
    for part, process in processes():
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total[part] += times.user + times.system  # type: ignore[assignment]
    return total


def wait_committed(database: Connection, count: int) -> None:
    end = time.monotonic() + 60
    while True:
        row = database.execute("SELECT count(*) FROM activity").fetchone()
        assert row is not None
        if row[0] >= count:
            return
        if time.monotonic() > end:
            raise SystemExit(f"{row[0]:,} of {count:,} accepted events were committed")
        time.sleep(0.2)


def committed(database: Connection, since: datetime) -> tuple[float, float]:
    """Return p50 and p99 of the milliseconds from accepted to committed."""
    row = database.execute(
        """
        SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
                   ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at))
        FROM activity WHERE received_at >= %s
        """,
        [since],
    ).fetchone()
    assert row is not None
    return 1_000 * row[0][0], 1_000 * row[0][1]


if __name__ == "__main__":
    main()
