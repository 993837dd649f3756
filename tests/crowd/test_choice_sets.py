"""Choices between few known alternatives: the same model, learned and folded in."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from carousel.crowd.choice_model import chances, fit_sets, fold_in, fold_in_sets


def _benchmark(name: str) -> ModuleType:
    """Load a script that is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conjoint = _benchmark("conjoint")
fit_choice = sys.modules["fit_choice"]

MEAN, SD = np.array([-1.0, 0.6, 0.0]), np.array([1.2, 0.1, 1.5])


def test_the_population_is_recovered() -> None:
    spread = np.array([0.5, 0.2, 0.7])  # Laplace's approximation exaggerates spreads well above 1
    x = fit_choice.made_up(600, MEAN, spread).x.astype(np.float32)
    appeal, loadings = fit_sets(x, np.zeros(x.shape[:2], dtype=np.intp), embedding_size=3, epochs=150, reg=0.0)
    assert appeal == pytest.approx(MEAN, abs=0.15)
    assert np.sqrt((loadings**2).sum(axis=1)) == pytest.approx(spread, abs=0.15)


def test_which_alternative_is_named_first_does_not_matter() -> None:
    x = fit_choice.made_up(40, MEAN, SD).x.astype(np.float32)
    first = fit_sets(x, np.zeros(x.shape[:2], dtype=np.intp), embedding_size=2, epochs=5)
    last = fit_sets(x[:, :, ::-1], np.full(x.shape[:2], 2, dtype=np.intp), embedding_size=2, epochs=5)
    np.testing.assert_allclose(first[1], last[1], atol=1e-3)


def test_sets_and_a_stock_are_folded_in_alike() -> None:
    """Three choices from one stock are three choice sets that each offer all of it."""
    rng = np.random.default_rng(1)
    appeal = rng.standard_normal(30).astype(np.float32)
    factors = rng.standard_normal((30, 4)).astype(np.float32)
    rows = np.array([3, 8, 8])
    stock = fold_in(appeal, factors, factors[rows], np.ones(3, dtype=np.float32))
    sets = fold_in_sets(np.tile(appeal, (3, 1)), np.tile(factors, (3, 1, 1)), rows)
    np.testing.assert_allclose(sets.mean, stock.mean, atol=1e-3)
    np.testing.assert_allclose(sets.covariance, stock.covariance, atol=1e-3)
    # Of a stock the evidence counts against the mean alternative, and without the appeal, which no history changes.
    assert sets.evidence == pytest.approx(stock.evidence + appeal[rows].sum() - 3 * np.log(30), abs=1e-2)


def test_what_is_not_sure_is_averaged() -> None:
    """Somebody we know nothing about may be of either mind: a chance lies nearer to a half than the average mind's."""
    appeal, factors = np.array([1.0, 0.0], dtype=np.float32), np.array([[3.0], [0.0]], dtype=np.float32)
    nothing = fold_in_sets(np.zeros((0, 2)), np.zeros((0, 2, 1), dtype=np.float32), np.zeros(0, dtype=np.intp))
    averaged = chances(nothing, appeal, factors)
    assert averaged.sum() == pytest.approx(1)
    assert 0.5 < averaged[0] < 1 / (1 + np.exp(-1)) - 0.05


def test_personal_weights_predict_made_up_people_better() -> None:
    found = conjoint.compare(fit_choice.made_up(150, MEAN, SD), epochs=60)
    mean, low, _ = conjoint.interval((found[conjoint.PERSONAL] - found[conjoint.POOLED]).mean(axis=1))
    assert low > 0
    assert mean > 0.1
    assert found[conjoint.UNIFORM].mean() == pytest.approx(-np.log(3))


def test_people_who_are_all_alike_gain_nothing() -> None:
    """The measure itself favours nobody: without differences between people, pooling is the truth."""
    found = conjoint.compare(fit_choice.made_up(150, MEAN, np.zeros(3)), epochs=60)
    gain = (found[conjoint.PERSONAL] - found[conjoint.POOLED]).mean()
    assert -0.05 < gain < 0.01


@pytest.mark.real_data
@pytest.mark.parametrize("country", ["us", "china"])
def test_the_next_stated_choice_is_predicted_better_than_by_a_pooled_logit(country: str) -> None:
    folder = Path(os.environ.get("CAROUSEL_REAL_DATA", fit_choice.DATA.parent)) / "interactions"
    if not (folder / "car_choice_conjoint").is_dir():
        pytest.skip(f"no stated choices in {folder}; set CAROUSEL_REAL_DATA")
    found = conjoint.compare(fit_choice.read(country), epochs=80)
    following = found[conjoint.PERSONAL][:, 0] - found[conjoint.POOLED][:, 0]
    assert conjoint.interval(following)[1] > 0
