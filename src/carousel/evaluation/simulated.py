"""Does it find what shoppers want? Shoppers of the simulated market look at a few cars, every model fills a slate, and
what counts is how likely their next choice is in it.

The chance of the next choice is the mixed logit's own, so a hit rate is an expectation and not one draw. Utilities also
bound what is possible: the `oracle` shows the listings that are most likely to be chosen next.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from carousel.activity.events import Event, weight
from carousel.catalogue.embedding import embed
from carousel.catalogue.snapshot import Snapshot
from carousel.catalogue.traits import CATEGORICAL, NUMERIC, Described, describe, fit_knots, values_of
from carousel.crowd.choice_model import ChoiceModel
from carousel.market.listings import make_listings
from carousel.market.load import histories
from carousel.market.shoppers import Shopper, Stock, make_shoppers, wanted
from carousel.recommend.crowd import Crowd
from carousel.recommend.interests import choices
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import Knobs, load
from carousel.recommend.query import Query
from carousel.recommend.scorers import FIRST_IMPRESSIONS
from carousel.recommend.sources import Near, last_viewed
from carousel.recommend.training import History, matrix_of, train
from carousel.taste.taste import Draft, Taste, settle

Rows = NDArray[np.intp]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
K = 10
_UNSEEN_FROM = 50_000
"""Number of the first shopper no model has learned from."""
_BETWEEN_VIEWS = timedelta(minutes=3)
_WELL = 0.95  # a listing better than this share of the stock serves a wish


class Market:
    """The simulated market, and what its past shoppers did."""

    def __init__(self, *, listings: int = 20_000, shoppers: int = 2_000, seed: int = 1) -> None:
        self.seed = seed
        self.listings = make_listings(listings, seed=seed, now=NOW)
        self.stock = Stock(self.listings)
        prices = np.array([x.price_eur or np.nan for x in self.listings], dtype=np.float64)
        knots = fit_knots(self.stock.numbers | {"price": prices})
        self.snapshot = Snapshot.of(self.listings, knots)
        self.embeddings = embed(self.listings)
        self.described = {
            x.listing_id: Described(x.listing_id, describe(values_of(x), knots), point)
            for x, point in zip(self.listings, self.embeddings, strict=True)
        }
        self.past = histories(make_shoppers(shoppers, seed=seed), self.stock, NOW, seed)

    @cached_property
    def choices(self) -> list[History]:
        """What past shoppers looked at: per shopper the rows and how many choices each counts as."""
        by_shopper: dict[str, dict[int, float]] = {}
        for event in self.past:
            amount = weight(event)
            if event.listing_id and amount > 0:
                own = by_shopper.setdefault(event.shopper_id, {})
                row = self.snapshot.row_of[event.listing_id]
                own[row] = own.get(row, 0.0) + amount
        return [
            (np.array(list(own), dtype=np.intp), choices(np.array(list(own.values())))) for own in by_shopper.values()
        ]

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """How often each listing was chosen (size,)."""
        total = np.zeros(len(self.listings))
        for rows, amounts in self.choices:
            total[rows] += amounts
        return total

    def trained(self) -> ChoiceModel:
        """Return the choice model of the past shoppers."""
        return train(self.snapshot, self.choices, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Case:
    """A shopper no model has seen, after some views.

    :ivar wishes: utility of every listing for each wish (wishes, size).
    :ivar chances: probability that a listing is chosen next (size,).
    :ivar chosen: one draw of it.
    :ivar both: more than one wish was looked at twice or more.
    """

    shopper: Shopper
    viewed: Rows
    wishes: NDArray[np.float64]
    chances: NDArray[np.float64]
    chosen: int
    both: bool


def cases(market: Market, count: int, views: int, *, seed: int = 7) -> Iterator[Case]:
    """Yield unseen shoppers who looked at `views` cars, one session after the other, each about one of their wishes."""
    for shopper in make_unseen(count, seed=market.seed):
        rng = np.random.default_rng([seed, int(shopper.email[4:].split("@")[0])])
        utilities = np.stack([shopper.decided * wanted(shopper, w, market.stock) for w in shopper.wishes])
        viewed: list[int] = []
        turns: Counter[int] = Counter()
        turn, left = 0, int(rng.integers(3, 8))
        while True:
            if left == 0:
                turn, left = (turn + 1) % len(utilities), int(rng.integers(3, 8))
            left -= 1
            now = utilities[turn].copy()
            now[viewed] = -np.inf
            chosen = int((now - np.log(rng.standard_exponential(len(now)))).argmax())
            if len(viewed) == views:
                break
            viewed.append(chosen)
            turns[turn] += 1
        both = sum(looks > 1 for looks in turns.values()) > 1
        chances = np.exp(now - now.max())
        chances /= chances.sum()
        yield Case(
            shopper,
            np.array(viewed, dtype=np.intp),
            utilities,
            chances,
            chosen,
            both,
        )


def make_unseen(count: int, *, seed: int) -> list[Shopper]:
    """Return shoppers whose numbers no other part of the market uses."""
    return make_shoppers(count, first=_UNSEEN_FROM, seed=seed)


# --- the models ---------------------------------------------------------------------------------------------------

Slates = Callable[[Case], Rows]
"""Returns the rows of a slate, best first, nothing viewed among them."""


Scores = Callable[[Case], NDArray[np.floating]]
"""Returns a score of every listing (size,)."""


def oracle_scores(case: Case) -> NDArray[np.floating]:
    return case.chances


def oracle(case: Case) -> Rows:
    """What is most likely to be chosen next: nobody can do better."""
    return _best(case.chances, case)


def capped(market: Market, scores: Scores, most: int = 3) -> Slates:
    """The best with at most so many of one model, as every slate of ours."""

    def slate(case: Case) -> Rows:
        left = scores(case).astype(np.float64)
        left[case.viewed] = -np.inf
        models = market.snapshot.codes("model")
        chosen: list[int] = []
        while len(chosen) < K:
            row = int(left.argmax())
            chosen.append(row)
            left[row] = -np.inf
            if (models[chosen] == models[row]).sum() >= most:
                left[models == models[row]] = -np.inf
        return np.array(chosen, dtype=np.intp)

    return slate


def random(market: Market) -> Slates:
    rng = np.random.default_rng(market.seed)
    return lambda case: _best(rng.random(len(case.chances)), case)


def popular(market: Market) -> Slates:
    return lambda case: _best(market.popularity, case)


def newest(market: Market) -> Slates:
    return lambda case: _best(market.stock.listed_at, case)


def average_scores(points: NDArray[np.float32]) -> Scores:
    """Minus the squared distance to the mean of the vectors (size, d) of what was viewed."""
    squares = (points**2).sum(axis=1)
    return lambda case: 2 * points @ points[case.viewed].mean(axis=0) - squares


def running_average(points: NDArray[np.float32]) -> Slates:
    """The nearest to that mean."""
    scores = average_scores(points)
    return lambda case: _best(scores(case), case)


def item_to_item(market: Market) -> Slates:
    """What was looked at by those who looked at the same listings, by the cosine; the popular where there is nobody."""
    matrix = _matrix(market)
    length = np.sqrt(matrix.multiply(matrix).sum(axis=0)).A1 + 1e-9
    popular_first = market.popularity / (market.popularity.max() + 1) * 1e-6

    def slate(case: Case) -> Rows:
        together = np.asarray(matrix[:, case.viewed].sum(axis=1).T @ matrix).ravel()
        return _best(together / length + popular_first, case)

    return slate


def plain_als(market: Market, *, factors: int = 64, epochs: int = 15) -> Slates:
    """Implicit ALS over shoppers and listings, by the library `implicit`; a shopper is folded in by their views."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=factors, iterations=epochs, random_state=market.seed, num_threads=1)
    model.fit(_matrix(market), show_progress=False)

    def slate(case: Case) -> Rows:
        views = csr_matrix((np.ones(len(case.viewed), dtype=np.float32), ([0] * len(case.viewed), case.viewed)),
                           shape=(1, len(market.listings)))  # fmt: skip
        shopper = model.recalculate_user(0, views)
        return _best(model.item_factors @ np.asarray(shopper).ravel(), case)

    return slate


def _matrix(market: Market) -> csr_matrix:
    """Return the past choices (shoppers, listings)."""
    return matrix_of(market.choices, len(market.listings))


def nearest_to_last(points: NDArray[np.float32]) -> Slates:
    squares = (points**2).sum(axis=1)
    return lambda case: _best(2 * points @ points[case.viewed[-1]] - squares, case)


def plain_features(market: Market) -> NDArray[np.float32]:
    """Return standardised numbers and unweighted one-hots of every trait (size, d): what is usually averaged."""
    columns = []
    for block in NUMERIC:
        numbers = market.stock.numbers[block]
        filled = np.nan_to_num(numbers, nan=float(np.nanmean(numbers)))
        columns.append(((filled - filled.mean()) / filled.std())[:, None])
    for block in CATEGORICAL:
        codes = market.snapshot.codes(block)
        columns.append(np.eye(len(market.snapshot.vocabularies[block]))[codes][:, 1:])
    return np.concatenate(columns, axis=1).astype(np.float32)


def carousel(market: Market, model: ChoiceModel | None, *, mixed: bool = True) -> Slates:
    """The product: events folded into a taste, and the pipeline that serves it.

    :param mixed: whether a slate is mixed as it is served; else it is simply the best, whatever they are.
    """
    placements = load()
    if not mixed:
        best: Knobs = {"diversity": 0.0, "caps": {"make": 10, "model": 10, "merchant": 10}}
        placements = replace(placements, knobs={name: {**own, **best} for name, own in placements.knobs.items()})
    recommender = Recommender(ExactNeighbours(market), exact_limit=10**9, placements=placements, exploration=0.0)
    recommender.use(Crowd(model) if model else None)

    def slate(case: Case) -> Rows:
        query = Query(shopper_id=case.shopper.shopper_id, taste=taste_of(market, case), now=NOW, n=K)
        served = asyncio.run(recommender.recommend(query, market.snapshot)).listings
        return np.array([market.snapshot.row_of[x.listing_id] for x in served], dtype=np.intp)

    return slate


def taste_of(market: Market, case: Case) -> Taste:
    """Return the taste that a case's views leave."""
    draft = Draft(Taste.empty(NOW))
    for number, row in enumerate(case.viewed, 1):
        at = NOW - _BETWEEN_VIEWS * (len(case.viewed) - number + 1)
        listing_id = market.listings[row].listing_id
        event = Event(
            event_id=str(uuid5(NAMESPACE_URL, f"{case.shopper.email}/{number}")),
            type="view",
            shopper_id=case.shopper.shopper_id,
            occurred_at=at,
            received_at=at,
            listing_id=listing_id,
        )
        draft.add(event, market.described[listing_id])
    embeddings = {market.listings[row].listing_id: market.embeddings[row] for row in case.viewed}
    return settle(draft.taste(), embeddings)


class ExactNeighbours:
    """What pgvector would answer, exactly."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._squares = (market.embeddings**2).sum(axis=1)

    async def near(self, query: Query, snapshot: Snapshot) -> Near:
        points = self._market.embeddings
        near: dict[str, NDArray[np.int64]] = {}
        for listing_id in dict.fromkeys((*last_viewed(query), *query.taste.interests)):
            row = snapshot.row_of[listing_id]
            far = self._squares - 2 * points @ points[row]
            nearest = np.argpartition(far, 80)[:80]
            near[listing_id] = snapshot.no[nearest[np.argsort(far[nearest])]]
        return near


def _best(scores: NDArray[np.floating], case: Case) -> Rows:
    left = scores.astype(np.float64)
    left[case.viewed] = -np.inf
    best = np.argpartition(-left, K)[:K]
    return best[np.argsort(-left[best], kind="stable")]


# --- new listings ---------------------------------------------------------------------------------------------------

_READS_ON = 0.97
"""Of those who look at one place of a slate so many look at the next: 56% see the last of 20."""
_NEWS_AFTER = 25
"""Slates between two updates of what is known of impressions."""


@dataclass(frozen=True, slots=True)
class FirstImpressions:
    """What new listings got of some slates, and what that cost.

    :ivar reached: share of the new listings that were seen `FIRST_IMPRESSIONS` times.
    :ivar hr: hit rate of the first ten places; `hr_without` the same without exploration.
    :ivar explored: share of all places that were explored.
    """

    reached: float
    hr: float
    hr_without: float
    explored: float


def first_impressions(
    market: Market, model: ChoiceModel, *, new: int = 40, slates: int = 2_000, places: int = 20, share: float = 0.1
) -> FirstImpressions:
    """Serve slates on the day `new` listings arrive in a market that knows all others."""
    rng = np.random.default_rng(market.seed)
    arrived = rng.choice(len(market.listings), new, replace=False)
    seen = np.full(len(market.listings), float(FIRST_IMPRESSIONS))
    seen[arrived] = 0
    snapshot = market.snapshot
    with_it, without = (
        Recommender(ExactNeighbours(market), exact_limit=10**9, exploration=part) for part in (share, 0.0)
    )
    for recommender in (with_it, without):
        recommender.use(Crowd(model))
    hr, hr_without, explored = [], [], 0
    for number, case in enumerate(cases(market, slates, 8)):
        if number % _NEWS_AFTER == 0:
            snapshot.set_attention([(snapshot.ids[row], 0.0, int(n)) for row, n in enumerate(seen)])
            snapshot.revision += 1
        query = Query(shopper_id=case.shopper.shopper_id, taste=taste_of(market, case), now=NOW, n=places)
        served = asyncio.run(with_it.recommend(query, snapshot)).listings
        rows = [snapshot.row_of[x.listing_id] for x in served]
        hr.append(case.chances[rows[:K]].sum())
        plain = asyncio.run(without.recommend(query, snapshot)).listings
        hr_without.append(case.chances[[snapshot.row_of[x.listing_id] for x in plain[:K]]].sum())
        explored += sum(x.propensity < 1 for x in served)
        looked = rng.random() < _READS_ON ** np.arange(len(rows))
        seen[rows] += looked
    return FirstImpressions(
        reached=float((seen[arrived] >= FIRST_IMPRESSIONS).mean()),
        hr=float(np.mean(hr)),
        hr_without=float(np.mean(hr_without)),
        explored=explored / (slates * places),
    )


# --- what counts ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Figures:
    """What one model achieved, a number per case."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, market: Market, case: Case, slate: Rows) -> None:
        chances = case.chances[slate]
        places = np.arange(1, len(slate) + 1)
        best = case.wishes.max(axis=0)
        self._put("hr", float(chances.sum()))
        self._put("hit", float(case.chosen in slate))
        self._put("ndcg", float((chances / np.log2(places + 1)).sum()))
        self._put("mrr", float((chances / places).sum()))
        self._put("utility", float(np.searchsorted(np.sort(best), best[slate]).mean() / len(best)))
        models = market.snapshot.codes("model")[slate]
        self._put("one_model", float(np.bincount(models).max()))
        if case.both:
            serves = case.wishes[:, slate].argmax(axis=0)
            limits = np.quantile(case.wishes, _WELL, axis=1)
            self._put(
                "both",
                float(all((case.wishes[i, slate[serves == i]] > limits[i]).any() for i in range(len(case.wishes)))),
            )

    def _put(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def mean(self, name: str) -> float:
        return float(np.mean(self.values.get(name, [np.nan])))

    def interval(self, name: str, *, seed: int = 1, draws: int = 1_000) -> tuple[float, float]:
        """Return the 95% interval of the mean over shoppers, by bootstrap."""
        values = np.array(self.values[name])
        rng = np.random.default_rng(seed)
        means = values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        return float(low), float(high)


def evaluate(market: Market, models: dict[str, Slates], *, shoppers: int, views: int) -> dict[str, Figures]:
    """Return the figures of every model over the same cases."""
    figures = {name: Figures() for name in models}
    for case in cases(market, shoppers, views):
        for name, slate in models.items():
            figures[name].add(market, case, slate(case))
    return figures


def table(
    figures: dict[str, Figures], names: Sequence[str] = ("hr", "ndcg", "mrr", "utility", "both", "one_model")
) -> str:
    """Return figures as a Markdown table."""
    lines = ["| model | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for model, own in figures.items():
        cells = []
        for name in names:
            if name not in own.values:
                cells.append("–")
                continue
            low, high = own.interval(name)
            cells.append(f"{own.mean(name):.4f} ({low:.4f}–{high:.4f})" if name == "hr" else f"{own.mean(name):.3f}")
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
