from dataclasses import replace

import numpy as np
import pytest

from carousel.crowd.choice_model import ChoiceModel, fit, fold_in
from carousel.crowd.space import TraitSpace
from carousel.evaluation.simulated import Market


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=1_500, shoppers=120)


@pytest.fixture(scope="module")
def model(market: Market) -> ChoiceModel:
    space = TraitSpace.fit(market.snapshot)
    return fit(space, space.matrix(market.snapshot), market.choices, epochs=6)


def test_a_listing_is_in_the_columns_of_what_it_says(market: Market) -> None:
    space = TraitSpace.fit(market.snapshot)
    matrix = space.matrix(market.snapshot).toarray()
    blocks = list(space.values)
    starts = dict(zip(blocks, np.cumsum([0, *(len(space.values[b]) for b in blocks)]), strict=False))
    for row, listing in enumerate(market.listings[:50]):
        if listing.make in space.values["make"]:
            assert matrix[row, starts["make"] + space.values["make"].index(listing.make)] == 1
    numbers = sum(map(len, space.values.values()))
    prices = matrix[:, numbers : numbers + len(space.knots["price"])]
    priced = np.isfinite(market.snapshot.numbers("price_eur"))
    np.testing.assert_allclose(prices[priced].sum(axis=1), 1, atol=1e-5)
    assert not prices[~priced].any()


def test_columns_do_not_depend_on_the_order_of_reading(market: Market) -> None:
    again = Market(listings=1_500, shoppers=1)
    again.snapshot.apply([])
    assert TraitSpace.fit(again.snapshot).values == TraitSpace.fit(market.snapshot).values


def test_the_same_seed_gives_the_same_model(market: Market, model: ChoiceModel) -> None:
    again = fit(model.space, model.space.matrix(market.snapshot), market.choices, epochs=6)
    np.testing.assert_array_equal(again.loadings, model.loadings)
    assert np.isfinite(model.loadings).all()


def test_what_is_read_back_is_what_was_stored(model: ChoiceModel) -> None:
    read = ChoiceModel.from_bytes(model.to_bytes())
    assert read.space.values == model.space.values
    assert read.space.knots == {b: tuple(map(float, k)) for b, k in model.space.knots.items()}
    np.testing.assert_array_equal(read.loadings, model.loadings)
    assert read.figures == model.figures
    assert ChoiceModel.from_bytes(replace(model, blend={"crowd": 1.5}).to_bytes()).blend == {"crowd": 1.5}
    assert read.blend == {}


def test_anything_else_is_not_read() -> None:
    with pytest.raises(ValueError, match=r".*"):
        ChoiceModel.from_bytes(b"something else")


def test_folding_in_finds_the_mode_and_grows_surer(market: Market, model: ChoiceModel) -> None:
    appeal, factors = model.of_listings(model.space.matrix(market.snapshot))
    rows, weights = max(market.choices, key=lambda own: len(own[0]))
    belief = fold_in(appeal, factors, factors[rows], weights)

    def log_posterior(z: np.ndarray) -> float:
        utilities = (appeal + factors @ z).astype(float)
        normaliser = np.log(np.exp(utilities).sum())
        return float(weights @ (factors[rows] @ z) - weights.sum() * normaliser - 0.5 * z @ z)

    best = log_posterior(belief.mean)
    rng = np.random.default_rng(1)
    for _ in range(20):
        assert log_posterior(belief.mean + 0.3 * rng.standard_normal(len(belief.mean))) < best
    few = fold_in(appeal, factors, factors[rows[:1]], weights[:1])
    assert np.trace(belief.covariance) < np.trace(few.covariance) < len(belief.mean)


def test_nothing_known_is_the_average_shopper(market: Market, model: ChoiceModel) -> None:
    appeal, factors = model.of_listings(model.space.matrix(market.snapshot))
    belief = fold_in(appeal, factors, factors[:0], np.zeros(0, dtype=np.float32))
    assert not belief.mean.any()


def test_it_predicts_shoppers_it_has_not_seen(market: Market, model: ChoiceModel) -> None:
    """A choice of a stranger is much likelier under the model, given their other choices, than by chance."""
    from carousel.recommend.training import gains

    others = Market(listings=1_500, shoppers=400).choices[300:]
    assert gains(model, market.snapshot, others).mean() > 0.5
