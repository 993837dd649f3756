"""A listing becomes soft one-hot blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.catalogue.traits import DEFAULT_KNOTS, describe, fit_knots, memberships

KNOTS = {**DEFAULT_KNOTS, "year": (2010.0, 2015.0, 2020.0)}


def test_a_value_between_two_knots_belongs_partly_to_both() -> None:
    assert memberships(2011, KNOTS["year"], "year") == (("2010", pytest.approx(0.8)), ("2015", pytest.approx(0.2)))


def test_a_value_on_a_knot_belongs_to_it_alone() -> None:
    assert memberships(2015, KNOTS["year"], "year") == (("2015", 1.0),)


@pytest.mark.parametrize(("year", "knot"), [(1990, "2010"), (2030, "2020")])
def test_values_beyond_the_ends_belong_to_the_end(year: float, knot: str) -> None:
    assert memberships(year, KNOTS["year"], "year") == ((knot, 1.0),)


def test_a_missing_value_contributes_nothing() -> None:
    assert describe({"make": "Skoda", "body": None, "price": None}, KNOTS) == {"make": (("Skoda", 1.0),)}


@given(st.floats(min_value=0, max_value=1e9))
def test_memberships_always_sum_to_one(price: float) -> None:
    assert sum(m for _, m in memberships(price, KNOTS["price"], "price")) == pytest.approx(1)


def test_knots_lie_at_the_catalogues_quantiles_and_read_well() -> None:
    prices = np.exp(np.random.default_rng(1).normal(9.5, 0.6, 5_000))
    knots = fit_knots({"price": prices})["price"]
    assert list(knots) == sorted(set(knots))
    assert np.quantile(prices, 0.01) < knots[0] < knots[-1] < np.quantile(prices, 0.995)
    assert all(float(f"{k:.2g}") == k for k in knots)


def test_a_column_that_says_nothing_keeps_the_default_knots() -> None:
    assert fit_knots({"power": np.full(100, np.nan)})["power"] == DEFAULT_KNOTS["power"]
