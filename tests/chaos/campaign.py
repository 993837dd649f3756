"""A storm on a real `carousel up`: shoppers click while its processes are killed, frozen and run out of disk.

    python tests/chaos/campaign.py [--minutes 30] [--kills 60] [--rate 2000] [--seed 7] [--home DIR] [--disk-full]

Clients send each request again, with the same event ids, until it is acknowledged, as docs/events.md asks. Poison goes
straight into the streams, past the API. Afterwards the stores are compared with what was acknowledged:
docs/reliability.md says what must hold. Exits with 1 and says what is missing if something is.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import redis
from uuid_utils import UUID, uuid7

from carousel.activity.log import FIELD, stream_key, stream_keys
from carousel.activity.repository import positions
from carousel.dataflows.rebuild import recompute, same
from carousel.embedded.attach import attached
from carousel.settings import Settings
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey, make
from carousel.taste.repository import load

PARTITIONS = 8
BATCH = 20  # events a request
CARS = 400
VICTIMS = {"dataflow-taste": 4, "api": 3, "postgres": 2, "valkey": 2}
"""What is killed, and how often in proportion; of the API one of its processes or their parent."""
PAGES = ("/", "/readyz", "/v1/listings", "/v1/listings/car-1", "/v1/listings/car-none", "/openapi.json", "/metrics")
"""What is looked at while the disk is full."""
MOST_FROZEN = 10.0
"""Seconds Postgres or Valkey are stopped at most."""


@dataclass
class Options:
    minutes: float = 30
    kills: int = 60
    freezes: int = 10
    rate: int = 2_000
    clients: int = 16
    seed: int = 7
    workers: Sequence[int] = (1, 3, 2)
    """Processes of the dataflow, one number per equal part of the time."""
    disk_full: bool = False


@dataclass
class Tally:
    """What was sent and what came of it."""

    sent: set[bytes] = field(default_factory=set)
    acknowledged: set[bytes] = field(default_factory=set)
    requests: int = 0
    retries: int = 0
    doubled: int = 0
    logins: int = 0
    poison: dict[bytes, str] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    frozen: Counter[str] = field(default_factory=Counter)
    full_seconds: float = 0.0
    is_full: bool = False
    looked: int = 0
    """Pages that were answered while the disk was full."""
    problems: list[str] = field(default_factory=list)
    longest: float = 0.0
    """Seconds until a request was acknowledged, retries included, at most."""


class Up:
    """`carousel up` in a home, to be started again with another number of workers."""

    def __init__(self, home: Path, *, fsync: str = "everysec") -> None:
        self.home = home
        self._fsync = fsync
        self.log_path = Path(tempfile.gettempdir()) / f"carousel-chaos-{os.getpid()}.log"  # not on the home's disk
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.port = 0

    def start(self, workers: int, *, stock: Path | None = None) -> None:
        """Start it; what cannot start, on a full disk say, is tried again, as a service manager does."""
        command = ["up", "--home", str(self.home), "--port", str(self.port), "--demo", "--workers", str(workers)]
        command += ["--import", str(stock)] if stock else []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CAROUSEL_")}
        clean["CAROUSEL_VALKEY_FSYNC"] = self._fsync
        for _ in range(30):
            with self.log_path.open("ab") as log_file:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "carousel", *command],
                    env=clean, stdout=subprocess.PIPE, stderr=log_file, text=True,
                )  # fmt: skip
            assert self._process.stdout is not None
            ready = self._process.stdout.readline()
            if "Carousel is ready at" in ready:
                self.url = ready.split()[-1]
                self.port = int(self.url.rpartition(":")[2])
                return
            self._process.wait()
            time.sleep(1)
        raise RuntimeError(f"carousel up did not start: {self.log_path.read_text(errors='replace')[-3_000:]}")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def running(self) -> dict[str, Any]:
        run: dict[str, Any] = orjson.loads((self.home / "run.json").read_bytes())
        return run

    def secret_key(self) -> str:
        return str(orjson.loads(Path(self.running()["secrets"]).read_bytes())["secret_key"])

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the processes of one part: for the API its parent and workers, else one per child."""
        assert self._process is not None
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=name == "api"):
                with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    if _part(child.cmdline(), child) == name:
                        found.append(child)
        return found

    def log_lines(self) -> Iterator[dict[str, Any]]:
        for line in self.log_path.read_text(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                with suppress(ValueError):
                    yield json.loads(line)


def _part(command: list[str], process: psutil.Process) -> str:
    text = " ".join(command)
    if "dataflow" in command and "taste" in command:
        return "dataflow-taste"
    if "carousel" in text and command[-1:] == ["api"]:
        return "api"
    parent = process.parent()
    if parent is not None and parent.cmdline()[-1:] == ["api"]:
        return "api"
    if command and Path(command[0]).name == "postgres":
        return "postgres"
    return "valkey" if command and "valkey" in Path(command[0]).name else ""


# --- shoppers --------------------------------------------------------------------------------------------------------


class Shoppers:
    """One client: a few visitors, some of whom log in, and a server that sends for many."""

    def __init__(self, number: int, options: Options, tally: Tally, up: Up, key: str) -> None:
        self._rng = random.Random(options.seed * 1_000 + number)
        self._options = options
        self._tally = tally
        self._up = up
        self._key = key
        self._number = number
        self._tokens: list[str] = []
        self._last: tuple[str, bytes, list[bytes]] | None = None
        self._pause = BATCH * options.clients / options.rate

    async def run(self, until: float) -> None:
        async with httpx.AsyncClient(timeout=5) as client:
            for _ in range(30):
                self._tokens.append(await self._token(client, "/v1/session", None))
            due = time.monotonic() + self._rng.random() * self._pause
            while time.monotonic() < until:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due = max(due + self._pause, time.monotonic() - 10)  # behind by more than that is not made up for
                await self._send(client)
                if self._rng.random() < 0.01:
                    await self._log_in(client)

    async def _send(self, client: httpx.AsyncClient) -> None:
        rng, tally = self._rng, self._tally
        if self._last and rng.random() < 0.05:
            token, body, ids = self._last  # sent twice, as a shaky network does
            tally.doubled += len(ids)
        else:
            as_server = rng.random() < 0.25
            token = self._key if as_server else rng.choice(self._tokens)
            events = [self._event(as_server) for _ in range(BATCH)]
            ids = [UUID(e["event_id"]).bytes for e in events]
            body = orjson.dumps({"events": events})
            tally.sent.update(ids)
        await self._until_acknowledged(client, token, body)
        tally.acknowledged.update(ids)
        self._last = (token, body, ids)

    async def _until_acknowledged(self, client: httpx.AsyncClient, token: str, body: bytes) -> None:
        answer = await self._insist(client, "/v1/events", body, token)
        rejected = [r for r in answer["results"] if r["status"] == "rejected"]
        if rejected:
            self._tally.problems.append(f"rejected: {rejected[0]}")

    async def _insist(self, client: httpx.AsyncClient, path: str, body: bytes | None, token: str | None) -> Any:
        """Send a request until it is answered, as docs/events.md says: 503 and lost connections are tried again."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        start, wait = time.monotonic(), 0.1
        while True:
            self._tally.requests += 1
            with suppress(httpx.TransportError):
                answer = await client.post(f"{self._up.url}{path}", content=body, headers=headers)
                if answer.status_code < 300:
                    self._tally.longest = max(self._tally.longest, time.monotonic() - start)
                    return answer.json()
                if answer.status_code < 500:
                    self._tally.problems.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                    raise RuntimeError(self._tally.problems[-1])
                if answer.status_code != 503:
                    self._tally.problems.append(f"{path}: {answer.status_code} {answer.text[:300]}")
            self._tally.retries += 1
            await asyncio.sleep(wait * self._rng.uniform(0.7, 1.3))
            wait = min(2 * wait, 1.0)

    async def _token(self, client: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> str:
        answer = await self._insist(client, path, orjson.dumps(body) if body else None, None)
        return str(answer["token"])

    async def _log_in(self, client: httpx.AsyncClient) -> None:
        """Log a visitor in; half of the time the old token goes on sending, as a forgotten tab does."""
        at = self._rng.randrange(len(self._tokens))
        email = f"shopper-{self._number}-{self._rng.randrange(15)}@example.org"
        token = await self._token(client, "/v1/token", {"email": email, "anonymous_token": self._tokens[at]})
        self._tally.logins += 1
        if self._rng.random() < 0.5:
            self._tokens[at] = token
        else:
            self._tokens.append(token)

    def _event(self, as_server: bool) -> dict[str, Any]:
        rng = self._rng
        kind = rng.choices(
            ("view", "click", "dwell", "favourite", "unfavourite", "hide", "unhide", "contact", "impression", "search"),
            (40, 20, 10, 8, 2, 3, 1, 2, 10, 4),
        )[0]
        ago = rng.choice((0, 0, 0, 0, 30, 3_600, 86_400, 40 * 86_400))
        event: dict[str, Any] = {
            "event_id": str(uuid7()), "type": kind,
            "occurred_at": (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(),
        }  # fmt: skip
        if kind == "impression":
            event["listing_ids"] = [f"car-{rng.randrange(CARS)}" for _ in range(5)]
        elif kind == "search":
            event["context"] = {"filters": {"make": ["Skoda", "Ford"], "max_price": rng.randrange(3_000, 40_000)}}
        else:
            event["listing_id"] = f"car-{rng.randrange(CARS + 20)}"  # some of them nobody has imported
        if kind == "dwell":
            event["value"] = round(rng.random() * 90, 1)
        if as_server:
            event["shopper_id"] = f"server-{self._number}-{rng.randrange(20)}"
        return event


# --- what goes wrong -------------------------------------------------------------------------------------------------


def poison(number: int) -> tuple[dict[bytes, bytes], bytes]:
    """Return an entry that is no event, and the payload its dead letter must have."""
    mark = f"poison-{number}"
    now = datetime.now(UTC)
    good: dict[str, Any] = {
        "event_id": str(uuid7()), "type": "view", "shopper_id": mark, "listing_id": "car-1",
        "occurred_at": now.isoformat(), "received_at": now.isoformat(),
    }  # fmt: skip
    text = orjson.dumps(good)
    ways = (
        b"not JSON " + mark.encode(),
        text[:-7],
        b"[" + text + b"]",
        b"\xff\xfe" + text,
        b"\x00" * 3 + mark.encode(),
        orjson.dumps(mark),
        orjson.dumps({**good, "type": "teleport"}),
        orjson.dumps({**good, "event_id": "7"}),
        orjson.dumps({**good, "listing_id": None}),
        orjson.dumps({**good, "listing_id": "x" * 500}),
        orjson.dumps({**good, "shopper_id": None, "session_id": mark}),
        orjson.dumps({**good, "occurred_at": "yesterday"}),
        orjson.dumps({**good, "occurred_at": "0001-01-01T00:00:00Z"}),
        orjson.dumps({**good, "occurred_at": (now + timedelta(days=2)).isoformat()}),
        orjson.dumps({**good, "received_at": (now + timedelta(days=900)).isoformat()}),
        orjson.dumps({**good, "value": "NaN"}),
        orjson.dumps({**good, "type": "dwell", "value": -1}),
        orjson.dumps({**good, "position": 10**9}),
        orjson.dumps({**good, "surprise": 1}),
        orjson.dumps({**good, "context": {"filters": 7}}),
        text.replace(b"car-1", b"car\\u0000-1"),
        text.replace(b"car-1", b"car\\ud800-1"),
        orjson.dumps({**good, "context": {"deep": "x" * 9_000}}),
        orjson.dumps({**good, "type": "merge", "reason": mark}),
        orjson.dumps({**good, "listing_ids": [1, 2]}),
        b"{" * 500 + mark.encode(),
    )
    payload = ways[number % (len(ways) + 2)] if number % (len(ways) + 2) < len(ways) else text
    if number % (len(ways) + 2) == len(ways):
        return {b"wrong": text}, b"wrong=" + text
    if number % (len(ways) + 2) == len(ways) + 1:
        return {FIELD: text, b"more": b"1"}, b"e=" + text + b"\nmore=1"
    return {FIELD: payload}, payload


async def put_poison(options: Options, tally: Tally, url: str, until: float) -> None:
    """Put 1% of poison into the streams, past the API."""
    rng = random.Random(options.seed)
    number = 0
    while time.monotonic() < until:
        await asyncio.sleep(0.25)
        for _ in range(max(1, options.rate // 400)):
            number += 1
            fields, payload = poison(number)
            stream = stream_key(rng.randrange(PARTITIONS))
            try:
                await asyncio.to_thread(_add, url, stream, fields)
            except (redis.RedisError, OSError):
                tally.poison.setdefault(payload, "unsure")  # perhaps it is in the stream, perhaps not
            else:
                tally.poison[payload] = "added"


def _add(url: str, stream: str, fields: dict[bytes, bytes]) -> None:
    with make(url, socket_timeout=2) as client:
        client.xadd(stream, fields)  # type: ignore[arg-type]


async def wreak(options: Options, tally: Tally, up: Up, run: dict[str, Any], until: float) -> None:
    """Kill and freeze at random moments, the whole time through; `run` says where the servers are."""
    rng = random.Random(options.seed + 1)
    span = until - time.monotonic()
    kinds = ["kill"] * options.kills + ["freeze"] * options.freezes + ["rogue"]
    moments = sorted((time.monotonic() + 2 + rng.random() * (span - 4), kind) for kind in kinds)
    for at, kind in moments:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        if kind == "rogue":
            await _run_a_second_reader(tally, run, seconds=min(10, span / 20))
            continue
        names = list(VICTIMS) if kind == "kill" else ["postgres", "valkey"]
        done = False
        while not done and time.monotonic() < until:
            name = rng.choices(names, [VICTIMS[n] for n in names])[0]
            victims = up.processes(name)
            if not victims:
                await asyncio.sleep(0.1)  # it has just been killed, or everything is being started again
                continue
            victim = victims[0] if name in ("postgres", "valkey") else rng.choice(victims)
            with suppress(psutil.NoSuchProcess):
                if kind == "kill":
                    victim.kill()
                    tally.killed[name] += 1
                else:
                    await _freeze(victim, seconds=rng.uniform(1, min(MOST_FROZEN, span / 8)))
                    tally.frozen[name] += 1
                done = True


async def _freeze(victim: psutil.Process, seconds: float) -> None:
    family = [victim, *victim.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        await asyncio.sleep(seconds)
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


async def _run_a_second_reader(tally: Tally, run: dict[str, Any], seconds: float) -> None:
    """Start a dataflow of all streams beside those that are there, by mistake."""
    urls = {"CAROUSEL_DATABASE_URL": run["database_url"], "CAROUSEL_VALKEY_URL": run["valkey_url"]}
    rogue = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "carousel", "dataflow", "taste", env={**os.environ, **urls},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.sleep(seconds)
    finally:
        with suppress(ProcessLookupError):  # fenced off, it ended by itself
            rogue.kill()
        await rogue.wait()
        tally.killed["rogue dataflow"] += 1


async def fill_the_disk(tally: Tally, home: Path, until: float) -> None:
    """Leave no byte on the home's disk for some seconds, once."""
    span = until - time.monotonic()
    await asyncio.sleep(span / 3)
    ballast = home.parent / "ballast"
    start = time.monotonic()
    tally.is_full = True
    try:
        with ballast.open("wb") as file:
            while time.monotonic() - start < min(15, span / 4):
                try:
                    file.write(b"\0" * 2**20)
                    file.flush()
                except OSError:
                    await asyncio.sleep(0.02)  # the last bytes, as others let go of theirs
    except OSError:
        pass  # closing flushes what did not fit
    finally:
        ballast.unlink()
        tally.is_full = False
        tally.full_seconds = time.monotonic() - start


async def look_meanwhile(tally: Tally, up: Up, until: float) -> None:
    """Read pages while the disk is full: what needs no room is answered, and what does hears 503."""
    async with httpx.AsyncClient(timeout=10) as client:
        while time.monotonic() < until:
            for path in PAGES if tally.is_full else ():
                with suppress(httpx.TransportError):  # the API has just been killed
                    answer = await client.get(f"{up.url}{path}")
                    tally.looked += 1
                    if answer.status_code >= 500 and answer.status_code != 503:
                        tally.problems.append(f"{path}: {answer.status_code} {answer.text[:300]}")
            await asyncio.sleep(0.1)


# --- the campaign ----------------------------------------------------------------------------------------------------


async def storm(up: Up, options: Options, tally: Tally) -> None:
    """Run the load and everything that goes wrong."""
    key = up.secret_key()
    run = up.running()  # while it is there: each rescale takes the file away for as long as it lasts
    end = time.monotonic() + 60 * options.minutes
    work = [Shoppers(n, options, tally, up, key).run(end) for n in range(options.clients)]
    work.append(put_poison(options, tally, run["valkey_url"], end))
    work += [wreak(options, tally, up, run, end), _rescale(up, options, end)]
    if options.disk_full:
        work += [fill_the_disk(tally, up.home, end), look_meanwhile(tally, up, end)]
    await asyncio.gather(*work)


async def _rescale(up: Up, options: Options, end: float) -> None:
    span = (end - time.monotonic()) / len(options.workers)
    for workers in options.workers[1:]:
        await asyncio.sleep(span)
        await asyncio.to_thread(up.stop)
        await asyncio.to_thread(up.start, workers)


def stock(folder: Path) -> Path:
    """Write a file of some cars."""
    makes = ("Skoda", "Ford", "BMW", "Kia")
    rows = [
        {
            "listing_id": f"car-{i}", "make": makes[i % 4], "model": f"Model {i % 12}", "year": 2010 + i % 14,
            "price": 4_000 + 90 * i, "currency": "EUR", "mileage_km": 1_000 * (i % 180), "fuel_type": "petrol",
        }
        for i in range(CARS)
    ]  # fmt: skip
    file = folder / "cars.json"
    file.write_bytes(orjson.dumps(rows))
    return file


def drained(database: Connection, valkey: Valkey, *, within: float = 180) -> bool:
    """Wait until every entry of the log is committed."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        last = {}
        for key in stream_keys(PARTITIONS):
            with suppress(redis.ResponseError):
                last[key] = valkey.xinfo_stream(key)["last-generated-id"].decode()
        if positions(database, "taste", list(last)) == last:
            return True
        time.sleep(0.2)
    return False


def verify(database: Connection, tally: Tally) -> list[str]:
    """Compare the stores with what was acknowledged, and say what is wrong."""
    wrong = list(dict.fromkeys(tally.problems))
    archived = Counter(
        row[0].bytes for row in database.execute("SELECT event_id FROM activity WHERE type <> 'merge'").fetchall()
    )
    wrong += _say("acknowledged, not archived", tally.acknowledged - archived.keys())
    wrong += _say("archived, never sent", archived.keys() - tally.sent)
    wrong += _say("archived more than once", {event_id for event_id, times in archived.items() if times > 1})
    keys = {row[0].bytes for row in database.execute("SELECT event_id FROM activity_key").fetchall()}
    wrong += _say("archived without a key", archived.keys() - keys)

    expected = dict(recompute(database))
    stored_ids = [row[0] for row in database.execute("SELECT shopper_id FROM taste").fetchall()]
    stored = load(database, stored_ids)
    wrong += _say("tastes that are missing", expected.keys() - stored.keys())
    wrong += _say("tastes nothing explains", stored.keys() - expected.keys())
    different = {i for i in expected.keys() & stored.keys() if not same(expected[i], stored[i])}
    wrong += _say("tastes that are not what the archive says", different)

    letters = dict(database.execute("SELECT payload, reason FROM dead_letter").fetchall())
    added = {payload for payload, state in tally.poison.items() if state == "added"}
    wrong += _say("poison without a dead letter", added - letters.keys())
    wrong += _say("dead letters that are no poison", {(p, letters[p]) for p in letters.keys() - tally.poison.keys()})
    wrong += _say("dead letters without a reason", {p for p, reason in letters.items() if not reason})
    return wrong


def _say(what: str, ids: set[Any]) -> list[str]:
    return [f"{len(ids):,} {what}: {sorted(map(str, ids))[:5]}"] if ids else []


def report(options: Options, tally: Tally, database: Connection, seconds: float) -> str:
    """Return what happened as a Markdown table."""
    counts = database.execute(
        "SELECT (SELECT count(*) FROM activity), (SELECT count(*) FROM taste), (SELECT count(*) FROM dead_letter)"
    ).fetchone()
    assert counts is not None
    kills = ", ".join(f"{n} × {name}" for name, n in sorted(tally.killed.items()))
    frozen = ", ".join(f"{n} × {name}" for name, n in sorted(tally.frozen.items())) or "none"
    rows = [
        ("minutes", f"{options.minutes:g}"),
        ("workers", " → ".join(map(str, options.workers))),
        ("SIGKILL", f"{sum(tally.killed.values())} ({kills})"),
        ("frozen for 1 to 10 s", frozen),
        ("disk full", f"{tally.full_seconds:.0f} s, {tally.looked} pages read" if tally.full_seconds else "no"),
        ("events acknowledged", f"{len(tally.acknowledged):,} ({len(tally.acknowledged) / seconds:,.0f}/s)"),
        ("requests, of them retries", f"{tally.requests:,}, {tally.retries:,}"),
        ("sent twice on purpose", f"{tally.doubled:,}"),
        ("logged in", f"{tally.logins:,}"),
        ("poison", f"{len(tally.poison):,}"),
        ("archived, tastes, dead letters", f"{counts[0]:,}, {counts[1]:,}, {counts[2]:,}"),
        ("longest until acknowledged", f"{tally.longest:.1f} s"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def unexpected(up: Up) -> list[str]:
    """Say what the log has of errors nobody thought of: the answers name none."""
    errors = [line for line in up.log_lines() if line["event"] == "unexpected error"]
    return list(dict.fromkeys(f"{error['path']}: {error['exception'][-1_500:]}" for error in errors))


def ended_by_itself(up: Up) -> list[str]:
    """Say when the API ended that nobody had killed."""
    ends = [line for line in up.log_lines() if line["event"].startswith("ended,") and line["child"] == "api"]
    return [f"the API ended by itself: {end['why']}" for end in ends if end["why"] != "signal SIGKILL"]


def campaign(home: Path, options: Options) -> tuple[list[str], str]:
    """Run a campaign in a home that does not exist yet; return what is wrong afterwards, and the report."""
    # On a full disk everysec acknowledges what is only in memory yet, and is lost if the process then ends as well.
    up, tally = Up(home, fsync="always" if options.disk_full else "everysec"), Tally()
    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder:
            up.start(options.workers[0], stock=stock(Path(folder)))
        asyncio.run(storm(up, options, tally))
        seconds = time.monotonic() - start
        with attached(Settings(home=home)) as urls, connect(str(urls.database_url)) as database:
            with make(str(urls.valkey_url)) as valkey:
                if not drained(database, valkey):
                    return ["the dataflow did not catch up within 180 s"], report(options, tally, database, seconds)
            wrong = verify(database, tally) + unexpected(up)
            if options.disk_full:  # else a worker that is killed twice within seconds ends it
                wrong += ended_by_itself(up)
            return wrong, report(options, tally, database, seconds)
    finally:
        up.stop()
        up.log_path.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a small disk in memory.

    :raises PermissionError: only root may.
    """
    with tempfile.TemporaryDirectory(prefix="carousel-") as folder:
        mounted = subprocess.run(
            ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder], capture_output=True
        )
        if mounted.returncode:
            raise PermissionError(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["/bin/umount", "-l", folder], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--rate", type=int, default=2_000, help="events a second, of all clients together")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="folder to keep; else a temporary one")
    parser.add_argument("--disk-full", action="store_true", help="on a disk of 1 GB in memory, full once")
    arguments = parser.parse_args()
    options = Options(
        minutes=arguments.minutes, kills=arguments.kills, freezes=max(1, arguments.kills // 6), rate=arguments.rate,
        seed=arguments.seed, disk_full=arguments.disk_full,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="carousel-") if not arguments.disk_full else small_disk(1_000) as folder:
        home = arguments.home or Path(folder) / "home"
        if home.exists():
            shutil.rmtree(home)
        wrong, table = campaign(home, options)
    print(table)
    print("\n".join(wrong) if wrong else "\nNothing lost, nothing twice, every taste as the archive says.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
