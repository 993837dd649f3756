"""Measure what a shopper waits for: slates, searches, and the way from a click to a changed slate.

    python benchmarks/serve.py [--listings 145000] [--shoppers 500] [--seconds 15] [--connections 16]
    python benchmarks/serve.py --shoppers 100000 [--rate 600 60] [--seconds 60]

From 1,000 shoppers on (`shoppers.py` makes them) a choice model is trained, and two loads are measured: visits of
several pages with clicks between them, and one page of another shopper each time.

It runs a whole `carousel up` in a temporary home, fills it with the real UK and German files where they lie
(CAROUSEL_REAL_DATA) and with simulated listings otherwise, and asks over HTTP as clients would.
"""

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import shoppers
import visits
from uuid_utils import uuid7

from carousel.catalogue.repository import bulk_index, refit_knots, upsert
from carousel.storage.postgres import connect

DATA = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "listings"
CAROUSEL = [sys.executable, "-m", "carousel"]
MANY = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=145_000)
    parser.add_argument("--shoppers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--clicks", type=int, default=500)
    parser.add_argument("--rate", type=float, nargs="+", default=[600.0], help="pages a second of the visits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder:
        home = Path(folder) / "home"
        # A training begun by itself would take its part of the cores.
        with running(home, CAROUSEL_TRAIN_EVERY="0") as url:
            fill(home, options.listings)
            if options.shoppers < MANY:
                asyncio.run(measure(url, options))
            else:
                measure_many(url, home, options)


def measure_many(url: str, home: Path, options: argparse.Namespace) -> None:
    """Measure with so many shoppers that nearly every page is somebody's first after a change."""
    started = time.perf_counter()
    where = shoppers.Home.of(home)
    ids = shoppers.make(where, options.shoppers)
    print(f"{len(ids):,} shoppers with a history, made in {time.perf_counter() - started:.0f} s", flush=True)
    train = subprocess.run([*CAROUSEL, "train", "--home", str(home)], check=False, capture_output=True, text=True)
    print((train.stdout or train.stderr).strip().splitlines()[-1])
    time.sleep(8)  # every process has noticed the model
    tokens = shoppers.tokens(where, ids)
    random.Random(5).shuffle(tokens)
    part = len(tokens) // (len(options.rate) + 1)
    for i, rate in enumerate(options.rate, start=1):
        asyncio.run(visits.measure(url, home, tokens[i * part :][:part], rate, options.seconds))
    asyncio.run(visits.measure_firsts(url, home, tokens[:part], options))


@contextmanager
def running(home: Path, **environment: str) -> Iterator[str]:
    """Run `carousel up` and yield its address."""
    command = [*CAROUSEL, "up", "--no-demo", "--home", str(home), "--port", "0"]
    log = home.parent / "up.log"
    with log.open("w") as stderr:
        up = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, **environment}
        )
        try:
            line = up.stdout.readline() if up.stdout else ""
            if "ready at" not in line:
                raise SystemExit(f"carousel up did not start:\n{log.read_text()[-2000:]}")
            yield line.split()[-1]
        finally:
            up.terminate()
            up.wait(20)


def fill(home: Path, count: int) -> None:
    """Import the real files, or as many simulated listings."""
    files = [*sorted((DATA / "uk_100k").glob("*.csv")), *(DATA / "autoscout24_de").glob("*.csv")]
    started = time.perf_counter()
    if count >= 145_000 and files:
        # Each source says in its own currency what its cars cost.
        for source, currency in (("uk_100k", "GBP"), ("autoscout24_de", "EUR")):
            own = [str(f) for f in files if source in f.parts]
            command = [*CAROUSEL, "import", *own, "--home", str(home), "--currency", currency, "--json"]
            subprocess.run(command, check=True, cwd=home.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        what = "real UK and German listings"
    else:
        from carousel.market.listings import make_listings

        run = orjson.loads((home / "run.json").read_bytes())
        with connect(run["database_url"]) as connection, bulk_index(connection):
            upsert(connection, make_listings(count, seed=3, now=datetime.now(UTC)))
            refit_knots(connection)
        what = "simulated listings"
    print(f"catalogue: {what}, loaded in {time.perf_counter() - started:.0f} s\n", flush=True)


async def measure(url: str, options: argparse.Namespace) -> None:
    rng = random.Random(11)
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client:
        total = (await client.get("/v1/listings", params={"n": 1})).json()["total"]
        print(f"{total:,} active listings; {os.cpu_count()} cores shared with this benchmark\n")
        tokens = await make_shoppers(client, options.shoppers, rng)
        print("| call | requests/s | p50 ms | p99 ms | errors |")
        print("|---|---|---|---|---|")
        slate = [("/v1/recommendations?n=20", token) for token in tokens]
        await load(url, slate, "slate, n=20, every shopper once (nothing cached)", options, once=True)
        await load(url, slate, "slate, n=20, random shopper", options, rng=rng)
        uncached = [(f"/v1/recommendations?n=20&min_price={i}", t) for i in range(1, 100) for t in tokens]
        await load(url, uncached, "slate, n=20, no slate ever cached, one filter", options, rng=rng)
        searches = [
            (f"/v1/listings?make={make}&fuel={fuel}&max_price={price}&sort={sort}", rng.choice(tokens))
            for make in ("BMW", "Ford", "Volkswagen", "Skoda") for fuel in ("petrol", "diesel")
            for price in (9_000, 15_000, 25_000) for sort in ("recommended", "price_asc", "newest")
        ]  # fmt: skip
        await load(url, searches, "search, 3 filters, all facets", options, rng=rng)
        words = [(f"/v1/listings?q={q}", rng.choice(tokens)) for q in ("golf", "bmw+3", "octavia", "ford+fiesta")]
        await load(url, words, "search by words", options, rng=rng)
        similar = [
            (f"/v1/listings/{x['listing_id']}/similar", tokens[0])
            for x in await listings(client, n=100, sort="price_desc")
        ]
        await load(url, similar, "similar listings (pgvector)", options, rng=rng)
        await freshness(client, tokens, options.clicks, rng)


def headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def listings(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/listings", params=query)).json()["listings"]
    return found


def view(listing_id: str) -> dict[str, Any]:
    return {
        "event_id": str(uuid7()),
        "type": "view",
        "listing_id": listing_id,
        "occurred_at": datetime.now(UTC).isoformat(),
    }


async def make_shoppers(client: httpx.AsyncClient, count: int, rng: random.Random) -> list[str]:
    """Open sessions whose shoppers have each viewed eight listings of one search."""
    facets = (await client.get("/v1/listings", params={"n": 1})).json()["facets"]
    models = [entry["value"] for entry in facets["model"]][:150]
    stock = {
        model: [x["listing_id"] for x in await listings(client, model=model, n=50)] for model in models
    }  # fmt: skip
    tokens: list[str] = []
    for _ in range(count):
        token = (await client.post("/v1/session")).json()["token"]
        mixed = [i for model in rng.sample(models, 3) for i in stock[model]]
        events = [view(i) for i in rng.sample(mixed, min(8, len(mixed)))]
        await client.post("/v1/events", json={"events": events}, headers=headers(token))
        tokens.append(token)
    for token in tokens[-3:]:  # the flow has caught up when the last ones are known
        while (await client.get("/v1/me/taste", headers=headers(token))).json()["taste_version"] < 8:
            await asyncio.sleep(0.1)
    return tokens


async def load(
    url: str,
    requests: list[tuple[str, str]],
    name: str,
    options: argparse.Namespace,
    *,
    rng: random.Random | None = None,
    once: bool = False,
) -> None:
    """Keep some connections busy and print what they saw."""
    times: list[float] = []
    errors = 0
    queue = iter(requests) if once else None
    ends = time.perf_counter() + (600 if once else options.seconds)

    async def ask(connection: visits.Connection) -> None:
        nonlocal errors
        while time.perf_counter() < ends:
            request = next(queue, None) if queue else (rng or random).choice(requests)
            if request is None:
                return
            started = time.perf_counter()
            status, _ = await connection.ask("GET", *request)
            times.append(time.perf_counter() - started)
            errors += status != 200

    connections = [await visits.Connection.open(url) for _ in range(options.connections)]
    started = time.perf_counter()
    await asyncio.gather(*(ask(connection) for connection in connections))
    seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    p50, p99 = percentile(times, 50), percentile(times, 99)
    print(f"| {name} | {len(times) / seconds:,.0f} | {p50:.1f} | {p99:.1f} | {errors} |", flush=True)


async def freshness(client: httpx.AsyncClient, tokens: list[str], clicks: int, rng: random.Random) -> None:
    """Click at 50/s, each time another shopper, and poll that shopper's slate until it is another one."""
    stock = [x["listing_id"] for x in await listings(client, n=100)]
    waits: list[float] = []

    async def click(token: str) -> None:
        before = await slate(token)
        await client.post("/v1/events", json={"events": [view(rng.choice(stock))]}, headers=headers(token))
        acknowledged = time.perf_counter()
        while await slate(token) == before:
            await asyncio.sleep(0.002)
        waits.append(time.perf_counter() - acknowledged)

    async def slate(token: str) -> tuple[Any, ...]:
        body = (await client.get("/v1/recommendations", headers=headers(token))).json()
        return (body["taste_version"], *(x["listing_id"] for x in body["listings"]))

    tasks: list[Awaitable[None]] = []
    for i in range(clicks):
        tasks.append(asyncio.create_task(click(tokens[i % len(tokens)])))
        await asyncio.sleep(0.02)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    print(
        f"\nfrom the 202 of a view to a changed slate, {clicks} clicks at 50/s: median {percentile(waits, 50):.0f} ms, "
        f"p99 {percentile(waits, 99):.0f} ms, worst {max(waits) * 1000:.0f} ms"
    )


def percentile(seconds: list[float], which: int) -> float:
    """Return a percentile in milliseconds."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[which - 1] * 1000


if __name__ == "__main__":
    main()
