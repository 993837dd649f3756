"""Measure the taste dataflow: events a second, the time from accepted to committed, a rebuild, a backup and a restore.

    python benchmarks/dataflow.py [--seconds 5] [--backlog 1000000] [--shoppers 20000] [--listings 5000] [--workers 2]

It starts servers of its own in a temporary folder. The commit's time is PostgreSQL's own (track_commit_timestamp),
the start is `received_at`, so both ends are exact and nothing of the measuring is in between.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

from carousel.activity.events import Event
from carousel.activity.log import append
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.repository import upsert
from carousel.dataflows.rebuild import rebuild
from carousel.embedded.backup import backup, restore
from carousel.embedded.home import Home
from carousel.embedded.server import Server, wait_until_ready
from carousel.embedded.servers import environment, make_servers
from carousel.processes import leash
from carousel.storage.migrations import migrate
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import make, make_async

RATES = (100, 1_000, 5_000)
TICK = 0.01  # seconds between two appends of the sender


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="seconds at each rate")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events waiting for the throughput measurement")
    parser.add_argument("--shoppers", type=int, default=20_000)
    parser.add_argument("--listings", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=2, help="processes of the flow")
    options = parser.parse_args()
    rng = random.Random(7)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database_url, valkey_url = stack.enter_context(servers(Path(folder)))
        migrate(database_url)
        database = stack.enter_context(connect(database_url))
        upsert(database, [car(i, rng) for i in range(options.listings)])

        print("| load | events | committed events/s | accepted to committed p50 | p99 |")
        print("|---|---|---|---|---|")
        flows = start_flows(database_url, valkey_url, options.workers)
        try:
            drained(database, asyncio.run(send_at(valkey_url, 200, 1.0, options, rng)))  # warms caches and plans
            for rate in RATES:
                database.execute("TRUNCATE activity, activity_key, taste CASCADE")
                count = asyncio.run(send_at(valkey_url, rate, options.seconds, options, rng))
                drained(database, count)
                show(database, f"{rate:,} events/s")
        finally:
            stop(flows)
        database.execute("TRUNCATE activity, activity_key, taste CASCADE")
        asyncio.run(send_backlog(valkey_url, options.backlog, options, rng))
        start = time.monotonic()
        flows = start_flows(database_url, valkey_url, options.workers)
        try:
            drained(database, options.backlog)
            seconds = time.monotonic() - start  # with the second a process takes to start
            count = options.backlog
            print(f"| backlog of {count:,} | {count:,} | {count / seconds:,.0f} | – | – |", flush=True)
        finally:
            stop(flows)
        start = time.monotonic()
        done = rebuild(database_url, workers=2, dry_run=True)
        seconds = time.monotonic() - start
        print(f"\nRebuild: {done.events:,} events and {done.tastes:,} tastes in {seconds:.1f} s, {done.changed} differ")
        file = Path(folder) / "backup.tar"
        start = time.monotonic()
        with make(valkey_url) as valkey:
            backup(database_url, valkey, file, partitions=8)
        seconds = time.monotonic() - start
        print(f"Backup: {file.stat().st_size / 1e6:,.0f} MB in {seconds:.1f} s")
        other_url, other_valkey_url = stack.enter_context(servers(Path(folder) / "other"))
        start = time.monotonic()
        with make(other_valkey_url) as valkey:
            restore(other_url, valkey, file, partitions=8, token_seconds=60)
        print(f"Restore: {time.monotonic() - start:.1f} s")


@contextmanager
def servers(folder: Path) -> Iterator[tuple[str, str]]:
    """Run both servers, PostgreSQL noting when each transaction was committed."""
    home = Home(folder / "home")
    folder.mkdir(exist_ok=True)
    home.prepare()
    postgres, valkey = make_servers(home)
    with ExitStack() as stack:
        stack.enter_context(running(postgres, "-c", "track_commit_timestamp=on"))
        stack.enter_context(running(valkey))
        yield postgres.url, valkey.url


@contextmanager
def running(server: Server, *extra: str) -> Iterator[None]:
    server.prepare()
    process = subprocess.Popen(
        [*server.command(), *extra], cwd=server.folder, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, umask=0o077, preexec_fn=leash(server.stop_signal), **server.account.run_as(),
    )  # fmt: skip
    try:
        wait_until_ready(server, lambda: process.poll() is None)
        yield
    finally:
        process.send_signal(server.stop_signal)
        process.wait(20)


def start_flows(database_url: str, valkey_url: str, workers: int) -> "list[subprocess.Popen[bytes]]":
    urls = {"CAROUSEL_DATABASE_URL": database_url, "CAROUSEL_VALKEY_URL": valkey_url, "CAROUSEL_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "carousel", "dataflow", "taste", "--share"]
    return [
        subprocess.Popen([*command, f"{i + 1}/{workers}"], env={**os.environ, **urls}, preexec_fn=leash(15))  # type: ignore[arg-type]
        for i in range(workers)
    ]


def stop(flows: "Sequence[subprocess.Popen[bytes]]") -> None:
    for flow in flows:
        flow.terminate()
        flow.wait(5)


def car(number: int, rng: random.Random) -> Listing:
    """Return a plausible car; what it is hardly matters here, that it has every trait does."""
    make = rng.choice(("Skoda", "Ford", "BMW", "Toyota", "Renault", "Volkswagen", "Hyundai", "Kia", "Audi", "Fiat"))
    return Listing(
        listing_id=ListingId(f"car-{number}"), make=make, model=f"{make} {rng.randint(1, 9)}", source="benchmark",
        body_type=rng.choice(("hatchback", "sedan", "wagon", "suv")), fuel_type=rng.choice(("petrol", "diesel")),
        transmission=rng.choice(("manual", "automatic")), model_year=rng.randint(2005, 2025),
        mileage_km=rng.randint(0, 250_000), power_kw=rng.randint(50, 250),
        price_amount=Decimal(rng.randint(900, 60_000)), price_currency="EUR",
        seller_type=rng.choice(("dealer", "private")),
    )  # fmt: skip


def event(options: argparse.Namespace, rng: random.Random) -> Event:
    now = datetime.now(UTC)
    return Event(
        event_id=str(uuid4()), type=rng.choices(("view", "click", "favourite", "contact"), (70, 20, 8, 2))[0],  # type: ignore[arg-type]
        shopper_id=f"shopper-{rng.randrange(options.shoppers)}", occurred_at=now, received_at=now,
        listing_id=f"car-{rng.randrange(options.listings)}", placement="home", position=rng.randint(1, 20),
        context={"page": "home", "device": "phone"},
    )  # fmt: skip


async def send_at(valkey_url: str, rate: int, seconds: float, options: argparse.Namespace, rng: random.Random) -> int:
    """Append `rate` events a second, a few at a time; return how many there were."""
    sent = 0
    async with make_async(valkey_url) as valkey:
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            due = int(elapsed * rate) - sent
            if due:
                await append(valkey, [event(options, rng) for _ in range(min(due, 200))], partitions=8)
                sent += min(due, 200)
            else:
                await asyncio.sleep(TICK if rate < 2_000 else TICK / 4)
    return sent


async def send_backlog(valkey_url: str, count: int, options: argparse.Namespace, rng: random.Random) -> None:
    async with make_async(valkey_url) as valkey:
        for start in range(0, count, 500):
            await append(valkey, [event(options, rng) for _ in range(min(500, count - start))], partitions=8)


def drained(database: Connection, count: int, *, within: float = 300) -> None:
    end = time.monotonic() + within
    while True:
        row = database.execute("SELECT count(*) FROM activity").fetchone()
        assert row is not None
        if row[0] >= count:
            return
        if time.monotonic() > end:
            raise SystemExit(f"{row[0]:,} of {count:,} events were committed within {within:.0f} s")
        time.sleep(0.1)


def show(database: Connection, name: str) -> None:
    row = database.execute(
        """
        SELECT count(*), extract(epoch FROM max(at) - min(at)),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - received_at)),
               percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM at - received_at))
        FROM (SELECT received_at, pg_xact_commit_timestamp(xmin) AS at FROM activity)
        """
    ).fetchone()
    assert row is not None
    count, seconds, p50, p99 = row
    waits = f"{1_000 * p50:.1f} ms | {1_000 * p99:.1f} ms"
    print(f"| {name} | {count:,} | {count / float(seconds):,.0f} | {waits} |", flush=True)


if __name__ == "__main__":
    main()
