"""The load of many shoppers: visits of several pages with clicks between them, and first pages only (`serve.py`)."""

import argparse
import asyncio
import heapq
import itertools
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
from uuid_utils import uuid7

PAGES = (3, 10)
"""Fewest and most pages of a visit."""
CLICKED = 0.5
"""Share of the pages after which one listing of it is viewed, before the next page is asked for."""
PAUSE = 4.0
"""Mean seconds between two pages of a visit; half of it between a page and the view."""
_PATH = "/v1/recommendations?n=20"
_CONNECTIONS = 1_000  # nobody's page waits for somebody else's before it is even asked for
_REFUSED = 503


class Connection:
    """One kept-alive HTTP/1.1 connection, so that the client costs little of the two cores."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> "Connection":
        address = httpx.URL(url)
        return cls(*await asyncio.open_connection(address.host, address.port, limit=2**20))

    async def ask(self, method: str, path: str, token: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return the status and body of the answer."""
        about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{about}\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


@dataclass(slots=True)
class Load:
    """What a load came to."""

    waits: list[float] = field(default_factory=list)
    """Seconds from when a page was due until it was there: one that waits for its turn waits."""
    statuses: Counter[int] = field(default_factory=Counter)


async def measure(url: str, home: Path, tokens: Sequence[str], rate: float, seconds: float) -> None:
    """Let visits begin so that pages come at `rate` a second; after the longest pause it is steady, and is measured."""
    rng = random.Random(6)
    load, free = Load(), await _connections(url)
    whose = itertools.cycle(tokens)
    due: list[tuple[float, int, str, int]] = []  # when, tie-breaker, whose, pages left
    order = itertools.count()
    of_a_second = rate / ((PAGES[0] + PAGES[1]) / 2)
    warm = 6 * PAUSE
    ends = time.perf_counter() + warm + seconds
    measured_from = ends - seconds
    begins = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()

    async def page(at: float, token: str, left: int) -> None:
        connection = await free.get()
        try:
            status, body = await connection.ask("GET", _PATH, token)
            now = time.perf_counter()
            if now >= measured_from:
                if status == 200:
                    load.waits.append(now - at)
                load.statuses[status] += 1
            if left > 1:
                heapq.heappush(due, (now + rng.expovariate(1 / PAUSE), next(order), token, left - 1))
            clicks = left > 1 and status == 200 and rng.random() < CLICKED
        finally:
            free.put_nowait(connection)
        if clicks:
            await asyncio.sleep(rng.expovariate(2 / PAUSE))
            connection = await free.get()
            try:
                status, _ = await connection.ask("POST", "/v1/events", token, _view(body, rng))
                load.statuses[-status] += at >= measured_from
            finally:
                free.put_nowait(connection)

    usage = Usage(home, url)
    counted = False
    while (now := time.perf_counter()) < ends:
        if now >= measured_from and not counted:
            usage.start()
            counted = True
        while begins <= now:
            heapq.heappush(due, (begins, next(order), next(whose), rng.randint(*PAGES)))
            begins += rng.expovariate(of_a_second)
        while due and due[0][0] <= now:
            at, _, token, left = heapq.heappop(due)
            task = asyncio.create_task(page(at, token, left))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.002)
    report = usage.report(len(load.waits))
    for task in [*tasks]:
        task.cancel()  # of what is late some never comes: there are fewer pages then than wanted
    await asyncio.gather(*tasks, return_exceptions=True)
    show(f"visits, {rate:.0f} pages/s wanted, a view after {CLICKED:.0%}", load, seconds, report)


async def measure_firsts(url: str, home: Path, tokens: Sequence[str], options: argparse.Namespace) -> None:
    """Ask for one page of another shopper each time, as fast as the answers come."""
    load, left = Load(), iter(tokens)
    usage = Usage(home, url)
    usage.start()
    started = time.perf_counter()

    async def ask(connection: Connection) -> None:
        while time.perf_counter() < started + options.seconds and (token := next(left, None)):
            at = time.perf_counter()
            status, _ = await connection.ask("GET", _PATH, token)
            load.waits.append(time.perf_counter() - at)
            load.statuses[status] += 1

    free = await _connections(url, options.connections)
    await asyncio.gather(*(ask(free.get_nowait()) for _ in range(options.connections)))
    seconds = time.perf_counter() - started
    show("first pages only, another shopper each time", load, seconds, usage.report(len(load.waits)))


async def _connections(url: str, count: int = _CONNECTIONS) -> asyncio.Queue[Connection]:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(count):
        free.put_nowait(await Connection.open(url))
    return free


def _view(page: bytes, rng: random.Random) -> bytes:
    """Return the view of one listing of a page, sooner one at its top."""
    answer = orjson.loads(page)
    shown: list[dict[str, Any]] = answer["listings"]
    at = min(int(rng.expovariate(1 / 5)), len(shown) - 1)
    event = {
        "event_id": str(uuid7()),
        "type": "view",
        "listing_id": shown[at]["listing_id"],
        "occurred_at": datetime.now(UTC).isoformat(),
        "recommendation_id": answer["recommendation_id"],
        "position": at + 1,
    }
    return orjson.dumps({"events": [event]})


class Usage:
    """What a load takes: milliseconds of a core for each page, by kind of process, and the pages from the cache."""

    def __init__(self, home: Path, url: str) -> None:
        self._up = psutil.Process(orjson.loads((home / "run.json").read_bytes())["pid"])
        self._url = url

    def start(self) -> None:
        self._cpu, self._slates = self._seconds(), self._outcomes()

    def report(self, pages: int) -> str:
        cpu = self._seconds()
        cpu.subtract(self._cpu)
        slates = self._outcomes()
        slates.subtract(self._slates)
        parts = ", ".join(f"{kind} {1000 * spent / max(pages, 1):.2f}" for kind, spent in cpu.most_common())
        total = 1000 * sum(cpu.values()) / max(pages, 1)
        answered = max(slates.total(), 1)
        return f"{slates['hit'] / answered:.0%} | {slates['stale'] / answered:.0%} | {total:.2f} ({parts})"

    def _seconds(self) -> "Counter[str]":
        spent: Counter[str] = Counter()
        for process in (psutil.Process(), *self._up.children(recursive=True)):
            try:
                times, kind = process.cpu_times(), _kind(process)
            except psutil.Error:
                continue
            spent[kind] += times.user + times.system  # type: ignore[assignment]
        return spent

    def _outcomes(self) -> "Counter[str]":
        counts: Counter[str] = Counter()
        for outcome, count in re.findall(
            r'^carousel_slates_total{cache="(\w+)".*} (\S+)$', httpx.get(f"{self._url}/metrics", timeout=60).text, re.M
        ):
            counts[outcome] += int(float(count))
        return counts


def _kind(process: psutil.Process) -> str:
    words = " ".join(process.cmdline()) or process.name()
    kinds = {
        "dataflow taste": "taste flow",
        "dataflow factors": "factors flow",
        "valkey": "Valkey",
        "postgres": "PostgreSQL",
    }
    if process.pid == psutil.Process().pid:
        return "client"
    return next((kind for word, kind in kinds.items() if word in words), "API" if " api" in words else "other")


def show(name: str, load: Load, seconds: float, report: str) -> None:
    p50, p99 = (statistics.quantiles(load.waits, n=100, method="inclusive")[at - 1] * 1000 for at in (50, 99))
    refused = load.statuses[_REFUSED] / seconds
    errors = sum(count for status, count in load.statuses.items() if abs(status) not in (200, 202, _REFUSED))
    print("| load | pages/s | refused/s | p50 ms | p99 ms | errors | cached | stale | ms of a core for each page |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {name} | {len(load.waits) / seconds:,.0f} | {refused:,.0f} | {p50:.1f} | {p99:.1f} | {errors} | {report} |",
        flush=True,
    )
