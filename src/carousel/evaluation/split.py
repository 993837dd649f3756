"""Split a log into what a model may know and what it is asked: by time, and the last of every user."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from carousel.evaluation.dataset import Log

TEST_SHARE = 0.1
"""Share of the time that is asked about, where nobody says how many days."""
FEW = 50
"""Fewer questions than that say nothing; then the last tenth of the rows is asked about, not of the time."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Questions: what would this user want next, at this time, after this history?

    Row q's history is `history.take(slice(starts[q], starts[q + 1]))`, its targets `targets[target_starts[q]: …]`.
    """

    users: NDArray[np.int32]
    at: NDArray[np.float64]
    starts: NDArray[np.intp]
    history: Log
    target_starts: NDArray[np.intp]
    targets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.users)

    def lengths(self) -> NDArray[np.intp]:
        """Events of each history (q,)."""
        return np.diff(self.starts)

    def batch(self, first: int, last: int) -> "Queries":
        """Return the questions first … last - 1."""
        rows = np.arange(self.starts[first], self.starts[last])
        targets = slice(self.target_starts[first], self.target_starts[last])
        return Queries(
            self.users[first:last],
            self.at[first:last],
            self.starts[first : last + 1] - self.starts[first],
            self.history.take(rows),
            self.target_starts[first : last + 1] - self.target_starts[first],
            self.targets[targets],
        )

    def row_of_event(self) -> NDArray[np.intp]:
        """The question each event of `history` belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths())

    def steps_back(self) -> NDArray[np.intp]:
        """How many events lie between each event of `history` and the question: 0 for the last one."""
        return np.repeat(self.starts[1:], self.lengths()) - 1 - np.arange(len(self.history))

    def matrix(self, item_count: int, recency: float = 1.0) -> sp.csr_matrix:
        """Return the histories (q, items) as summed positive weights; `recency` is the weight of one step back."""
        liked = self.history.weights > 0
        values = np.where(liked, self.history.weights, 0) * recency ** self.steps_back()
        rows = self.row_of_event()
        shape = (len(self), item_count)
        matrix = sp.csr_matrix((values[liked].astype(np.float32), (rows[liked], self.history.items[liked])), shape)
        matrix.sum_duplicates()
        return matrix


@dataclass(frozen=True, slots=True)
class Split:
    """A name, what may be learned from, and what is asked."""

    name: str
    train: Log
    queries: Queries
    cut_at: float | None
    alone: int
    """Users left out because all that is known of them is what would be asked."""


def by_time(log: Log, *, test_seconds: float | None = None, most: int | None = None, **how: object) -> Split:
    """Learn from everything before a moment; ask for the last item of everybody who came after it.

    The history of a question is all of the user's earlier events, those after the moment included: a model learns in
    batches, but hears of every event when it recommends. Users nobody knew at the moment are asked about too.
    """
    first, last = float(log.at[0]), float(log.at[-1])
    cut_at = last - (test_seconds if test_seconds is not None else TEST_SHARE * (last - first))
    split = _last_out(log, since=cut_at, most=most, **how)  # type: ignore[arg-type]
    few = FEW if most is None else min(FEW, most)  # the cut does not move because fewer are asked
    if test_seconds is None and (len(split.queries) < few or len(split.train) < len(log) / 2):
        cut_at = float(log.at[min(int((1 - TEST_SHARE) * len(log)), len(log) - 1)])
        split = _last_out(log, since=cut_at, most=most, **how)  # type: ignore[arg-type]
    return split


def leave_last_out(log: Log, **how: object) -> Split:
    """Ask for the last item of every user, having learned from everything else (the literature's usual split)."""
    return _last_out(log, since=None, **how)  # type: ignore[arg-type]


def _last_out(
    log: Log, *, since: float | None, targets: int = 1, repeats: bool = False, most: int | None = None, seed: int = 1
) -> Split:
    """Hold out each user's last items.

    :param targets: how many, at most half of what the user has; an item that comes again among them is asked once.
    :param repeats: whether an item counts that the user had before; else it is the last that was new to them.
    :param most: ask at most so many users, drawn by the seed.
    """
    order = np.argsort(log.users, kind="stable")  # by user, then by time
    users, items = log.users[order], log.items[order]
    liked = log.weights[order] > 0
    eligible = liked.copy()
    if not repeats:
        positive = np.flatnonzero(liked)
        keys = users[positive].astype(np.int64) * (int(log.items.max()) + 1) + items[positive]
        eligible[:] = False
        eligible[positive[np.unique(keys, return_index=True)[1]]] = True
    rows = np.flatnonzero(eligible)
    of_user = users[rows]
    counts = np.bincount(of_user, minlength=int(users.max()) + 1)
    # How many eligible rows of the same user come after each, and how many may be asked.
    after = np.cumsum(counts)[of_user] - 1 - np.arange(len(rows))
    asked = after < np.minimum(targets, counts[of_user] // 2)
    if since is not None:
        # Of a user the first thing asked must lie after the cut, and then all after it does.
        asked &= log.at[order][rows] >= since
    late = np.unique(of_user[log.at[order][rows] >= since]) if since is not None else np.flatnonzero(counts)
    alone = int((counts[late] == 1).sum())
    target_rows = rows[asked]
    chosen = np.unique(users[target_rows])
    if most is not None and len(chosen) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, most, replace=False))
        target_rows = target_rows[np.isin(users[target_rows], chosen)]
    # Who comes back to an item among the last ones wants one thing, not two.
    pairs = users[target_rows].astype(np.int64) * (int(log.items.max()) + 1) + items[target_rows]
    target_rows = target_rows[np.sort(np.unique(pairs, return_index=True)[1])]
    begin = np.searchsorted(users, chosen)
    target_starts = np.searchsorted(users[target_rows], [*chosen.tolist(), users.max() + 1])
    first_target = target_rows[target_starts[:-1]]
    lengths = first_target - begin
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    history_rows = order[np.repeat(begin, lengths) + within]
    queries = Queries(
        users=chosen.astype(np.int32),
        at=log.at[order[first_target]],
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp),
        history=log.take(history_rows),
        target_starts=target_starts.astype(np.intp),
        targets=items[target_rows],
    )
    if since is not None:
        return Split("by time", log.take(log.at < since), queries, since, alone)
    known = np.ones(len(log), dtype=bool)
    known[np.isin(log.users, chosen)] = False
    known[history_rows] = True
    return Split("last of every user", log.take(known), queries, None, alone)
