"""Measure what retrieval loses: the share of the exact top-20 score that candidates keep, and what they cost.

    python benchmarks/retrieval.py [--listings 145000] [--shoppers 200]

Shoppers have viewed eight cars of two or three models around one price. "pgvector" is what serves catalogues above
CAROUSEL_EXACT_LIMIT: the nearest to the centroid, the interests and the last views, with fresh and popular stock;
"default" scores everything in memory.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from uuid import uuid4

import numpy as np
import orjson
from serve import fill, running

from carousel.activity.events import Event
from carousel.catalogue.repository import describe
from carousel.catalogue.snapshot import LiveSnapshot, Snapshot
from carousel.recommend.pipeline import Recommender, find
from carousel.recommend.query import Query
from carousel.recommend.scorers import top
from carousel.recommend.sources import Neighbours, sources_for
from carousel.storage import postgres
from carousel.taste.taste import Taste, settle, update

TOP = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=145_000)
    parser.add_argument("--shoppers", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder:
        home = Path(folder) / "home"
        with running(home):
            fill(home, options.listings)
            url = orjson.loads((home / "run.json").read_bytes())["database_url"]
            asyncio.run(measure(url, options.shoppers))


async def measure(url: str, count: int) -> None:
    pool = postgres.make_pool(url, size=4)
    await pool.open()
    async with pool.connection() as connection:
        snapshot = await LiveSnapshot().current(connection)
    tastes = make_tastes(url, snapshot, count)
    print("| retrieval | score kept (mean) | worst shopper | candidates (median) | ms (median) |")
    print("|---|---|---|---|---|")
    for name, exact_limit in (("pgvector", 0), ("default", 10**9)):
        neighbours = Neighbours(pool, exact_limit=exact_limit)
        recommender = Recommender(neighbours, exact_limit=exact_limit, exploration=0.1)
        kept, sizes, times = [], [], []
        for taste in tastes:
            query = Query(shopper_id="bench", taste=taste, now=datetime.now(UTC))
            scores = recommender.scores(query, snapshot)
            started = time.perf_counter()
            near = await neighbours.near(query, snapshot)
            found = find(sources_for(snapshot, exact_limit), recommender.view(query, snapshot, near))
            rows = np.unique(np.concatenate(list(found.values())))
            times.append((time.perf_counter() - started) * 1000)
            sizes.append(len(rows))
            best = scores[top(scores, TOP)].sum()
            kept.append(float(np.sort(scores[rows])[-TOP:].sum() / best))
        print(f"| {name} | {fmean(kept):.1%} | {min(kept):.1%} | {median(sizes):.0f} | {median(times):.1f} |")
    await pool.close()


def make_tastes(url: str, snapshot: Snapshot, count: int) -> list[Taste]:
    """Fold eight views of two or three models near one price, for each shopper."""
    rng = random.Random(23)
    models, prices = snapshot.codes("model"), snapshot.numbers("price_eur")
    common = np.flatnonzero(np.bincount(models[snapshot.active]) > 30)
    tastes = []
    with postgres.connect(url) as connection:
        for _ in range(count):
            chosen = rng.sample(common[1:].tolist(), rng.choice((2, 3)))
            rows = np.flatnonzero(np.isin(models, chosen) & snapshot.active & ~np.isnan(prices))
            middle = float(np.median(prices[rows])) * rng.uniform(0.7, 1.3)
            nearest = rows[np.argsort(np.abs(np.log(prices[rows] / middle)))[:60]]
            viewed = [snapshot.ids[row] for row in rng.sample(nearest.tolist(), 8)]
            described = describe(connection, viewed)
            tastes.append(fold(viewed, lambda taste, event, d=described: update(taste, event, d[event.listing_id])))
            tastes[-1] = settle(tastes[-1], {i: x.embedding for i, x in described.items()})
    return tastes


def fold(viewed: list[str], step: Callable[[Taste, Event], Taste]) -> Taste:
    now = datetime.now(UTC)
    taste = Taste.empty(now)
    for listing_id in viewed:
        event = Event(
            event_id=str(uuid4()), type="view", shopper_id="bench", occurred_at=now, received_at=now,
            listing_id=listing_id,
        )  # fmt: skip
        taste = step(taste, event)
    return taste


if __name__ == "__main__":
    main()
