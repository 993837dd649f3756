"""What makes slates cheap changes none: each short cut is held against the plain computation, on made-up catalogues."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from carousel.catalogue.embedding import embed
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.snapshot import Snapshot
from carousel.crowd.choice_model import Stock, _FromStock, _newton, fold_in, guess
from carousel.recommend.alike import Alike
from carousel.recommend.interests import _cut
from carousel.recommend.placements import PlacementSettings, load
from carousel.recommend.slate import CONSIDERED, _considered, _feature, _greedy, most_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_LIKENESS = {"model": 0.35, "make": 0.2, "body": 0.15, "price": 0.15, "fuel": 0.15}


def catalogue(rng: np.random.Generator, count: int, *, models: int = 12) -> list[Listing]:
    """Cars of few models and prices, so that many are alike, with gaps."""

    def some(values: Sequence[str]) -> str | None:
        return None if rng.random() < 0.1 else str(rng.choice(values))

    listings = []
    for i in range(count):
        model = int(rng.integers(models))
        listings.append(
            Listing(
                listing_id=ListingId(f"car-{i}"), make=f"Make {model % 5}", model=f"Model {model}",
                body_type=some(["suv", "wagon", "sedan"]), fuel_type=some(["petrol", "diesel"]),  # type: ignore[arg-type]
                transmission=some(["manual", "automatic"]),  # type: ignore[arg-type]
                price_amount=Decimal(int(rng.integers(5, 40)) * 1_000), price_currency="EUR",
                model_year=int(rng.integers(2010, 2026)), mileage_km=int(rng.integers(200)) * 1_000,
                power_kw=None if rng.random() < 0.2 else int(rng.integers(50, 200)),
                listed_at=NOW - timedelta(days=int(rng.integers(30))), seller_id=f"seller {rng.integers(9)}",
                status="sold" if rng.random() < 0.1 else "active",
            )
        )  # fmt: skip
    return listings


@pytest.mark.parametrize("seed", range(12))
def test_the_nearest_found_among_few_models_are_the_nearest_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    listings = catalogue(rng, 400, models=int(rng.integers(1, 60)))
    # Those that were never on sale are in no snapshot.
    listings = [x for x in listings if x.status == "active"]
    snapshot = Snapshot.of(listings)
    points = embed(listings).astype(np.float64)
    alike = Alike()
    for row in rng.integers(0, len(listings), 10).tolist():
        found = alike.near(snapshot, row, 30)
        assert found is not None
        assert row not in found
        apart = np.sqrt(((points - points[row]) ** 2).sum(axis=1))
        others = np.delete(apart, row)
        # Of equally near ones either may come first.
        np.testing.assert_allclose(apart[found], np.sort(others)[:30], atol=2e-3)


def test_near_listings_leave_out_what_is_sold_and_what_is_new_is_asked_for_elsewhere() -> None:
    listings = [x for x in catalogue(np.random.default_rng(3), 200, models=1) if x.status == "active"]
    snapshot = Snapshot.of(listings)
    sold = Snapshot.of([replace(x, status="active") for x in listings])
    sold.active[5] = False
    alike = Alike()
    near = alike.near(sold, 0, len(listings))
    assert near is not None
    assert 5 not in near
    assert len(near) == len(listings) - 2
    assert alike.near(snapshot, 0, 10) is not None  # another snapshot, as after a restore


def plain_greedy(
    snapshot: Snapshot,
    rows: NDArray[np.intp],
    scores: NDArray[np.float32],
    shares: Sequence[float],
    n: int,
    explored: Sequence[int],
    placement: PlacementSettings,
    best: NDArray[np.intp],
) -> list[int]:
    """Choose the slate place by place, everything computed anew for each."""
    considered = rows[best]
    features = np.stack([_feature(snapshot, block, considered) for block in _LIKENESS], axis=1)
    likeness = np.array(list(_LIKENESS.values()), dtype=np.float32)
    share, given, chosen, free = np.array(shares), np.zeros(len(shares)), list[int](), ~np.isin(best, explored)
    closest = np.zeros(len(best), dtype=np.float32)
    while len(chosen) < min(n - len(explored), len(best)):
        wish = int(np.argmax(share / (2 * given + 1)))
        most = most_of(placement.caps, min(n, 10 * (len(chosen) // 10 + 1)))
        within = free.copy()
        for block in placement.caps:
            codes = snapshot.codes(block)
            counts = np.bincount(codes[rows[[*chosen, *explored]]], minlength=len(snapshot.vocabularies[block]))
            full = counts >= most[block]
            full[0] = False
            within &= ~full[codes[considered]]
        value = scores[wish, best] - placement.diversity * closest
        at = int(np.argmax(np.where(within, value, -np.inf)))
        if not within[at] or scores[wish, best[at]] == -np.inf:
            if not share.any():
                break
            share[wish] = 0
            continue
        given[wish] += 1
        chosen.append(int(best[at]))
        free[at] = False
        closest = np.maximum(closest, (features == features[at]) @ likeness)
    return chosen


@pytest.mark.parametrize("seed", range(40))
def test_the_slate_is_that_of_the_plain_choice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    snapshot = Snapshot.of(catalogue(rng, int(rng.integers(20, 300)), models=int(rng.integers(1, 30))))
    rows = np.sort(rng.choice(snapshot.size, int(rng.integers(5, snapshot.size)), replace=False)).astype(np.intp)
    wishes = int(rng.integers(1, 4))
    scores = rng.integers(-3, 4, (wishes, len(rows))).astype(np.float32) / 4  # many ties
    scores[:, rng.random(len(rows)) < 0.1] = -np.inf
    shares = rng.dirichlet(np.ones(wishes)).tolist()
    placement = replace(load().of("home", "s"), diversity=float(rng.choice([0.0, 0.4, 0.6])))
    n = int(rng.choice([3, 10, 20, 50]))
    explored = rng.choice(len(rows), min(2, len(rows)), replace=False).tolist() if seed % 2 else []
    best = _considered(snapshot, rows, scores, of_a_make=CONSIDERED)
    arguments = (snapshot, rows, scores, shares, n, explored, placement, best)
    assert _greedy(*arguments) == plain_greedy(*arguments)


@pytest.mark.parametrize("seed", range(60))
def test_a_tree_is_cut_as_scipy_cuts_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 30))
    # On a grid many distances are the same.
    points = rng.integers(0, 4, (count, 2)).astype(float) if seed % 2 else rng.standard_normal((count, 3))
    tree = linkage(squareform(squareform(pdist(points))), "average")
    for groups in range(2, min(6, count) + 1):
        labels = fcluster(tree, groups, "maxclust")
        wanted = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
        assert [group.tolist() for group in _cut(tree, groups)] == [group for group in wanted if len(group) > 1]


@pytest.mark.parametrize("seed", range(10))
def test_factors_found_from_a_guess_are_those_found_from_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    appeal, factors = rng.standard_normal(2_000), rng.standard_normal((2_000, 8))
    appeal, factors = appeal.astype(np.float32), (0.6 * factors).astype(np.float32)
    viewed, weights = factors[rng.integers(0, 2_000, 9)], np.ones(9, dtype=np.float32)
    choices = _FromStock(Stock.of(appeal, factors), (weights @ viewed)[None], np.array([9.0], dtype=np.float32))
    plain, _ = _newton(choices, steps=12)
    alone = fold_in(appeal, factors, viewed, weights)
    np.testing.assert_allclose(alone.mean, plain[0], atol=2e-3)
    quarter = Stock.of(appeal[::4], factors[::4])
    histories = [(viewed, weights), (viewed[:3], weights[:3]), (viewed[3:], weights[3:] / 2)]
    guesses = guess(quarter, histories)
    for guessed, history in zip(guesses, histories, strict=True):
        by_itself = fold_in(quarter.appeal, quarter.factors, *history, steps=4)
        np.testing.assert_allclose(guessed.mean, by_itself.mean, atol=5e-3)
        assert guessed.evidence == pytest.approx(by_itself.evidence, abs=0.02)
    from_guess = fold_in(appeal, factors, viewed, weights, start=guesses[0].mean)
    np.testing.assert_allclose(from_guess.mean, plain[0], atol=2e-3)
    assert from_guess.evidence == pytest.approx(alone.evidence, abs=0.02)
