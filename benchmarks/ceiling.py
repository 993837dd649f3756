"""How well could anybody do who knows the market's shoppers as a population, though not the one at hand?

    python benchmarks/ceiling.py [--shoppers 120] [--views 3 8 20] [--chains 12] [--steps 500]

The shoppers `quality.py` asks about looked at a few cars. Markov chains draw who of all possible shoppers would have
looked at just these (Metropolis: one part at a time is taken from a shopper drawn from the market, and kept with the
ratio of the likelihoods), and the slate is the ten cars these want most on average. No model that learns from
past shoppers can know more than that. The slate has no caps, and the figures are beside those of `quality.py`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from carousel.evaluation.simulated import Case, K, Market, cases
from carousel.market.shoppers import Shopper, Stock, make_shoppers, wanted

Array = NDArray[np.float64]

_KINDS = 13
"""Kinds of shoppers take turns by their number."""
_POSSIBLE_FROM = 1_000_000
_TURN = np.isin(np.arange(8), range(3, 8)) / 5
"""Chance that a session about one wish has so many looks."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Somebody who may be the one at hand: how likely the views are of them, and what they choose next (size,)."""

    shopper: Shopper
    likelihood: float
    next: Array

    @classmethod
    def of(cls, shopper: Shopper, stock: Stock, viewed: NDArray[np.intp]) -> "Guess":
        worth = np.exp(np.stack([shopper.decided * wanted(shopper, wish, stock) for wish in shopper.wishes]))
        seen = worth[:, viewed]
        left = worth.sum(axis=1, keepdims=True) - np.cumsum(seen, axis=1) + seen
        likelihood, turns = _sessions(np.log(np.maximum(seen, 1e-300)) - np.log(np.maximum(left, 1e-300)))
        worth[:, viewed] = 0
        return cls(shopper, likelihood, turns @ (worth / worth.sum(axis=1, keepdims=True)))


def _sessions(of_each: Array) -> tuple[float, Array]:
    """Return how likely the views are whatever sessions they fell into, and the chances of each wish for the next.

    :param of_each: log-probability of each view by each wish (wishes, views); one session is about one wish, in turns.
    """
    if len(of_each) == 1:
        return float(of_each.sum()), np.ones(1)
    state = np.zeros((len(of_each), 8))  # wish of the session, looks that are left
    state[0] = _TURN
    likelihood = 0.0
    for view in of_each.T:
        highest = view.max()
        state[:, :-1] = state[:, 1:] * np.exp(view - highest)[:, None]
        state[:, -1] = 0
        total = state.sum()
        likelihood += highest + np.log(total)
        state = _renewed(state / total)
    return likelihood, state.sum(axis=1)


def _renewed(state: Array) -> Array:
    """Let the next wish's session begin where no looks are left."""
    ended = np.roll(state[:, 0], 1)
    state[:, 0] = 0
    return state + ended[:, None] * _TURN


def possible(kind: int) -> Iterator[Shopper]:
    """Yield shoppers of one kind without end."""
    for number in count(_POSSIBLE_FROM + kind, _KINDS):
        yield from make_shoppers(1, first=number)


def changed(shopper: Shopper, other: Shopper, rng: np.random.Generator) -> Shopper:
    """Return a shopper with one part of another's."""
    part = rng.integers(6)
    if part == 0:
        return replace(shopper, decided=other.decided)
    if part == 1:
        return replace(shopper, home=other.home)
    if part == 2:
        assert shopper.person is not None
        assert other.person is not None
        some = rng.permutation(list(shopper.person))[:3]
        return replace(shopper, person={**shopper.person, **{name: other.person[name] for name in some}})
    wishes = list(shopper.wishes)
    i = int(rng.integers(len(wishes)))
    own, new = wishes[i], other.wishes[i]
    # Either its budget, or all but that, or the whole wish.
    wishes[i] = (replace(own, budget_eur=new.budget_eur), replace(new, budget_eur=own.budget_eur), new)[part - 3]
    return replace(shopper, wishes=tuple(wishes))


class Population:
    """Some possible shoppers, from whom the chains begin."""

    def __init__(self, stock: Stock, asked: list[Case], each: int) -> None:
        self.stock = stock
        self.kinds = [possible(kind) for kind in range(_KINDS)]
        self.members = [(kind, next(own)) for kind, own in enumerate(self.kinds) for _ in range(each)]
        self.likelihoods = np.array([[Guess.of(s, stock, c.viewed).likelihood for c in asked] for _, s in self.members])

    def chances(self, number: int, case: Case, chains: int, steps: int) -> Array:
        """Return how likely each listing (size,) is to be chosen next by who left the views of a case."""
        rng = np.random.default_rng([9, number])
        share = np.exp(self.likelihoods[:, number] - self.likelihoods[:, number].max())
        total = np.zeros(len(self.stock))
        for member in rng.choice(len(self.members), chains, p=share / share.sum()):
            kind, shopper = self.members[member]
            guess = Guess.of(shopper, self.stock, case.viewed)
            for step in range(steps):
                other = changed(guess.shopper, next(self.kinds[kind]), rng)
                proposed = Guess.of(other, self.stock, case.viewed)
                if np.log(rng.random()) < proposed.likelihood - guess.likelihood:
                    guess = proposed
                if step >= steps // 3:
                    total += guess.next
        return total


def reached(market: Market, shoppers: int, views: int, chains: int, steps: int, each: int) -> tuple[Array, Array]:
    """Return the chance of the next choice in ten places of each case, and the best that could be (cases,)."""
    asked = list(cases(market, shoppers, views))
    population = Population(market.stock, asked, each)
    found, best = [], []
    for number, case in enumerate(asked):
        chances = population.chances(number, case, chains, steps)
        chances[case.viewed] = -1
        found.append(case.chances[np.argpartition(-chances, K)[:K]].sum())
        best.append(np.sort(case.chances)[-K:].sum())
    return np.array(found), np.array(best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoppers", type=int, default=120)
    parser.add_argument("--views", type=int, nargs="+", default=[3, 8, 20])
    parser.add_argument("--chains", type=int, default=12)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--each", type=int, default=150, help="possible shoppers of each kind the chains begin from")
    asked = parser.parse_args()
    market = Market(shoppers=1)  # nobody learns from past shoppers here
    print("| views | knows the population | knows the shopper | share (95%) |\n|---|---|---|---|")
    for views in asked.views:
        found, best = reached(market, asked.shoppers, views, asked.chains, asked.steps, asked.each)
        drawn = np.random.default_rng(1).integers(0, len(found), (1_000, len(found)))
        low, high = np.quantile(found[drawn].sum(axis=1) / best[drawn].sum(axis=1), (0.025, 0.975))
        share = found.sum() / best.sum()
        print(f"| {views} | {found.mean():.4f} | {best.mean():.4f} | {share:.2f} ({low:.2f}–{high:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
