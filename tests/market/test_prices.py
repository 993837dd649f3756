"""Some prices came down while the car waited, as sellers do it, and always the same ones."""

import itertools
from collections import Counter
from datetime import UTC, datetime

from carousel.market.listings import make_listings
from carousel.market.prices import price_steps

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
MARKET = make_listings(2_000, now=NOW)
STEPS = [price_steps(x, seed=1, now=NOW) for x in MARKET]


def test_about_a_fifth_of_the_cars_had_another_price_some_had_two() -> None:
    counts = Counter(map(len, STEPS))
    assert 0.12 < 1 - counts[1] / len(MARKET) < 0.35
    assert counts[3] > 10
    assert max(counts) == 3


def test_the_last_price_is_todays_and_the_first_has_no_change_before_it() -> None:
    for listing, steps in zip(MARKET, STEPS, strict=True):
        assert steps[-1].price_amount == listing.price_amount
        assert steps[0].updated_at is None


def test_changes_follow_each_other_after_the_first_week() -> None:
    for listing, steps in zip(MARKET, STEPS, strict=True):
        moments = [x.updated_at for x in steps[1:] if x.updated_at]
        assert moments == sorted(moments)
        assert all((m - listing.listed_at).total_seconds() / 86_400 >= 7 and m <= NOW for m in moments)


def test_most_changes_are_reductions_of_some_percent_that_keep_the_ending() -> None:
    pairs = [(a, b) for steps in STEPS for a, b in itertools.pairwise(steps)]
    shares = [float(a.price_amount / b.price_amount) - 1 for a, b in pairs if a.price_amount and b.price_amount]
    assert sum(share > 0 for share in shares) > 0.9 * len(shares)
    assert sorted(shares)[len(shares) // 2] < 0.08
    assert all(a.price_amount % 100 == b.price_amount % 100 for a, b in pairs if a.price_amount and b.price_amount)


def test_nobody_haggles_over_new_cars_and_the_same_seed_changes_the_same_prices() -> None:
    assert all(len(s) == 1 for x, s in zip(MARKET, STEPS, strict=True) if x.condition == "new")
    assert [price_steps(x, seed=1, now=NOW) for x in MARKET[:300]] == STEPS[:300]
