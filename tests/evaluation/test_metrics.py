"""Each metric on lists small enough to work out by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from carousel.evaluation import metrics
from carousel.evaluation.bootstrap import interval, resampled_means

ONE = np.array([0, 1])


def rank(scores: list[float], target: int, allowed: list[bool] | None = None, k: int = 3) -> metrics.Ranked:
    there = np.ones((1, len(scores)), dtype=bool) if allowed is None else np.array([allowed])
    return metrics.rank(np.array([scores], dtype=np.float32), there, ONE, np.array([target], dtype=np.int32), k)


def test_a_rank_counts_what_is_better() -> None:
    ranked = rank([0.1, 0.9, 0.5, 0.7], target=2)
    assert ranked.ranks.tolist() == [3]
    assert ranked.lists.tolist() == [[1, 3, 2]]


def test_ties_count_against_the_model() -> None:
    assert rank([0.0] * 6, target=2).ranks.tolist() == [6]


def test_what_may_not_be_shown_stands_in_nobodys_way() -> None:
    ranked = rank([0.1, 0.9, 0.5, 0.7], target=2, allowed=[True, False, True, False])
    assert ranked.ranks.tolist() == [1]
    assert ranked.lists.tolist() == [[2, 0, -1]]


def test_nan_is_the_worst_and_is_never_shown() -> None:
    assert rank([np.nan, 0.2, 0.1, np.nan], target=0).ranks.tolist() == [4]
    assert rank([np.nan, 0.2, 0.1, np.nan], target=0).lists.tolist() == [[1, 2, -1]]


def test_two_targets_do_not_stand_in_each_others_way() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6]], dtype=np.float32)
    ranked = metrics.rank(scores, np.ones((1, 4), bool), np.array([0, 2]), np.array([3, 1], dtype=np.int32), 3)
    assert ranked.ranks.tolist() == [4, 2]
    found = metrics.accuracy(ranked.ranks, np.array([0, 2]), 3)
    assert found["hr"] == [1]
    assert found["recall"] == [0.5]
    assert found["mrr"] == [0.5]
    assert found["ndcg"] == pytest.approx([(1 / np.log2(3)) / (1 + 1 / np.log2(3))])


def test_accuracy_of_one_target() -> None:
    found = metrics.accuracy(np.array([1, 2, 11]), np.arange(4), 10)
    assert found["hr"].tolist() == found["recall"].tolist() == [1, 1, 0]
    assert found["ndcg"] == pytest.approx([1, 1 / np.log2(3), 0])
    assert found["mrr"] == pytest.approx([1, 1 / 2, 1 / 11])


def test_novelty_is_the_surprise_of_what_few_had() -> None:
    lists = np.array([[0, 1], [1, -1], [-1, -1]], dtype=np.int32)
    found = metrics.novelty(lists, np.array([7, 0]), user_count=7)
    assert found[:2] == pytest.approx([1.5, 3.0])  # 0 bits for what all had, 3 for one in eight
    assert np.isnan(found[2])


def test_diversity_of_twins_and_of_strangers() -> None:
    vectors = sp.csr_matrix(np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32))
    lists = np.array([[0, 1, -1], [0, 2, -1], [0, 1, 2], [0, -1, -1]], dtype=np.int32)
    found = metrics.diversity(lists, vectors)
    assert found[:3] == pytest.approx([0, 1, 2 / 3], abs=1e-6)
    assert np.isnan(found[3])


def test_calibration_is_zero_in_step_and_grows_out_of_step() -> None:
    groups = np.array([0, 1, 0, 1, -1])
    history = sp.csr_matrix(np.array([[1, 1, 0, 0, 0]] * 3 + [[0, 0, 0, 0, 1]], dtype=np.float32))
    lists = np.array([[2, 3], [2, -1], [3, 4], [2, 3]], dtype=np.int32)
    found = metrics.calibration(lists, history, groups)
    assert found[0] == pytest.approx(0)
    one_sided = 0.5 * np.log(0.5 / (0.99 + 0.005)) + 0.5 * np.log(0.5 / 0.005)
    assert found[1:3] == pytest.approx([one_sided, one_sided])
    assert np.isnan(found[3])  # the history is of no group


def test_coverage_and_gini_of_the_shared_and_of_the_one_favourite() -> None:
    ever = np.array([True] * 4 + [False])
    fair, unfair = np.array([[0, 1], [2, 3]], dtype=np.int32), np.array([[0, -1], [0, -1]], dtype=np.int32)
    assert (metrics.coverage(fair, ever), metrics.coverage(unfair, ever)) == (1, 0.25)
    assert metrics.gini(fair, ever) == pytest.approx(0)
    assert metrics.gini(unfair, ever) == pytest.approx(0.75)  # (n − 1) / n is the most there is


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for trial in range(200):
        values = rng.binomial(1, 0.3, (100, 1)).astype(float)
        found = interval(values[:, 0], resampled_means(values, seed=trial, resamples=300)[:, 0])
        held += found.low <= 0.3 <= found.high
    assert 180 <= held <= 199


def test_intervals_come_from_the_seed_and_pass_over_nan() -> None:
    values = np.array([[1.0, np.nan], [3.0, 4.0], [5.0, 4.0]])
    one, again, other = (resampled_means(values, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again, equal_nan=True)
    assert not np.array_equal(one, other, equal_nan=True)
    assert interval(values[:, 1], one[:, 1]).mean == 4
    assert np.isnan(interval(np.array([np.nan]), np.array([np.nan])).mean)
