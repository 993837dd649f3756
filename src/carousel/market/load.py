"""Fill an empty service with the simulated market: stock, accounts, and what they did lately."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from carousel.activity import log as activity_log
from carousel.activity.events import Event
from carousel.activity.shoppers import DEMO_ISSUER, register_all
from carousel.catalogue.listing import Listing
from carousel.catalogue.repository import bulk_index, preview, refit_knots, upsert
from carousel.market.listings import make_listings
from carousel.market.prices import price_steps
from carousel.market.shoppers import Shopper, Stock, history, make_shoppers
from carousel.settings import Settings
from carousel.storage import postgres
from carousel.storage.valkey import make_async
from carousel.telemetry import log

_logger = log(__name__)
_AT_ONCE = 250  # far inside the second the log gives itself


def load(settings: Settings, *, listings: int = 20_000, shoppers: int = 2_000, seed: int = 1) -> None:
    """Write the market's listings, register its accounts and append their history.

    Loading again in the same hour changes nothing: listings and event ids follow from the seed, and the history goes
    through the same log as everybody's, which takes an event once.

    :param settings: with both URLs; `partitions` decides which stream a shopper's events are in.
    :raises UnavailableError: a server does not answer.
    """
    assert settings.database_url is not None
    assert settings.valkey_url is not None
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    stock = make_listings(listings, seed=seed, now=now)
    people = make_shoppers(shoppers, seed=seed)
    # What people did is worked out while the database works.
    with ThreadPoolExecutor(1) as beside, postgres.connect(settings.database_url) as connection:
        activity = beside.submit(histories, people, Stock(stock), now, seed)
        with bulk_index(connection, len(stock)):
            written = _write(connection, [price_steps(x, seed=seed, now=now) for x in stock])
        refit_knots(connection)
        register_all(connection, DEMO_ISSUER, [p.email for p in people])
        events = activity.result()
    fresh = asyncio.run(_append(settings.valkey_url, events, settings.partitions))
    _logger.info("loaded the simulated market", listings=written, shoppers=len(people), events=fresh)


def _write(connection: postgres.Connection, steps: Sequence[Sequence[Listing]]) -> int:
    """Write listings, each at the prices it had, oldest first; return how many were new."""
    written = 0
    if preview(connection, [s[0] for s in steps[:1]]).imported:
        # What a car cost before is written before what it costs: so the catalogue keeps a price history.
        for turn in range(max(map(len, steps)) - 1):
            written += upsert(connection, [s[turn] for s in steps if turn < len(s) - 1]).imported
    return written + upsert(connection, [s[-1] for s in steps]).imported


def histories(people: Sequence[Shopper], stock: Stock, now: datetime, seed: int) -> list[Event]:
    """Return what all of them did, oldest first."""
    events = [e for i, p in enumerate(people) for e in history(p, stock, np.random.default_rng([seed, i, 1]), now)]
    return sorted(events, key=lambda e: e.occurred_at)


async def _append(valkey_url: str, events: Sequence[Event], partitions: int) -> int:
    """Return how many events were new."""
    fresh = 0
    async with make_async(valkey_url) as valkey:
        for start in range(0, len(events), _AT_ONCE):
            received_at = datetime.now(UTC)
            batch = [replace(e, received_at=received_at) for e in events[start : start + _AT_ONCE]]
            fresh += sum(await activity_log.append(valkey, batch, partitions=partitions))
    return fresh
