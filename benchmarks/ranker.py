"""What a learned blend is worth: shoppers of the simulated market click in slates, and blends learn from that.

    python benchmarks/ranker.py [--listings 20000] [--learning 1500] [--tested 500] [--seed 1]

Shoppers no model has seen get a slate of 20 by the default blend, a tenth of it explored, after 3, 8 and 20 views. They
look at position k with probability k^-0.7 and click by their true utility. Each blend learns from these slates and then
orders what other shoppers could be shown; what counts is how likely their next choice is. docs/decisions/0007-ranker.md
has the figures.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

import lightgbm
import numpy as np
from numpy.typing import NDArray

from carousel.crowd.choice_model import ChoiceModel
from carousel.evaluation.simulated import NOW, Case, ExactNeighbours, Figures, Market, cases, taste_of
from carousel.recommend import ranker
from carousel.recommend.crowd import Crowd
from carousel.recommend.pipeline import Recommender
from carousel.recommend.placements import load
from carousel.recommend.query import Query, Served
from carousel.recommend.ranker import COLUMNS, LoggedSlates
from carousel.recommend.scorers import FIRST_IMPRESSIONS

Array = NDArray[np.float64]
Ranker = Callable[[Array], Array]
"""Scores (m,) places by their terms (m, columns)."""

PLACES, K = 20, 10
_VIEWS = (3, 8, 20)
_READS = 0.7
_CONTENT = 0.9995  # quantile of the stock that every second shopper clicks
_CANDIDATES = 100
_NEW = 0.1
"""Share of the stock that few have seen."""


@dataclass(frozen=True)
class Told:
    """A slate and what its shopper thinks of it: terms (m, columns), chance to be chosen next and clicks (m,)."""

    case: Case
    terms: Array
    chances: Array
    clicks: Array


def recommender_of(market: Market, model: ChoiceModel, exploration: float) -> Recommender:
    made = Recommender(ExactNeighbours(market), exact_limit=10**9, exploration=exploration)
    made.use(Crowd(model))
    return made


def slates(
    market: Market, recommender: Recommender, shoppers: slice, n: int, rng: np.random.Generator
) -> Iterator[Told]:
    """Serve slates of `n` to some of the unseen shoppers."""
    for views in _VIEWS:
        for case in islice(cases(market, shoppers.stop, views), shoppers.start, None):
            query = Query(shopper_id=case.shopper.shopper_id, taste=taste_of(market, case), now=NOW, n=n)
            served = asyncio.run(recommender.recommend(query, market.snapshot)).listings
            yield _told(market, case, served, rng)


def _told(market: Market, case: Case, served: tuple[Served, ...], rng: np.random.Generator) -> Told:
    rows = [market.snapshot.row_of[x.listing_id] for x in served]
    terms = np.array([[x.terms[name] for name in COLUMNS] for x in served])
    wanted = np.log(np.maximum(case.chances, 1e-300))
    pleased = 1 / (1 + np.exp(np.quantile(wanted, _CONTENT) - wanted[rows]))
    looked = rng.random(len(rows)) < np.arange(1, len(rows) + 1) ** -_READS
    return Told(case, terms, case.chances[rows], (looked & (rng.random(len(rows)) < pleased)).astype(float))


def logged(told: list[Told]) -> LoggedSlates:
    return LoggedSlates.of(
        (str(number), at + 1, dict(zip(COLUMNS, slate.terms[at], strict=True)), float(slate.clicks[at]))
        for number, slate in enumerate(told)
        for at in range(len(slate.clicks))
    )


def lambdamart(log: LoggedSlates, *, positions: bool, seed: int) -> Ranker:
    """Learn trees, the position's bias as LightGBM corrects it; a fifth of the slates says when to stop."""
    held_out = np.random.default_rng(seed).random(len(log)) < 0.2
    sets = []
    for part in (log.some(~held_out), log.some(held_out)):
        sets.append(
            lightgbm.Dataset(
                part.terms, part.clicks, group=np.bincount(part.slate),
                position=part.position if positions else None, reference=sets[0] if sets else None,
            )
        )  # fmt: skip
    settings = {
        "objective": "lambdarank", "metric": "ndcg", "eval_at": [K], "learning_rate": 0.05, "num_leaves": 15,
        "min_data_in_leaf": 200, "lambda_l2": 5.0, "num_threads": 2, "seed": seed, "deterministic": True, "verbose": -1,
    }  # fmt: skip
    stop = lightgbm.early_stopping(40, verbose=False)
    trees = lightgbm.train(settings, sets[0], 600, valid_sets=[sets[1]], callbacks=[stop])
    return lambda terms: np.asarray(trees.predict(terms), dtype=np.float64)


def measure(figures: Figures, told: Told, rank: Ranker, among: Array) -> None:
    """Note how well a blend orders what is in a slate.

    :param among: chances of what the best order is made of.
    """
    order = np.argsort(-rank(told.terms), kind="stable")[:K]
    discount = 1 / np.log2(np.arange(2, len(order) + 2))
    ideal = np.sort(among)[::-1][: len(order)] @ discount
    figures.values.setdefault("hr", []).append(float(told.chances[order].sum()))
    figures.values.setdefault("ndcg", []).append(float(told.chances[order] @ discount / ideal))


def lines(found: dict[str, Figures], first: str) -> Iterator[str]:
    """Return a Markdown table: HR@10 and nDCG@10 with intervals over shoppers, and how much more than the first."""
    found = {name: _by_shopper(own) for name, own in found.items()}
    yield "| blend | HR@10 | nDCG@10 | HR@10 against the default |"
    yield "|---|---|---|---|"
    for name, own in found.items():
        apart = Figures({"hr": list(np.array(own.values["hr"]) - np.array(found[first].values["hr"]))})
        low, high = apart.interval("hr")
        cells = [f"{own.mean(m):.4f} ({own.interval(m)[0]:.4f}–{own.interval(m)[1]:.4f})" for m in ("hr", "ndcg")]
        yield f"| {name} | {' | '.join(cells)} | {apart.mean('hr'):+.4f} ({low:+.4f} to {high:+.4f}) |"


def _by_shopper(figures: Figures) -> Figures:
    """Return the mean over each shopper's slates, which are not independent."""
    return Figures(
        {name: list(np.reshape(own, (len(_VIEWS), -1)).mean(axis=0)) for name, own in figures.values.items()}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--past", type=int, default=2_000, help="shoppers the choice model learns from")
    parser.add_argument("--learning", type=int, default=1_500, help="shoppers whose slates are logged")
    parser.add_argument("--tested", type=int, default=500, help="shoppers the blends are compared for")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    started = time.perf_counter()
    rng = np.random.default_rng(chosen.seed)
    market = Market(listings=chosen.listings, shoppers=chosen.past, seed=chosen.seed)
    model = market.trained()
    known = np.where(rng.random(chosen.listings) < _NEW, 0, FIRST_IMPRESSIONS)
    market.snapshot.set_attention(
        [(i, float(p), int(n)) for i, p, n in zip(market.snapshot.ids, market.popularity, known, strict=True)]
    )
    learning = slice(0, chosen.learning)
    tested = slice(chosen.learning, chosen.learning + chosen.tested)
    explored = recommender_of(market, model, 0.1)
    log = logged(list(slates(market, explored, learning, PLACES, rng)))
    share = log.clicks.sum() / len(log.clicks)
    print(f"{len(log):,} clicked slates of {len(_VIEWS) * chosen.learning:,}, {share:.3f} clicks a place in them")

    default = load().knobs["home"]["weights"]
    usual = np.array([*(cast("dict[str, float]", default)[name] for name in ranker.TERMS), 1.0])
    fitted = ranker.fit(log, default)
    ignored = ranker.fit(replace(log, position=np.ones_like(log.position)), default)
    learned = ranker.learn(log, default)
    trees, biased = (lambdamart(log, positions=p, seed=chosen.seed) for p in (True, False))
    print("weights:", ", ".join(f"{name} {w:.3f}" for name, w in zip(COLUMNS, fitted.weights, strict=True)))
    print("times the default:", ", ".join(f"{name} {m:.2f}" for name, m in learned.blend.items()) or learned.why_not)
    print("held-out clicks:", ", ".join(f"{name} {value:.4f}" for name, value in learned.figures.items()))
    said = (f"{at}: {np.exp(fitted.positions[at - 1]):.2f} ({at**-_READS:.2f})" for at in (2, 3, 5, 10, 20))
    print("looks at a position for one at the first, estimated (true):", ", ".join(said))
    rankers: dict[str, Ranker] = {
        "default": lambda terms: terms @ usual,
        "logistic": lambda terms: terms @ fitted.weights,
        "logistic, position ignored": lambda terms: terms @ ignored.weights,
        "LambdaMART": trees,
        "LambdaMART, position ignored": biased,
    }
    plain = recommender_of(market, model, 0.0)
    blended = recommender_of(market, replace(model, blend=learned.blend), 0.0)
    for title, served, n in (
        ("Held-out slates of 20, ordered anew", explored, PLACES),
        (f"The {_CANDIDATES} best by default, ordered anew", plain, _CANDIDATES),
    ):
        found = {name: Figures() for name in rankers}
        for told in slates(market, served, tested, n, rng):
            for name, rank in rankers.items():
                measure(found[name], told, rank, told.chances)
        print(f"\n### {title}\n", *lines(found, "default"), sep="\n", flush=True)
    found = {"default": Figures(), "logistic": Figures()}
    for one, other in zip(*(slates(market, r, tested, K, rng) for r in (plain, blended)), strict=True):
        for name, told in (("default", one), ("logistic", other)):
            measure(found[name], told, lambda terms: -np.arange(len(terms), dtype=float), told.case.chances)
    print("\n### Served in ten places, mixed as always\n", *lines(found, "default"), sep="\n")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
