"""Histograms of a search's ranges: round edges that stay, each range under all filters but its own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from carousel.catalogue import histograms, search
from carousel.catalogue.listing import RATES_PER_EUR, Listing, ListingId
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot

Build = Callable[[Sequence[Listing]], Snapshot]
THIS_YEAR = 2026


def car(listing_id: str, price: float | None, **fields: Any) -> Listing:
    amount = None if price is None else Decimal(str(price))
    return Listing(
        listing_id=ListingId(listing_id), make="Kia", model="Ceed", price_amount=amount, price_currency="EUR",
        listed_at=datetime(2026, 3, 1, tzinfo=UTC), **{"model_year": 2019, **fields},
    )  # fmt: skip


def shown(snapshot: Snapshot, name: str, **filters: Any) -> dict[int, int]:
    """Return {edge: count} of the bars that are not empty."""
    found = search.masks(snapshot, Filters(**filters), "EUR")
    histogram = histograms.ranges(snapshot, found, filters.get("currency", "EUR"), THIS_YEAR)[name]
    assert len(histogram["edges"]) == len(histogram["counts"])
    return {e: n for e, n in zip(histogram["edges"], histogram["counts"], strict=True) if n}


@pytest.fixture
def stock(snapshot_of: Build) -> Snapshot:
    return snapshot_of(
        [
            car("a", 4_999.99, mileage_km=0, power_kw=39),
            car("b", 5_000, mileage_km=9_999, power_kw=40, model_year=1999),
            car("c", 11_000, mileage_km=10_000, power_kw=150, model_year=2026),
            car("d", 250_000, mileage_km=900_000, power_kw=800, model_year=2027),
            car("e", None, model_year=1950),
            car("gone", 5_500, mileage_km=1, status="sold"),
        ]
    )


def test_a_bar_counts_from_its_edge_up_to_the_next_and_the_last_is_open(stock: Snapshot) -> None:
    assert shown(stock, "price") == {4_000: 1, 5_000: 1, 10_000: 1, 100_000: 1}
    assert shown(stock, "mileage") == {0: 2, 10_000: 1, 300_000: 1}
    assert shown(stock, "power") == {0: 1, 40: 1, 150: 1, 400: 1}
    assert shown(stock, "year") == {1885: 1, 1995: 1, 2019: 1, 2026: 2}


def test_a_range_is_counted_under_all_filters_but_its_own(stock: Snapshot) -> None:
    assert shown(stock, "price", max_price=5_000) == shown(stock, "price")
    assert shown(stock, "price", max_price=5_000, min_year=2000) == {4_000: 1, 10_000: 1, 100_000: 1}
    assert shown(stock, "mileage", min_power_kw=100) == {10_000: 1, 300_000: 1}
    assert shown(stock, "power", min_power_kw=100) == shown(stock, "power")


def test_edges_are_the_same_whatever_is_asked_for(stock: Snapshot, snapshot_of: Build) -> None:
    def edges(snapshot: Snapshot, **filters: Any) -> dict[str, list[int]]:
        found = search.masks(snapshot, Filters(**filters), "EUR")
        return {name: r["edges"] for name, r in histograms.ranges(snapshot, found, "EUR", THIS_YEAR).items()}

    assert edges(stock) == edges(stock, min_price=20_000) == edges(snapshot_of([]))
    assert edges(stock)["year"][-1] == THIS_YEAR
    assert all((np.diff(e) > 0).all() for e in edges(stock).values())


def test_prices_are_counted_in_the_currency_asked_for(stock: Snapshot) -> None:
    assert shown(stock, "price", currency="CZK") == {120_000: 2, 240_000: 1, 2_000_000: 1}


@pytest.mark.parametrize(
    ("currency", "step"), [("EUR", 1_000), ("GBP", 1_000), ("PLN", 5_000), ("CZK", 20_000), ("HUF", 500_000)]
)
def test_a_step_of_prices_is_round_and_about_a_thousand_euros(currency: str, step: int) -> None:
    assert histograms.price_step(currency) == step
    assert all(0.6 <= histograms.price_step(c) / RATES_PER_EUR[c] / 1_000 <= 1.6 for c in RATES_PER_EUR)
