"""What every model in the table can do: learn from a log, and score all items for a batch of questions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from carousel.errors import InputError
from carousel.evaluation.dataset import Dataset, Log
from carousel.evaluation.split import Queries
from carousel.evaluation.stock import Listings, Stock

Scores = NDArray[np.float32]


class NotPossibleError(InputError):
    """A model needs what this dataset has not; the message says what, and the table leaves the model out."""


@dataclass(frozen=True)
class Training:
    """What a model may learn from: the log before the questions, and the listings."""

    dataset: Dataset
    log: Log
    stock: Stock
    listings: Listings | None = None
    seed: int = 1
    by_time: bool = True
    """Whether the questions lie after all that may be learned from; settings are chosen by questions of the same kind,
    as are the next two."""
    targets: int = 1
    """How many items a question asks for."""
    repeats: bool = False
    """Whether what a user had may be right again."""
    cache: dict[str, object] = field(default_factory=dict, repr=False)
    """What several models need and is worked out once."""

    @property
    def item_count(self) -> int:
        return self.dataset.item_count

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """Summed positive weights (users, items)."""
        liked = self.log.take(self.log.weights > 0)
        shape = (self.dataset.user_count, self.item_count)
        matrix = sp.csr_matrix((liked.weights, (liked.users, liked.items)), shape, dtype=np.float32)
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def binary(self) -> sp.csr_matrix:
        """Who had what (users, items), as ones."""
        matrix = self.matrix.copy()
        matrix.data[:] = 1
        return matrix

    @cached_property
    def users_of_item(self) -> NDArray[np.int64]:
        """How many users had each item (items,)."""
        return np.bincount(self.matrix.indices, minlength=self.item_count).astype(np.int64)


class Model(Protocol):
    """One row of the table."""

    name: str

    def fit(self, training: Training) -> None:
        """Learn.

        :raises NotPossibleError: the dataset lacks what the model needs.
        """

    def scores(self, queries: Queries) -> Scores:
        """Return a new array (q, items), higher is better; NaN is the lowest."""


def chosen(names: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the names of the models to compare, in the order of the table.

    :raises InputError: a name that is none; lists those there are.
    """
    if names is None:
        return list(known)
    for name in names:
        if name not in known:
            raise InputError(f"--models {name}: there is no such model; use some of {', '.join(known)}", field="models")
    return [name for name in known if name in names]
