"""A search never sees what `carousel evaluate` asks, goes on where it ended, and keeps searches of other data apart."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from carousel.cli import evaluating
from carousel.errors import InputError, UnusableFeedError
from carousel.evaluation import tune as tuning
from carousel.evaluation.choose import validation
from carousel.evaluation.dataset import Dataset
from carousel.evaluation.replay import EvaluateOptions, split_of
from carousel.evaluation.split import Queries
from carousel.evaluation.stock import Listings, Stock, stock_of
from carousel.recommend.scorers import SMOOTHING, WEIGHTS


def pairs(queries: Queries) -> set[tuple[int, int]]:
    """The user and the item of every answer."""
    users = queries.users.repeat(queries.target_starts[1:] - queries.target_starts[:-1])
    return set(zip(users.tolist(), queries.targets.tolist(), strict=True))


@pytest.mark.parametrize(
    "options",
    [EvaluateOptions(), EvaluateOptions(test_days=3), EvaluateOptions(targets=2), EvaluateOptions(repeats=True)],
    ids=["as it is", "more days", "more targets", "repeats"],
)
def test_no_answer_of_either_split_can_be_learned_or_validated_on(
    dataset_of: Callable[..., Dataset], options: EvaluateOptions
) -> None:
    """60 users leave one after the other: most of their last items lie before the cut."""
    rows = [
        (f"u{u:02}", f"i{(u + step) % 20:02}", 43_200.0 * (u // 6 + step) + u) for u in range(60) for step in range(8)
    ]
    dataset = dataset_of(rows)
    training = tuning._training(dataset, stock_of(dataset, all_stock=True), None, 1, options)
    parts = validation(training)
    assert parts is not None
    learned = set(zip(training.log.users.tolist(), training.log.items.tolist(), strict=True))
    for name in ("time", "last"):
        split = split_of(dataset, name, options)
        assert split.cut_at is None or training.log.at.max() < split.cut_at
        answers = pairs(split.queries)
        assert answers
        assert not answers & learned
        assert not answers & pairs(parts[1])


def test_a_log_with_nothing_but_questions_cannot_be_tuned_on(dataset_of: Callable[..., Dataset]) -> None:
    dataset = dataset_of([(f"u{u}", f"i{n}", 100.0 * n + u) for u in range(40) for n in range(2)])
    with pytest.raises(UnusableFeedError, match="too few users with two items are left to tune on"):
        tuning.tune(dataset, stock_of(dataset, all_stock=True), None, trials=1)


def test_tuning_never_ends_below_where_it_began(crowds: Dataset, tmp_path: Path) -> None:
    stock = stock_of(crowds, all_stock=True)
    tuned, again = (tuning.tune(crowds, stock, None, trials=6, seed=2) for _ in range(2))
    assert tuned.trials == again.trials
    assert tuned.reached == max(value for _, value, _ in tuned.trials) >= tuned.before
    assert not math.isnan(tuned.before)
    tuning.write(tuned, tmp_path / "tuned.toml", "carousel tune")
    assert "[crowd]" in (tmp_path / "tuned.toml").read_text()
    assert "| 0 |" in tuning.markdown(tuned)


def test_tuning_with_listings_leaves_what_is_served_as_it_was(cars: tuple[Dataset, Stock, Listings]) -> None:
    dataset, stock, listings = cars
    served = dict(WEIGHTS), dict(SMOOTHING)
    tuned = tuning.tune(dataset, stock, listings, trials=3, seed=1)
    assert served == (WEIGHTS, SMOOTHING)
    assert tuned.settings.taste.weights.keys() == WEIGHTS.keys()


def test_a_search_in_no_time_is_refused(crowds: Dataset) -> None:
    with pytest.raises(InputError, match="--minutes 0: no trial ends in no time"):
        evaluating.tune(minutes=0)
    with pytest.raises(InputError, match=r"--minutes .*: no trial ended in that time; give more"):
        tuning.tune(crowds, stock_of(crowds, all_stock=True), None, trials=1, seconds=1e-9)


def test_a_search_that_goes_on_tries_other_settings(crowds: Dataset, tmp_path: Path) -> None:
    stock, storage = stock_of(crowds, all_stock=True), f"sqlite:///{tmp_path / 'tune.db'}"
    for _ in range(3):
        tuned = tuning.tune(crowds, stock, None, trials=2, storage=storage)
    tried = [tuple(params.values()) for _, _, params in tuned.trials]
    assert len(set(tried)) == len(tried) == 6 - tuned.stopped


def test_searches_of_other_data_options_or_listings_stay_apart(
    cars: tuple[Dataset, Stock, Listings], tmp_path: Path
) -> None:
    dataset, stock, listings = cars
    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    shorter = replace(dataset, log=dataset.log.take(dataset.log.users > 0))
    of_two = EvaluateOptions(targets=2)
    for data, cars_of, asked in (
        (dataset, None, None), (dataset, listings, None), (shorter, None, None), (dataset, None, of_two),
    ):  # fmt: skip
        tuned = tuning.tune(data, stock, cars_of, trials=1, storage=storage, asked=asked)
        assert len(tuned.trials) == 1
    assert len(tuning.tune(dataset, stock, listings, trials=1, storage=storage).trials) == 2
