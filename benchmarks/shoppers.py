"""Make many shoppers with a history (`serve.py` and `train.py` ask for them).

No HTTP request is made: some histories go through the log and the dataflow, the others are written as tastes.
"""

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import psycopg
from numpy.typing import NDArray

from carousel.activity.events import Event
from carousel.activity.log import append
from carousel.api.tokens import Shopper, Tokens
from carousel.catalogue.repository import describe
from carousel.catalogue.traits import Described
from carousel.dataflows.fold import fold
from carousel.errors import UnavailableError
from carousel.settings import Settings
from carousel.storage.postgres import connect
from carousel.storage.valkey import make_async
from carousel.taste.repository import save
from carousel.taste.taste import Taste, settle

WISHES = (0.6, 0.3, 0.1)
"""Shares of the shoppers who look for one, two and three cars at once."""
LOOKS = (3, 7)
"""Fewest and most listings looked at for each wish."""
OLDEST_DAYS = 21.0
_MODEL = 0.5
"""Share of the wishes that are for a model; the others are for a body and fuel in a band of prices."""
LOGGED = 6_000
"""Shoppers whose events go through the log and the dataflow, for the choice model to learn from; the tastes of the
others are written as the dataflow writes them."""
_BATCH, _SHOPPERS = 500, 2_000
_PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Home:
    """Where a running Carousel's servers are, and what signs its tokens."""

    database_url: str
    valkey_url: str
    token_secret: str

    @classmethod
    def of(cls, folder: Path) -> "Home":
        run = orjson.loads((folder / "run.json").read_bytes())
        secrets = orjson.loads((folder / "secrets.json").read_bytes())
        return cls(run["database_url"], run["valkey_url"], secrets["token_secret"])


def shopper_ids(count: int) -> list[str]:
    return [f"s-{number:032x}" for number in range(1, count + 1)]


def tokens(home: Home, ids: Sequence[str]) -> list[str]:
    """Sign a token for each shopper."""
    signer = Tokens(Settings.model_validate({"token_secret": home.token_secret}))
    return [signer.make(Shopper(i, "anonymous")) for i in ids]


def make(home: Home, count: int, *, seed: int = 11) -> list[str]:
    """Give shoppers a history of some days ago, wait until their tastes are known, and return their ids."""
    ids = shopper_ids(count)
    rng = random.Random(seed)
    with connect(home.database_url) as connection:
        stock = Stock(connection)
        asyncio.run(_append(home.valkey_url, [*_events(ids[:LOGGED], stock, rng)]))
        described: dict[str, Described] = {}
        for start in range(LOGGED, count, _SHOPPERS):
            some = ids[start : start + _SHOPPERS]
            events = [*_events(some, stock, rng)]
            described |= describe(connection, {str(e.listing_id) for e in events} - described.keys())
            embeddings = {i: listing.embedding for i, listing in described.items()}
            tastes = fold({i: Taste.empty(events[0].occurred_at) for i in some}, events, described)
            save(connection, {i: (settle(taste, embeddings), None) for i, taste in tastes.items()})
        while _known(connection) < count:
            time.sleep(0.5)
        connection.execute("VACUUM ANALYZE taste")
    return ids


class Stock:
    """The listings, in groups of those that serve the same wish: a model, or a body and fuel in a band of prices."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        rows = connection.execute(
            """
            SELECT listing_id, dense_rank() OVER (ORDER BY make, model),
                   dense_rank() OVER (ORDER BY body_type, fuel_type, round(5 * ln(greatest(price_amount, 1))))
            FROM listing WHERE status = 'active' ORDER BY listing_id
            """
        ).fetchall()
        self._listing_ids: list[str] = [row[0] for row in rows]
        self._groups = [_grouped(np.array([row[by] for row in rows])) for by in (1, 2)]

    def looks(self, count: int, rng: random.Random) -> set[str]:
        """Return some listings of one wish; a wish is as likely as there are cars for it."""
        order, starts = self._groups[rng.random() >= _MODEL]
        at = bisect_right(starts, rng.randrange(len(order))) - 1
        end = starts[at + 1] if at + 1 < len(starts) else len(order)
        return {self._listing_ids[order[rng.randrange(starts[at], end)]] for _ in range(count)}


def _grouped(codes: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    order = np.argsort(codes, kind="stable")
    return order.tolist(), np.flatnonzero(np.diff(codes[order], prepend=-1)).tolist()


def looks(stock: Stock, rng: random.Random) -> list[str]:
    """Return what somebody looks at in one sitting, wish by wish."""
    (wishes,) = rng.choices((1, 2, 3), WISHES)
    return [i for _ in range(wishes) for i in sorted(stock.looks(rng.randint(*LOOKS), rng))]


def _events(ids: Sequence[str], stock: Stock, rng: random.Random) -> Iterator[Event]:
    """Yield what each shopper did in one sitting of up to three weeks ago; one of ten contacted a seller."""
    now = datetime.now(UTC)
    for shopper_id in ids:
        at = now - timedelta(days=rng.uniform(0.05, OLDEST_DAYS))
        looked = looks(stock, rng)
        contacts = rng.random() < 0.1
        for number, listing_id in enumerate(looked):
            moment = at + timedelta(seconds=40 * number)
            yield Event(
                event_id=str(UUID(int=rng.getrandbits(128))), shopper_id=shopper_id, listing_id=listing_id,
                type="contact" if contacts and number == len(looked) - 1 else "view",
                # Received as they happened: nobody's interests are found ahead for what is days ago.
                occurred_at=moment, received_at=moment,
            )  # fmt: skip


async def _append(valkey_url: str, events: Sequence[Event]) -> None:
    valkey = make_async(valkey_url)
    left = [events[start : start + _BATCH] for start in range(0, len(events), _BATCH)]
    while left:
        try:
            await append(valkey, left[-1], partitions=_PARTITIONS)
            left.pop()
        except UnavailableError:  # a busy machine; the same events again are no others
            await asyncio.sleep(0.5)
    await valkey.aclose()


def _known(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM taste WHERE shopper_id LIKE 's-0000%'").fetchone()
    return int(row[0]) if row else 0
