import numpy as np
import pytest

from carousel.evaluation import simulated
from carousel.evaluation.simulated import K, Market


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=2_000, shoppers=300)


def test_a_hit_rate_is_the_chance_of_the_next_choice(market: Market) -> None:
    """What is expected is what is drawn, within chance."""
    figures = simulated.evaluate(market, {"oracle": simulated.oracle}, shoppers=150, views=3)["oracle"]
    drawn, expected = figures.mean("hit"), figures.mean("hr")
    assert abs(drawn - expected) < 4 * np.sqrt(expected * (1 - expected) / 150)
    low, high = figures.interval("hr")
    assert low < expected < high


def test_nobody_beats_the_oracle_and_random_is_what_chance_gives(market: Market) -> None:
    models = {
        "oracle": simulated.oracle,
        "random": simulated.random(market),
        "running average": simulated.running_average(simulated.plain_features(market)),
        "carousel": simulated.carousel(market, market.trained()),
    }
    figures = simulated.evaluate(market, models, shoppers=60, views=8)
    hr = {name: own.mean("hr") for name, own in figures.items()}
    assert max(hr, key=hr.__getitem__) == "oracle"
    assert hr["random"] == pytest.approx(K / 2_000, abs=0.01)
    assert hr["carousel"] > hr["running average"]
    assert figures["carousel"].mean("utility") > 0.93
    assert max(figures["carousel"].values["one_model"]) <= 3


def test_a_slate_shows_nothing_that_was_viewed(market: Market) -> None:
    slates = simulated.running_average(market.embeddings)
    for case in simulated.cases(market, 5, 8):
        assert not set(slates(case)) & set(case.viewed)


def test_new_listings_get_their_first_impressions_in_the_lower_half(market: Market) -> None:
    got = simulated.first_impressions(market, market.trained(), new=4, slates=250)
    assert got.reached == 1
    assert 0 < got.explored <= 0.1
    assert got.hr > 0.95 * got.hr_without


def test_new_listings_do_not_get_them_without_exploration(market: Market) -> None:
    got = simulated.first_impressions(market, market.trained(), new=4, slates=250, share=0)
    assert got.reached < 1
    assert got.explored == 0
    assert got.hr == got.hr_without
