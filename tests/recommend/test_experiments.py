"""Rates and their intervals on logs whose answers are known."""

from collections.abc import Iterator

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
    difference = experiments(rows, {})[0].comparisons[0].difference
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


def test_a_better_variant_is_told_from_an_equal_one() -> None:
    rng = np.random.default_rng(2)
    rows = [*crowd(rng, 800, 0.10, "caps:a"), *crowd(rng, 800, 0.14, "caps:b", 1_000)]
    (one,) = experiments(rows, {"caps": {"a": 0.5, "b": 0.5}})
    (pair,) = one.comparisons
    assert (pair.one, pair.other) == ("b", "a")
    assert pair.difference.low is not None
    assert 0 < pair.difference.low < 0.04 < (pair.difference.high or 0)
    same = [*crowd(rng, 800, 0.1, "caps:a"), *crowd(rng, 800, 0.1, "caps:b", 1_000)]
    difference = experiments(same, {})[0].comparisons[0].difference
    assert (difference.low or 0) < 0 < (difference.high or 0)


def test_sizes_that_are_no_chance_are_told() -> None:
    rng = np.random.default_rng(3)
    rows = [*crowd(rng, 600, 0.1, "caps:a"), *crowd(rng, 400, 0.1, "caps:b", 1_000)]
    assert not experiments(rows, {"caps": {"a": 0.5, "b": 0.5}})[0].is_trustworthy
    assert experiments(rows, {"caps": {"a": 0.6, "b": 0.4}})[0].is_trustworthy
    assert experiments(rows, {})[0].mismatch is None  # an experiment that has ended


def test_a_difference_is_as_unsure_as_its_rates_where_an_interval_ends_at_1() -> None:
    rows = [seen(i, 10, clicks, "caps:a") for i, clicks in enumerate((10, 10, 10, 2))]  # 80% ± 20% by standard error
    rows += [seen(10 + i, 10, clicks, "caps:b") for i, clicks in enumerate((1, 0, 2, 1))]  # 10% ± 4%
    (one,) = experiments(rows, {})
    assert one.variants["a"].ctr.high == 1
    difference = one.comparisons[0].difference
    assert difference.error == pytest.approx(np.hypot(0.2, 0.0408), abs=0.0001)
    assert (difference.low, difference.high) == (-1, pytest.approx(-0.7 + 1.96 * 0.2041, abs=0.001))


def test_a_variant_of_share_0_does_not_hide_that_the_others_are_uneven() -> None:
    rows = [*(seen(i, 10, 1, "caps:a") for i in range(600)), *(seen(1_000 + i, 10, 1, "caps:b") for i in range(400))]
    planned = {"caps": {"a": 0.5, "b": 0.5, "old": 0.0}}
    assert not experiments(rows, planned)[0].is_trustworthy
    served_before = [seen(2_000 + i, 10, 1, "caps:old") for i in range(50)]
    both = experiments(rows + served_before, planned)[0]
    assert not both.is_trustworthy
    assert set(both.variants) == {"a", "b", "old"}
    assert experiments(rows, {"caps": {"a": 0.6, "b": 0.4, "old": 0.0}})[0].is_trustworthy
    assert experiments(rows, {"caps": {"a": 1.0, "b": 0.0}})[0].mismatch is None  # there is no other size to compare


def test_a_shopper_can_be_in_two_experiments() -> None:
    rows = [seen(1, 10, 1, "caps:a,row:x"), seen(2, 10, 1, "caps:b,row:x")]
    assert {one.name: set(one.variants) for one in experiments(rows, {})} == {"caps": {"a", "b"}, "row": {"x"}}


def test_gini_of_alike_and_of_one_who_has_all() -> None:
    assert gini([5, 5, 5]) == 0
    assert gini([0, 0, 0, 12]) == pytest.approx(0.75)
    assert gini([]) == 0
