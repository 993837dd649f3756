"""The fitted choice model says what people said, and its fit recovers what is known."""

import importlib.util
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from carousel.market import choice
from carousel.market.listings import make_listings

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def _benchmark(name: str) -> ModuleType:
    """Load a script that is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fit_choice = _benchmark("fit_choice")


def test_the_fit_recovers_known_coefficients_and_their_spread() -> None:
    mean, sd = np.array([-1.0, 0.5]), np.array([0.6, 0.2])
    found = fit_choice.fit(fit_choice.made_up(400, mean, sd), draws=50)
    assert found.mean == pytest.approx(mean, abs=0.15)
    assert found.sd == pytest.approx(sd, abs=0.2)
    assert found.null < found.pooled < found.mixed


@pytest.mark.real_data
def test_the_packaged_table_is_what_the_choices_say() -> None:
    folder = Path(os.environ.get("CAROUSEL_REAL_DATA", fit_choice.DATA.parent)) / "interactions"
    if not (folder / "car_choice_conjoint").is_dir():
        pytest.skip(f"no stated choices in {folder}; set CAROUSEL_REAL_DATA")
    choices = fit_choice.read("us")
    assert choices.count == 384 * 15
    found = fit_choice.fit(choices, draws=60)
    stored = choice.fitted()["us"]
    assert found.mixed == pytest.approx(stored["log_likelihood"]["mixed"], rel=0.02)
    assert found.mean[0] == pytest.approx(stored["price_10k"]["mean"], abs=0.25)


def test_nobody_prefers_to_pay_and_people_differ() -> None:
    people = [choice.draw(np.random.default_rng([1, n])) for n in range(500)]
    assert max(person["price_10k"] for person in people) <= 0
    assert np.std([person["electric"] for person in people]) > 1


def test_every_listing_of_the_market_has_plausible_attributes() -> None:
    listings = make_listings(2_000, seed=4, now=NOW)
    table = dict(zip(choice.NAMES, choice.attributes(listings).T, strict=True))
    assert np.isfinite(list(table.values())).all()
    assert 0.5 < np.quantile(table["running_cost"], 0.01) < np.quantile(table["running_cost"], 0.99) < 6
    assert 0.3 <= table["acceleration"].min() <= table["acceleration"].max() <= 2
    electric = np.array([x.fuel_type == "electric" for x in listings])
    assert (table["electric"] == electric).all()
    assert table["running_cost"][electric].mean() < table["running_cost"][~electric].mean()


def test_a_dearer_car_is_worse_by_its_share_of_the_budget() -> None:
    person = choice.draw(np.random.default_rng(3))
    table = np.zeros((2, len(choice.NAMES)))
    rich, poor = (choice.utility_of(person, table, np.array([5_000.0, 10_000.0]), b) for b in (50_000, 10_000))
    assert rich[0] - rich[1] < poor[0] - poor[1]
