"""What is asked is never in what may be learned from, and the history of a question ends before its answer."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.evaluation.dataset import Dataset, Log
from carousel.evaluation.split import Split, by_time, leave_last_out

Build = Callable[..., Dataset]


def asked(dataset: Dataset, split: Split) -> list[tuple[list[str], list[str]]]:
    """Each question's history and targets, by name."""
    queries, names = split.queries, dataset.item_ids
    return [
        (
            [names[i] for i in queries.history.items[queries.starts[q] : queries.starts[q + 1]]],
            [names[i] for i in queries.targets[queries.target_starts[q] : queries.target_starts[q + 1]]],
        )
        for q in range(len(queries))
    ]


def test_the_last_new_item_of_every_user_is_asked_for(dataset_of: Build) -> None:
    # Bob comes back to x at the end: the last that was new to him is z. Carol did one thing only.
    rows = [("ann", "x", 1), ("ann", "y", 2), ("bob", "x", 3), ("bob", "z", 4), ("bob", "x", 5), ("carol", "x", 6)]
    dataset = dataset_of(rows)
    split = leave_last_out(dataset.log)
    assert asked(dataset, split) == [(["x"], ["y"]), (["x"], ["z"])]
    assert split.alone == 1
    # What Bob did after the answer is not learned from; Carol's is.
    assert sorted(zip(split.train.users.tolist(), split.train.at.tolist(), strict=True)) == [(0, 1), (1, 3), (2, 6)]


def test_with_repeats_the_very_last_event_is_asked_for(dataset_of: Build) -> None:
    dataset = dataset_of([("bob", "x", 3), ("bob", "z", 4), ("bob", "x", 5)])
    assert asked(dataset, leave_last_out(dataset.log, repeats=True)) == [(["x", "z"], ["x"])]


def test_with_repeats_an_item_that_comes_again_is_one_target(dataset_of: Build) -> None:
    rows = [("bob", "x", 1), ("bob", "y", 2), ("bob", "x", 3), ("bob", "z", 4), ("bob", "y", 5), ("bob", "z", 6)]
    dataset = dataset_of(rows)
    split = leave_last_out(dataset.log, repeats=True, targets=3)
    assert asked(dataset, split) == [(["x", "y", "x"], ["z", "y"])]
    assert split.train.at.tolist() == [1, 2, 3]


def test_what_was_hidden_is_history_and_never_an_answer(dataset_of: Build) -> None:
    dataset = dataset_of([("ann", "x", 1), ("ann", "y", 2), ("ann", "z", -3)])
    assert asked(dataset, leave_last_out(dataset.log)) == [(["x"], ["y"])]


def test_by_time_only_who_came_after_the_cut_is_asked_about(dataset_of: Build) -> None:
    rows = [("ann", "x", 0), ("ann", "y", 10), ("bob", "x", 20), ("bob", "y", 80), ("bob", "z", 95), ("new", "x", 96),
            ("new", "z", 100)]  # fmt: skip
    dataset = dataset_of(rows)
    split = by_time(dataset.log, test_seconds=10)
    assert split.cut_at == 90
    assert split.train.at.max() == 80
    assert asked(dataset, split) == [(["x", "y"], ["z"]), (["x"], ["z"])]  # the newcomer's history is after the cut


def test_several_targets_leave_at_least_half_as_history(dataset_of: Build) -> None:
    dataset = dataset_of([("ann", f"i{n}", n + 1.0) for n in range(5)])
    assert asked(dataset, leave_last_out(dataset.log, targets=4)) == [(["i0", "i1", "i2"], ["i3", "i4"])]


def test_at_most_so_many_users_are_asked_about(dataset_of: Build) -> None:
    dataset = dataset_of([(f"u{u:02}", f"i{n}", u + 100.0 * n) for u in range(30) for n in range(3)])
    split, again = (leave_last_out(dataset.log, most=10, seed=4) for _ in range(2))
    assert len(split.queries) == 10
    assert split.queries.users.tolist() == again.queries.users.tolist()
    assert len(split.train) == 90 - 10  # who is not asked about is learned from


def test_the_cut_does_not_move_because_fewer_are_asked(dataset_of: Build) -> None:
    # 60 users come back at the end of a log that was busier at its beginning.
    rows = [(f"u{u:02}", f"i{n}", n + u / 100) for u in range(60) for n in range(6)]
    dataset = dataset_of([*rows, *((f"u{u:02}", "i9", 99.0 + u / 100) for u in range(60))])
    cuts = {by_time(dataset.log, most=most).cut_at for most in (None, 60, 10)}
    assert len(cuts) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 50)), min_size=1, max_size=60),
    st.integers(1, 3),
    st.booleans(),
)
def test_nothing_of_the_answer_leaks(rows: list[tuple[int, int, int]], targets: int, repeats: bool) -> None:
    rows = sorted(rows, key=lambda r: r[2])
    n = len(rows)
    log = Log(
        np.array([r[0] for r in rows], dtype=np.int32), np.array([r[1] for r in rows], dtype=np.int32),
        np.array([r[2] for r in rows], dtype=np.float64), np.ones(n, dtype=np.float32), np.arange(n, dtype=np.int16),
    )  # fmt: skip
    for split in (
        leave_last_out(log, targets=targets, repeats=repeats),
        by_time(log, targets=targets, repeats=repeats),
    ):
        queries = split.queries
        learned = set(split.train.kinds.tolist())  # here `kinds` numbers the rows
        for q in range(len(queries)):
            one = queries.batch(q, q + 1)
            user = int(one.users[0])
            rows_of_user = np.flatnonzero(log.users == user)
            first_asked = rows_of_user[len(one.history)]
            assert one.history.kinds.tolist() == rows_of_user[: len(one.history)].tolist()
            assert one.at[0] == log.at[first_asked]
            if split.cut_at is None:
                assert not learned & set(rows_of_user[len(one.history) :].tolist())
            else:
                assert split.train.at.max(initial=-1) < split.cut_at <= one.at[0]
            assert repeats or not set(one.targets.tolist()) & set(one.history.items.tolist())
            assert 1 <= len(one.targets) <= targets


def test_a_history_as_a_matrix_fades(dataset_of: Build) -> None:
    dataset = dataset_of([("ann", "x", 1), ("ann", "y", -2), ("ann", "x", 3), ("ann", "z", 4), ("ann", "w", 5)])
    queries = leave_last_out(dataset.log).queries
    x, z = dataset.item_ids.index("x"), dataset.item_ids.index("z")
    row = queries.matrix(dataset.item_count, recency=0.5).toarray()[0]
    assert row[z] == 1
    assert row[x] == pytest.approx(0.5 + 0.125)
    assert np.count_nonzero(row) == 2
