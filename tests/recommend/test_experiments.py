"""Rates and their intervals on logs whose answers are known."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from carousel.recommend.experiments import Rate, by_place, experiments, gini, performance
from carousel.recommend.repository import ShopperCounts


def seen(shopper: int, impressions: int, clicks: int, variant: str | None = None, *, place: str = "home",
         row: str | None = None) -> ShopperCounts:  # fmt: skip
    return ShopperCounts(place, row, variant, f"s{shopper}", 1, impressions, clicks, clicks // 2)


def crowd(rng: np.random.Generator, count: int, rate: float, variant: str, start: int = 0) -> Iterator[ShopperCounts]:
    """Yield shoppers who differ from each other as real ones do."""
    for i in range(count):
        impressions = int(rng.integers(5, 60))
        own = rng.beta(20 * rate, 20 * (1 - rate))
        yield seen(start + i, impressions, int(rng.binomial(impressions, own)), variant)


def under(shares: dict[str, float], rows: list[ShopperCounts]) -> list[ShopperCounts]:
    """Return rows as served while the variants of "caps" had these shares."""
    return [replace(row, shares={"caps": shares}) for row in rows]


def test_rates_are_ratios_of_sums() -> None:
    own = performance([seen(1, 10, 2), seen(2, 30, 4), seen(2, 10, 0)])
    assert (own.shoppers, own.slates, own.impressions, own.clicks, own.contacts) == (2, 3, 50, 6, 3)
    assert own.ctr.value == pytest.approx(0.12)
    assert own.ctr.low is not None
    assert 0 <= own.ctr.low < 0.12 < (own.ctr.high or 0) <= 1


def test_nothing_seen_is_no_rate() -> None:
    assert performance([]).ctr.value is None
    assert performance([seen(1, 0, 0)]).ctr.value is None
    assert performance([seen(1, 10, 1)]).ctr.low is None  # of one shopper nobody knows how shoppers differ


def test_who_saw_nothing_says_nothing_of_how_shoppers_differ() -> None:
    assert performance([seen(1, 10, 5), seen(2, 0, 0)]).ctr == Rate(0.5)
    two = [seen(1, 10, 5), seen(2, 10, 1)]
    assert performance([*two, seen(3, 0, 0), seen(4, 0, 0)]).ctr == performance(two).ctr


def test_no_click_at_all_is_no_certainty() -> None:
    """Of 5 shoppers who did not click the true share may well be 43%, of 500 it is below 1%; the same upside down."""
    few, many = (performance([seen(i, 3, 0) for i in range(count)]).ctr for count in (5, 500))
    assert (few.value, few.low, few.high) == (0, 0, pytest.approx(0.434, abs=0.001))
    assert (many.low, many.high) == (0, pytest.approx(0.0076, abs=0.0001))
    all_clicked = performance([seen(i, 3, 3) for i in range(5)]).ctr
    assert (all_clicked.low, all_clicked.high) == (pytest.approx(0.566, abs=0.001), 1)
    alike = performance([seen(i, 10, 1) for i in range(5)]).ctr
    assert (alike.low or 0) < 0.1 < (alike.high or 0)


def test_a_variant_without_clicks_is_not_surely_worse() -> None:
    rows = [seen(i, 3, 0, "caps:a") for i in range(5)]
    rows += [seen(10 + i, 30, clicks, "caps:b") for i, clicks in enumerate((1, 0, 2, 1))]
    difference = experiments(rows)[0].comparisons[0].difference
    assert difference.value == pytest.approx(1 / 30)
    assert (difference.low or 0) < 0 < (difference.high or 0)


def test_places_are_kept_apart() -> None:
    rows = [seen(1, 10, 1), seen(1, 10, 5, row="interest"), seen(2, 10, 2, place="email")]
    assert {place: own.clicks for place, own in by_place(rows).items()} == {
        ("email", ""): 2, ("home", ""): 1, ("home", "interest"): 5,
    }  # fmt: skip


def test_an_interval_holds_the_truth_19_times_in_20() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        own = performance(list(crowd(rng, 150, 0.1, "a:x"))).ctr
        hits += (own.low or 0) <= 0.1 <= (own.high or 0)
    assert 0.91 <= hits / 300 <= 0.985


@pytest.mark.parametrize("shoppers", [3, 5])
def test_an_interval_of_few_shoppers_is_wider_than_their_own_error_says(shoppers: int) -> None:
    """With the normal's quantiles it held the truth 8 times in 10; what is left is the skewness of clicks."""
    rng = np.random.default_rng(4)
    hits = equal = 0
    for _ in range(400):
        one = performance(list(crowd(rng, shoppers, 0.2, "a:x"))).ctr
        hits += (one.low or 0) <= 0.2 <= (one.high or 0)
        (pair,) = experiments([*crowd(rng, shoppers, 0.2, "caps:a"), *crowd(rng, shoppers, 0.2, "caps:b", 1_000)])
        difference = pair.comparisons[0].difference
        equal += (difference.low or 0) <= 0 <= (difference.high or 0)
    assert hits / 400 >= 0.89
    assert 0.92 <= equal / 400 <= 0.99


def test_a_better_variant_is_told_from_an_equal_one() -> None:
    rng = np.random.default_rng(2)
    rows = [*crowd(rng, 800, 0.10, "caps:a"), *crowd(rng, 800, 0.14, "caps:b", 1_000)]
    (one,) = experiments(rows)
    (pair,) = one.comparisons
    assert (pair.one, pair.other) == ("b", "a")
    assert pair.difference.low is not None
    assert 0 < pair.difference.low < 0.04 < (pair.difference.high or 0)
    same = [*crowd(rng, 800, 0.1, "caps:a"), *crowd(rng, 800, 0.1, "caps:b", 1_000)]
    difference = experiments(same)[0].comparisons[0].difference
    assert (difference.low or 0) < 0 < (difference.high or 0)


def test_sizes_that_are_no_chance_are_told() -> None:
    rng = np.random.default_rng(3)
    rows = [*crowd(rng, 600, 0.1, "caps:a"), *crowd(rng, 400, 0.1, "caps:b", 1_000)]
    assert not experiments(under({"a": 0.5, "b": 0.5}, rows))[0].is_trustworthy
    assert experiments(under({"a": 0.6, "b": 0.4}, rows))[0].is_trustworthy
    assert experiments(rows)[0].mismatch is None  # slates of before the shares were kept


def test_a_difference_is_as_unsure_as_its_rates_where_an_interval_ends_at_1() -> None:
    rows = [seen(i, 10, clicks, "caps:a") for i, clicks in enumerate((10, 10, 10, 2))]  # 80% ± 20% by standard error
    rows += [seen(10 + i, 10, clicks, "caps:b") for i, clicks in enumerate((1, 0, 2, 1))]  # 10% ± 4%
    (one,) = experiments(rows)
    assert one.variants["a"].ctr.high == 1
    difference = one.comparisons[0].difference
    assert difference.error == pytest.approx(np.hypot(0.2, 0.0408), abs=0.0001)
    assert difference.freedom == pytest.approx(3.25, abs=0.01)  # nearly all of it is the error of three degrees
    assert (difference.low, difference.high) == (-1, pytest.approx(-0.7 + 3.05 * 0.2041, abs=0.002))


def test_changed_shares_are_another_trial() -> None:
    """Of 1,000 shoppers 900 had one variant, then 500; the same shoppers, of whom 400 moved."""
    before = [seen(i, 10, i % 3, "caps:a" if i < 900 else "caps:b") for i in range(1_000)]
    after = [seen(i, 10, i % 2, "caps:a" if i < 500 else "caps:b") for i in range(1_000)]
    even, uneven = experiments([*under({"a": 0.9, "b": 0.1}, before), *under({"a": 0.5, "b": 0.5}, after)])
    assert [dict(one.shares) for one in (even, uneven)] == [{"a": 0.5, "b": 0.5}, {"a": 0.9, "b": 0.1}]
    assert even.is_trustworthy
    assert uneven.is_trustworthy
    assert [own.shoppers for own in even.variants.values()] == [500, 500]
    assert [own.shoppers for own in uneven.variants.values()] == [900, 100]
    assert (even.moved, uneven.moved) == (400, 400)
    assert even.comparisons[0].difference.value == 0


def test_a_variant_nobody_is_left_in_is_no_chance() -> None:
    (one,) = experiments(under({"a": 0.5, "b": 0.5}, [seen(i, 10, 1, "caps:a") for i in range(100)]))
    assert not one.is_trustworthy
    assert one.moved == 0
    (alone,) = experiments(under({"a": 1.0}, [seen(i, 10, 1, "caps:a") for i in range(100)]))
    assert alone.mismatch is None  # there is no other size to compare


def test_a_shopper_can_be_in_two_experiments() -> None:
    rows = [seen(1, 10, 1, "caps:a,row:x"), seen(2, 10, 1, "caps:b,row:x")]
    assert {one.name: set(one.variants) for one in experiments(rows)} == {"caps": {"a", "b"}, "row": {"x"}}


def test_gini_of_alike_and_of_one_who_has_all() -> None:
    assert gini([5, 5, 5]) == 0
    assert gini([0, 0, 0, 12]) == pytest.approx(0.75)
    assert gini([]) == 0
