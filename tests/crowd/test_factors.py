"""Factors of the collaborative model: who looks at the same listings, whatever these are."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from carousel.crowd.choice_model import ChoiceModel
from carousel.crowd.factors import CONFIDENCE, Factors, fit
from carousel.evaluation.simulated import Market

KIND = np.repeat([0, 1], 20)  # listings 0 to 19 are of one kind, 20 to 39 of another
IDS = [f"car{i}" for i in range(40)]
NEW = [19, 39]  # nobody has looked at these


@pytest.fixture(scope="module")
def stock() -> csr_matrix:
    return csr_matrix(np.eye(2, dtype=np.float32)[KIND])


@pytest.fixture(scope="module")
def looks() -> csr_matrix:
    """Sixty shoppers, each of whom looks at five cars of one kind; car0 and car1 are looked at together."""
    rng = np.random.default_rng(3)
    matrix = np.zeros((60, 40), dtype=np.float32)
    for shopper in range(60):
        own = np.setdiff1d(np.flatnonzero(shopper % 2 == KIND), [*NEW, 0, 1])
        matrix[shopper, rng.choice(own, 5, replace=False)] = 1
        if shopper % 6 == 0:
            matrix[shopper, [0, 1]] = 1
    return csr_matrix(matrix)


@pytest.fixture(scope="module")
def factors(stock: csr_matrix, looks: csr_matrix) -> Factors:
    return fit(stock, IDS, looks, embedding_size=4, epochs=15)  # so few looks need more rounds than many


def scores(factors: Factors, stock: csr_matrix, viewed: list[int]) -> np.ndarray:
    of_listings = factors.of_listings(stock, IDS)
    shopper = factors.fold_in(of_listings[viewed], np.ones(len(viewed), dtype=np.float32))
    found: np.ndarray = of_listings @ shopper
    return found


def test_who_looked_at_one_of_a_pair_wants_the_other(factors: Factors, stock: csr_matrix) -> None:
    found = scores(factors, stock, [0])
    assert np.argsort(-found)[:2].tolist() in ([0, 1], [1, 0])


def test_a_new_listing_has_the_factors_of_its_kind(factors: Factors, stock: csr_matrix) -> None:
    assert not {IDS[i] for i in NEW} & set(factors.listing_ids)
    found = scores(factors, stock, [5, 6])
    assert found[19] > 3 * abs(found[39])
    # Not the best of its kind, for nobody has said so, and no worse than most of them.
    assert found[19] < found[KIND == 0].max()
    assert found[19] > np.quantile(found[KIND == 0], 0.2)


def test_a_shopper_is_folded_in_as_the_equations_say(factors: Factors, stock: csr_matrix) -> None:
    """Hu, Koren & Volinsky: (YᵀY + λ + Yᵀ(C − 1)Y) x = Yᵀ C p, over all listings."""
    everything = factors.of_listings(stock, IDS).astype(np.float64)
    viewed, weights = [2, 3], np.array([1.0, 0.5], dtype=np.float32)
    confidence = np.ones(40)
    confidence[viewed] = CONFIDENCE * weights
    preference = np.isin(np.arange(40), viewed).astype(float)
    left = everything.T @ (confidence[:, None] * everything) + np.eye(4)
    expected = np.linalg.solve(left, everything.T @ (confidence * preference))
    found = factors.fold_in(everything[viewed].astype(np.float32), weights)
    np.testing.assert_allclose(found, expected, rtol=2e-2, atol=2e-3)  # listings' own part is kept in 16 bits


def test_the_same_seed_gives_the_same_factors(factors: Factors, stock: csr_matrix, looks: csr_matrix) -> None:
    again = fit(stock, IDS, looks, embedding_size=4, epochs=15)  # so few looks need more rounds than many
    np.testing.assert_allclose(again.of_listings(stock, IDS), factors.of_listings(stock, IDS), atol=1e-3)


def test_progress_is_told_to_the_end(stock: csr_matrix, looks: csr_matrix) -> None:
    told: list[tuple[int, int]] = []
    fit(stock, IDS, looks, embedding_size=4, epochs=3, progress=lambda *now: told.append(now))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_they_are_stored_with_the_choice_model() -> None:
    market = Market(listings=300, shoppers=40)
    model = market.trained()
    read = ChoiceModel.from_bytes(model.to_bytes())
    assert model.factors is not None
    assert read.factors is not None
    assert read.factors.listing_ids == model.factors.listing_ids
    matrix = model.space.matrix(market.snapshot)
    ids = list(market.snapshot.ids)
    np.testing.assert_array_equal(
        read.factors.of_listings(matrix, ids), model.factors.of_listings(model.space.matrix(market.snapshot), ids)
    )
