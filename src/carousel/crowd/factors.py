"""What those looked at who looked at the same listings: implicit ALS (Hu, Koren & Volinsky 2008) that does not forget
sold cars and does not wait for new ones.

Factors of a listing that few have looked at are little more than chance, and one nobody has seen has none. So each
listing's are those that its traits let expect (weighted ridge regression, closed form) and, the more it was looked at,
its own.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, identity

Array = NDArray[np.float32]

EMBEDDING_SIZE = 32
EPOCHS = 6
REG = 1.0
CONFIDENCE = 4.0
"""How much surer one look is than none."""
_OWN = 2.0
"""Shoppers after whom a listing's own factors count as much as its traits'."""
_RIDGE = 5.0
_UNSEEN = 0.2  # a listing nobody looked at says a little about its traits too
_SURE = 10.0  # of more shoppers than this no listing teaches its traits


@dataclass(frozen=True)
class Factors:
    """Factors of listings: `of_columns` (size, d) by what they are, `own` (n, d) what their looks add to that.

    :ivar listing_ids: the n listings that were looked at.
    :ivar gram: `YᵀY + reg` over all listings (d, d), what a shopper is folded in by.
    """

    of_columns: Array
    listing_ids: tuple[str, ...]
    own: NDArray[np.float16]
    gram: Array

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {listing_id: row for row, listing_id in enumerate(self.listing_ids)}

    def of_listings(self, matrix: csr_matrix, listing_ids: Sequence[str]) -> Array:
        """Return the factors (m, d) of listings by their columns (m, size) and ids."""
        factors: Array = np.asarray(matrix @ self.of_columns, dtype=np.float32)
        known = [(at, row) for at, i in enumerate(listing_ids) if (row := self._row_of.get(i)) is not None]
        if known:
            at, rows = np.array(known).T
            factors[at] += self.own[rows]
        return factors

    def fold_in(self, viewed: Array, weights: Array) -> Array:
        """Return a shopper's factors (d,) from those of the listings viewed (v, d) and what each look counts (v,)."""
        confidence = CONFIDENCE * weights
        own = self.gram + (viewed.T * (confidence - 1)) @ viewed
        shopper: Array = np.linalg.solve(own, viewed.T @ confidence).astype(np.float32)
        return shopper

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a file of the model keeps of it."""
        ids = np.frombuffer("\n".join(self.listing_ids).encode(), dtype=np.uint8)
        return {"als_columns": self.of_columns, "als_ids": ids, "als_own": self.own, "als_gram": self.gram}

    @classmethod
    def from_arrays(cls, file: Any) -> "Factors | None":
        """Read what `arrays` kept; None where a model has no factors."""
        if "als_gram" not in file:
            return None
        ids = file["als_ids"].tobytes().decode()
        return cls(file["als_columns"], tuple(ids.split("\n")) if ids else (), file["als_own"], file["als_gram"])


def fit(
    stock: csr_matrix,
    listing_ids: Sequence[str],
    looks: csr_matrix,
    *,
    embedding_size: int = EMBEDDING_SIZE,
    epochs: int = EPOCHS,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Factors:
    """Fit factors to who looked at what.

    :param stock: columns (n, size) of all listings, on sale or not; `listing_ids` their ids.
    :param looks: what each look counts (shoppers, n).
    :param progress: is told the epochs done and to do.
    """
    # Only listings somebody looked at: the zeros of all others would change nothing but the time it takes.
    shoppers_of = np.bincount(looks.indices, minlength=len(listing_ids))
    known = np.flatnonzero(shoppers_of)
    learned = _als(looks[:, known], embedding_size, epochs, seed, progress)
    target = np.zeros((len(listing_ids), learned.shape[1]), dtype=np.float32)
    target[known] = learned
    sure = np.minimum(shoppers_of, _SURE) + _UNSEEN
    normal = (stock.T @ diags(sure) @ stock + _RIDGE * identity(stock.shape[1])).toarray()
    of_columns = np.linalg.solve(normal, stock.T @ (sure[:, None] * target)).astype(np.float32)
    expected = np.asarray(stock @ of_columns, dtype=np.float32)
    share = (shoppers_of / (shoppers_of + _OWN)).astype(np.float32)
    own = share[:, None] * (target - expected)
    factors = expected + own
    gram = factors.T @ factors + REG * np.eye(factors.shape[1], dtype=np.float32)
    ids = tuple(listing_ids[row] for row in known.tolist())
    return Factors(of_columns, ids, own[known].astype(np.float16), gram.astype(np.float32))


def _als(
    looks: csr_matrix, size: int, epochs: int, seed: int, progress: Callable[[int, int], None] | None
) -> NDArray[np.float32]:
    from implicit.als import AlternatingLeastSquares

    def report(epoch: int, _seconds: float, _loss: float) -> None:
        if progress:
            progress(epoch + 1, epochs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of BLAS threads, which cost it little at this size
        model = AlternatingLeastSquares(
            factors=size, regularization=REG, alpha=CONFIDENCE, iterations=epochs, random_state=seed, use_gpu=False
        )
    model.fit(looks.astype(np.float32), show_progress=False, callback=report)
    return np.asarray(model.item_factors, dtype=np.float32)
