"""A blend is learned from clicks whatever the position, never loses to the default, and serves finite scores."""

from dataclasses import replace

import numpy as np
import pytest

from carousel.crowd.choice_model import ChoiceModel
from carousel.evaluation.simulated import NOW, ExactNeighbours, Market, cases, taste_of
from carousel.recommend import pipeline, ranker
from carousel.recommend.crowd import Crowd
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import load
from carousel.recommend.query import Query, Served
from carousel.recommend.ranker import COLUMNS, TERMS, LoggedSlates, fit, learn

DEFAULT = load().knobs["home"]["weights"]
PLACES = 10
USUAL = np.array([*(dict(DEFAULT)[name] for name in TERMS), 1.0])
_USED = USUAL > 0


def made_up(slates: int, truth: np.ndarray, *, reads: float = 1.0, seed: int = 1) -> LoggedSlates:
    """Slates in the order of the default blend, two places of ten drawn at random, one click each.

    :param reads: how fast looking at a position fades.
    """
    rng = np.random.default_rng(seed)
    terms = rng.standard_normal((slates, PLACES, len(COLUMNS))) * _USED
    order = np.argsort(-(terms @ USUAL), axis=1)
    for own in order:
        two = rng.choice(PLACES, 2, replace=False)
        own[two] = own[two[::-1]]
    terms = np.take_along_axis(terms, order[..., None], axis=1)
    looked = -reads * np.log(np.arange(1, PLACES + 1))
    clicked = (terms @ truth + looked + rng.gumbel(size=(slates, PLACES))).argmax(axis=1)
    return LoggedSlates.of(
        (f"slate {i}", at + 1, dict(zip(COLUMNS, terms[i, at], strict=True)), float(at == clicked[i]))
        for i in range(slates)
        for at in range(PLACES)
    )


TRUTH = USUAL * np.where(np.array(COLUMNS) == "freshness", 0.0, 0.5)


def test_weights_are_found_whatever_the_position() -> None:
    slates = made_up(4_000, TRUTH)
    found = fit(slates, DEFAULT)
    assert found.weights == pytest.approx(TRUTH, abs=0.08)
    assert np.exp(found.positions) == pytest.approx(1 / np.arange(1, PLACES + 1), rel=0.35)


def test_the_position_is_what_would_mislead() -> None:
    """The same clicks with the positions unknown make the order that was shown look better than it is."""
    slates = made_up(4_000, TRUTH)
    blind = fit(replace(slates, position=np.ones_like(slates.position)), DEFAULT)
    freshness = COLUMNS.index("freshness")
    assert blind.weights[freshness] > fit(slates, DEFAULT).weights[freshness] + 0.1


def test_no_weight_is_negative() -> None:
    assert (fit(made_up(2_500, -TRUTH), DEFAULT).weights >= 0).all()


def test_few_clicks_change_little() -> None:
    far = USUAL * np.where(np.array(COLUMNS) == "crowd", 3.0, 1.0)
    # Sixty clicks are a matter of luck: their mean over several draws is not.
    few = np.mean([fit(made_up(60, far, seed=seed), DEFAULT).weights for seed in range(8)], axis=0)
    many = fit(made_up(4_000, far), DEFAULT).weights
    crowd, taste = COLUMNS.index("crowd"), COLUMNS.index("taste")
    assert 0.9 < few[crowd] / few[taste] < 0.6 * many[crowd] / many[taste]


def test_a_blend_that_predicts_better_is_taken_and_keeps_the_scores_spread() -> None:
    slates = made_up(3_000, TRUTH)
    learned = learn(slates, DEFAULT)
    assert learned.why_not is None
    assert learned.figures["blend_gain"] > 0
    assert learned.blend["freshness"] < 0.3
    assert learned.blend["taste"] > 1
    own = np.array([*(learned.blend[name] for name in TERMS), 1.0]) * USUAL
    spreads = [np.std(slates.terms[:, :-1] @ w[:-1]) for w in (USUAL, own)]
    assert spreads[1] == pytest.approx(spreads[0], rel=0.1)


def test_what_is_left_out_by_default_stays_left_out() -> None:
    learned = learn(made_up(2_500, TRUTH), DEFAULT)
    assert DEFAULT["distance"] == 0
    assert ranker.blended(load().of("home", "somebody"), learned.blend).weights["distance"] == 0


def test_without_a_gain_the_default_stays() -> None:
    """Shoppers who click as the default blend says leave nothing to learn."""
    learned = learn(made_up(2_500, USUAL), DEFAULT)
    assert learned.blend == {}
    assert learned.why_not
    assert "not surely likelier" in learned.why_not


def test_with_few_slates_the_default_stays() -> None:
    learned = learn(made_up(300, TRUTH), DEFAULT)
    assert learned.blend == {}
    assert learned.why_not == "300 slates were clicked; at least 2000 are needed"
    assert learn(LoggedSlates.of(()), DEFAULT).blend == {}


def test_slates_without_a_click_and_terms_that_are_no_numbers_do_no_harm() -> None:
    places = [("a", 1, {"taste": float("nan")}, 0.0), ("b", 2, {"taste": 1.0}, 1.0), ("a", 2, {}, 0.0)]
    places += [("b", 1, {"taste": float("inf"), "freshness": float("-inf")}, 0.0), ("c", 1, {"taste": 1.0}, 1.0)]
    slates = LoggedSlates.of(places)
    assert len(slates) == 1
    assert slates.position.tolist() == [2, 1]
    assert np.isfinite(fit(slates, DEFAULT).weights).all()


# --- in the pipeline ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(listings=1_500, shoppers=150)


@pytest.fixture(scope="module")
def model(market: Market) -> ChoiceModel:
    return market.trained()


async def served(market: Market, model: ChoiceModel, blend: dict[str, float], n: int = 12) -> tuple[Served, ...]:
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9, exploration=0.0)
    recommender.use(Crowd(replace(model, blend=blend)))
    case = next(iter(cases(market, 1, 8)))
    query = Query(shopper_id=case.shopper.shopper_id, taste=taste_of(market, case), now=NOW, n=n)
    return (await recommender.recommend(query, market.snapshot)).listings


@pytest.mark.parametrize("blend", [{}, {"crowd": 0.3, "freshness": 2.0, "last_viewed": 0.0}])
async def test_a_score_is_the_sum_of_what_is_logged(
    market: Market, model: ChoiceModel, blend: dict[str, float]
) -> None:
    weights = {name: w * blend.get(name, 1.0) for name, w in dict(DEFAULT).items()} | {"fixed": 1.0}
    for listing in await served(market, model, blend):
        assert set(listing.terms) == set(COLUMNS)
        total = sum(weights[name] * value for name, value in listing.terms.items())
        assert listing.score == pytest.approx(total, abs=2e-3)


async def test_another_blend_serves_another_slate(market: Market, model: ChoiceModel) -> None:
    usual, fresh = await served(market, model, {}), await served(market, model, {"freshness": 5.0})
    assert np.mean([x.terms["freshness"] for x in fresh]) > np.mean([x.terms["freshness"] for x in usual])


async def test_every_score_is_finite_and_nan_comes_last(
    market: Market, model: ChoiceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A term that is not a number takes its listing to the end, and nothing else with it."""
    usual = await served(market, model, {}, n=6)
    spoiled = {market.snapshot.row_of[x.listing_id] for x in usual[:2]}
    own = pipeline.terms_of_all

    def with_nan(view: pipeline.View, rows: np.ndarray) -> dict[str, np.ndarray]:
        terms = own(view, rows)
        return terms | {"likeness": np.where(np.isin(rows, list(spoiled)), np.nan, terms["likeness"])}

    monkeypatch.setattr(pipeline, "terms_of_all", with_nan)
    after = await served(market, model, {}, n=40)
    assert all(np.isfinite(x.score) for x in after)
    assert not spoiled & {market.snapshot.row_of[x.listing_id] for x in after}
