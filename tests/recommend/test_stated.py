"""What was said to a market whose answer is visible by eye."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.stated import wishes_of
from carousel.taste.stated import Budget, Questionnaire, Stated

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def stock(snapshot_of: Callable[[Sequence[Listing]], Snapshot]) -> Snapshot:
    """A car for 240,000 Kč, which are some 9,500 €, and one for 260,000 Kč."""
    return snapshot_of([
        Listing(
            listing_id=ListingId(body), make="Škoda", model="Fabia", model_year=2018, body_type=body, listed_at=NOW,
            price_amount=Decimal(price), price_currency="CZK",
        )
        for body, price in (("suv", 240_000), ("wagon", 260_000))
    ])  # fmt: skip


def test_a_budget_is_compared_in_its_own_currency(stock: Snapshot) -> None:
    for budget in (Budget(max=250_000, currency="CZK"), Budget(max=10_000, currency="EUR")):
        allowed = wishes_of(Stated(budget=budget, event_id="1"), 0, stock).allowed
        assert allowed is not None
        assert allowed.tolist() == [True, False]


def test_the_answers_of_who_is_new_count_half_after_eight_events(stock: Snapshot) -> None:
    said = Stated(questionnaire=Questionnaire(body_types=("suv",)), event_id="1")
    for events, amount in ((0, 1.0), (8, 0.5), (24, 0.25)):
        bonus = wishes_of(said, events, stock).bonus
        assert bonus is not None
        assert bonus.tolist() == [amount, 0]
