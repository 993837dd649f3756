"""Measure a training end to end: an archive of millions of looks, then `carousel train`.

    python benchmarks/train.py [--events 5000000] [--shoppers 100000] [--listings 145000] [--runs 3]

It runs a whole `carousel up` in a temporary home, fills it as `serve.py` does, and writes the looks straight into the
archive: those of people who look for one, two or three cars at once (`shoppers.py`), over the last 100 days; with
`--shoppers 0` of other people each time. Seconds are those of the command, from its start to its end; memory is the
most it held, PostgreSQL's own not counted.
"""

import argparse
import os
import random
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import serve
import shoppers

from carousel.storage.postgres import connect

DAYS = 100
KINDS = ("view", "click", "dwell", "favourite", "contact")
SHARES = (50, 30, 14, 4, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--shoppers", type=int, default=100_000)
    parser.add_argument("--listings", type=int, default=145_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carousel-bench-") as folder:
        home = Path(folder) / "home"
        with serve.running(home, CAROUSEL_TRAIN_EVERY="0"):
            serve.fill(home, options.listings)
            people = archive(shoppers.Home.of(home), options.events, options.shoppers)
            print(
                f"{options.events:,} events of {people:,} shoppers\n\n| seconds | memory, GB | outcome |\n|---|---|---|"
            )
            for _ in range(options.runs):
                print("| {:.1f} | {:.2f} | {} |".format(*train(home)), flush=True)


def archive(home: shoppers.Home, count: int, shopper_count: int, *, seed: int = 13) -> int:
    """Write events into the archive and return how many shoppers did them."""
    rng = random.Random(seed)
    now = datetime.now(UTC)
    done = sittings = 0
    people: set[int] = set()
    with connect(home.database_url) as connection:
        stock = shoppers.Stock(connection)
        columns = "event_id, shopper_id, type, listing_id, occurred_at, received_at, details"
        with connection.cursor() as cursor, cursor.copy(f"COPY activity ({columns}) FROM STDIN") as copy:
            while done < count:
                sittings += 1
                who = rng.randrange(shopper_count) if shopper_count else sittings
                people.add(who)
                at = now - timedelta(days=rng.uniform(0, DAYS))
                looked = shoppers.looks(stock, rng)
                for number, listing_id in enumerate(looked):
                    (kind,) = rng.choices(KINDS, SHARES)
                    when = at + timedelta(seconds=40 * number)
                    details = '{"value": 20}' if kind == "dwell" else "{}"
                    copy.write_row(
                        (UUID(int=rng.getrandbits(128)), f"s-{who:032x}", kind, listing_id, when, when, details)
                    )
                done += len(looked)
        connection.execute("ANALYZE activity")
    return len(people)


def train(home: Path) -> tuple[float, float, str]:
    """Return how many seconds and gigabytes a training took, and what came of it."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*serve.CAROUSEL, "train", "--home", str(home)], stdout=said, stderr=said)
        _, _, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - started
        said.seek(0)
        lines = said.read().strip().splitlines()
    return took, usage.ru_maxrss / 1e6, lines[0] if lines else "nothing said"


if __name__ == "__main__":
    main()
