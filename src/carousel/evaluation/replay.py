"""Let every model answer the same questions and measure what it answered: the page to read first.

read     a log of any system, or our own archive             dataset.py
split    by time, and the last item of every user            split.py
fit      each model on what came before                      models.py, baselines.py, carousel.py
ask      batch by batch, among what was in stock             stock.py, choose.py
measure  accuracy and beyond, with intervals over users      metrics.py, bootstrap.py
report   Markdown, a page with plots, JSON                   report.py, page.py
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from carousel.errors import InputError, UnusableFeedError
from carousel.evaluation import metrics
from carousel.evaluation.baselines import (
    ItemToItem,
    NearestToLast,
    Newest,
    Popular,
    PopularLately,
    Random,
    RunningAverage,
)
from carousel.evaluation.bootstrap import Interval, interval, resampled_means
from carousel.evaluation.carousel import (
    CarouselCrowd,
    CarouselHybrid,
    CrowdSettings,
    Settings,
    TasteReplay,
    TunedAls,
    TunedEase,
)
from carousel.evaluation.choose import allowed, batches
from carousel.evaluation.dataset import Dataset
from carousel.evaluation.models import Model, NotPossibleError, Training
from carousel.evaluation.split import Queries, Split, by_time, leave_last_out
from carousel.evaluation.stock import Listings, Stock

MOST_USERS, LEAST_USERS = 10_000, 2_000
MOST_CELLS = 500_000_000
"""Questions are drawn beyond so many users, and users times items: the intervals are narrow by then, and the time grows
with them."""
PER_USER = ("hr", "ndcg", "recall", "mrr", "novelty", "diversity", "calibration")
FEW_QUESTIONS = 200
_NOT_BY_TIME = (
    "nobody with two items came in the time that is asked about, or nothing lies before it; ask about more or fewer"
    " --test-days"
)
_LENGTHS = (1, 2, 4, 8, 16, 32, 64)
_MOST_COLUMNS = 20_000
"""Users whose histories say how alike two items are, for the diversity of a list."""

Told = Callable[[str, float], None]
"""Called with what is being done and the share that is done."""

MODELS: Mapping[str, Callable[[Settings | None, bool], Model]] = {
    "random": lambda _settings, _listings: Random(),
    "popular": lambda _settings, _listings: Popular(),
    "popular-lately": lambda _settings, _listings: PopularLately(),
    "newest": lambda _settings, _listings: Newest(),
    "average": lambda _settings, _listings: RunningAverage(),
    "last": lambda _settings, _listings: NearestToLast(),
    "item-to-item": lambda _settings, _listings: ItemToItem(),
    "als": lambda _settings, _listings: TunedAls(),
    "ease": lambda _settings, _listings: TunedEase(),
    "taste": lambda settings, _listings: TasteReplay(settings.taste if settings else None),
    "carousel": lambda settings, listings: _carousel(settings, hybrid=listings),
}


def _carousel(settings: Settings | None, *, hybrid: bool) -> Model:
    return CarouselHybrid(settings) if hybrid else CarouselCrowd(settings.crowd if settings else None)


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What is asked, of how many, and by which models.

    :ivar splits: "time" and "last"; without times there is only "last".
    :ivar targets: items held out per user, :ivar repeats: whether what was seen may be recommended and asked for.
    :ivar max_users: users asked about at most, None: as many as the number of items allows.
    """

    k: int = 10
    models: tuple[str, ...] = tuple(MODELS)
    splits: tuple[str, ...] = ("time", "last")
    test_days: float | None = None
    targets: int = 1
    repeats: bool = False
    max_users: int | None = None
    seed: int = 1
    settings: Settings | None = None


@dataclass(frozen=True)
class Answer:
    """How one model did on one split.

    :ivar values: per metric one number per question (q,), :ivar hit_curve: HR at `metrics.CURVE`.
    """

    name: str
    values: dict[str, NDArray[np.float64]]
    intervals: dict[str, Interval]
    coverage: float
    gini: float
    hit_curve: tuple[float, ...]
    by_length: dict[str, float]
    fit_seconds: float
    ask_seconds: float
    settings: CrowdSettings | None = None
    difference: Interval | None = None
    """Of its nDCG to the best baseline's, paired by user; of Carousel only."""


@dataclass(frozen=True)
class Outcome:
    """All answers on one split."""

    split: str
    questions: int
    train: int
    known_targets: float
    candidates: float
    answers: list[Answer]
    left_out: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def best_baseline(self) -> Answer | None:
        others = [a for a in self.answers if not a.name.startswith("Carousel")]
        return max(others, key=lambda a: a.intervals["ndcg"].mean, default=None)


def evaluate(
    dataset: Dataset, stock: Stock, listings: Listings | None, options: EvaluateOptions, told: Told | None = None
) -> list[Outcome]:
    """Return the outcome of each split.

    :raises InputError: the days to ask about are all that the log covers.
    :raises UnusableFeedError: the log has no user with two items, so that nothing can be asked.
    """
    tell = told or (lambda _what, _share: None)
    wanted = [s for s in options.splits if s == "last" or dataset.timed] or ["last"]
    outcomes = []
    not_by_time = False
    for number, name in enumerate(wanted):
        split = split_of(dataset, name, options)
        if not len(split.queries) or not len(split.train):
            not_by_time |= name == "time"
            continue

        def told_of_all(what: str, share: float, number: int = number) -> None:
            tell(what, (number + share) / len(wanted))

        outcomes.append(_ask(dataset, stock, listings, split, options, told_of_all))
    if not outcomes:
        if "last" not in wanted and len(leave_last_out(dataset.log).queries):
            raise UnusableFeedError(f"{dataset.name}: {_NOT_BY_TIME}, or use --split last")
        raise UnusableFeedError(
            f"{dataset.name}: nobody has two items, so there is no history to recommend from; is"
            f" {dataset.facts.get('columns')} right? Name the columns with --user and --item"
        )
    if not_by_time:
        outcomes[0].notes.append(f"There is no split by time: {_NOT_BY_TIME}.")
    return outcomes


def split_of(dataset: Dataset, name: str, options: EvaluateOptions) -> Split:
    """Return what may be learned from and what is asked, "time" or "last".

    :raises InputError: the days to ask about are all that the log covers.
    """
    log = dataset.log
    most = options.max_users or max(LEAST_USERS, min(MOST_USERS, MOST_CELLS // max(dataset.item_count, 1)))
    if name != "time":
        return leave_last_out(log, targets=options.targets, repeats=options.repeats, most=most, seed=options.seed)
    days = options.test_days if dataset.clock else None
    split = by_time(
        log, test_seconds=None if days is None else days * 86_400, targets=options.targets, repeats=options.repeats,
        most=most, seed=options.seed,
    )  # fmt: skip
    if days is not None and not len(split.train):
        raise InputError(
            f"--test-days {days:g}: the log covers {(log.at[-1] - log.at[0]) / 86_400:.1f} days, which leaves none to"
            " learn from; use fewer",
            field="test_days",
        )
    return split


def _ask(
    dataset: Dataset, stock: Stock, listings: Listings | None, split: Split, options: EvaluateOptions, tell: Told
) -> Outcome:
    training = Training(
        dataset, split.train, stock, listings, options.seed, by_time=split.cut_at is not None,
        targets=options.targets, repeats=options.repeats,
    )  # fmt: skip
    vectors, groups = _likeness_and_groups(training)
    answers: list[Answer] = []
    left_out: dict[str, str] = {}
    for number, key in enumerate(options.models):
        model = MODELS[key](options.settings, listings is not None)
        tell(f"{split.name}: {model.name}", number / len(options.models))
        began = time.perf_counter()
        try:
            model.fit(training)
        except (NotPossibleError, MemoryError) as why:
            left_out[model.name] = str(why) or "not enough memory"
            continue
        fitted = time.perf_counter()
        answer = _measure(model, training, split.queries, options, vectors, groups)
        answers.append(
            Answer(**answer, fit_seconds=fitted - began, ask_seconds=time.perf_counter() - fitted)  # type: ignore[arg-type]
        )
    there = np.concatenate([allowed(training, b).sum(axis=1) for b in batches(split.queries, training)])
    known = training.users_of_item[split.queries.targets] > 0
    outcome = Outcome(
        split.name, len(split.queries), len(split.train), float(known.mean()), float(there.mean()), answers, left_out,
    )  # fmt: skip
    _compare(outcome, options.seed)
    outcome.notes.extend(_warnings(outcome, split, certain=int((there <= options.k).sum()), k=options.k))
    return outcome


def _measure(
    model: Model, training: Training, queries: Queries, options: EvaluateOptions, vectors: sp.csr_matrix,
    groups: NDArray[np.intp],
) -> dict[str, object]:  # fmt: skip
    k = options.k
    ranks, lists, beyond = [], [], []
    ever = np.zeros(training.item_count, dtype=bool)
    for batch in batches(queries, training):
        candidates = allowed(training, batch)
        ever |= candidates.any(axis=0)
        ranked = metrics.rank(model.scores(batch), candidates, batch.target_starts, batch.targets, k)
        ranks.append(ranked.ranks)
        lists.append(ranked.lists)
        beyond.append(metrics.calibration(ranked.lists, batch.matrix(training.item_count), groups))
    all_ranks, all_lists = np.concatenate(ranks), np.concatenate(lists)
    values = metrics.accuracy(all_ranks, queries.target_starts, k)
    values["novelty"] = metrics.novelty(all_lists, training.users_of_item, training.dataset.user_count)
    values["diversity"] = metrics.diversity(all_lists, vectors)
    values["calibration"] = np.concatenate(beyond)
    means = resampled_means(np.stack([values[name] for name in PER_USER], axis=1), seed=options.seed)
    best = metrics.best_ranks(all_ranks, queries.target_starts)
    return {
        "name": model.name,
        "values": values,
        "intervals": {name: interval(values[name], means[:, i]) for i, name in enumerate(PER_USER)},
        "coverage": metrics.coverage(all_lists, ever),
        "gini": metrics.gini(all_lists, ever),
        "hit_curve": tuple(float((best <= cut).mean()) for cut in metrics.CURVE),
        "by_length": _by_length(values["hr"], queries),
        "settings": getattr(model, "settings", None),
    }


def _by_length(hits: NDArray[np.float64], queries: Queries) -> dict[str, float]:
    """Return HR by how many events the history has; groups of fewer than 10 questions say nothing."""
    lengths = queries.lengths()
    found = {}
    for low, high in zip(_LENGTHS, (*_LENGTHS[1:], 1 << 40), strict=True):
        inside = (lengths >= low) & (lengths < high)
        if inside.sum() >= 10:
            name = f"{low}+" if high == 1 << 40 else str(low) if high == low + 1 else f"{low}–{high - 1}"
            found[name] = float(hits[inside].mean())
    return found


def _likeness_and_groups(training: Training) -> tuple[sp.csr_matrix, NDArray[np.intp]]:
    """Return unit vectors of the items (items, d), and the group each belongs to for calibration.

    With listings both come from them (embedding, body); else from who had what, and how popular it is.
    """
    listings = training.listings
    if listings is not None:
        points = np.where(listings.rows[:, None] >= 0, listings.embeddings[listings.rows], 0)
        length = np.linalg.norm(points, axis=1, keepdims=True)
        unit = np.divide(points, length, out=np.zeros_like(points), where=length > 0)
        if (listings.groups >= 0).any():
            return sp.csr_matrix(unit), listings.groups
        return sp.csr_matrix(unit), _popularity_groups(training)
    columns = training.binary
    if columns.shape[0] > _MOST_COLUMNS:
        drawn = np.random.default_rng(training.seed).choice(columns.shape[0], _MOST_COLUMNS, replace=False)
        columns = columns[np.sort(drawn)]
    users = columns.T.tocsr()
    length = np.sqrt(np.asarray(users.multiply(users).sum(axis=1)).ravel())
    inverse = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sp.csr_matrix(sp.diags(inverse) @ users), _popularity_groups(training)


def _popularity_groups(training: Training) -> NDArray[np.intp]:
    """Return 0 for the items that have the first fifth of all interactions, 2 for those of the last, 1 between."""
    order = np.argsort(-training.users_of_item, kind="stable")
    share = np.cumsum(training.users_of_item[order]) / max(int(training.users_of_item.sum()), 1)
    groups = np.empty(training.item_count, dtype=np.intp)
    groups[order] = np.searchsorted([0.2, 0.8], share, side="right")
    return groups


def _compare(outcome: Outcome, seed: int) -> None:
    """Set the paired difference of every Carousel row to the best baseline."""
    best = outcome.best_baseline()
    if best is None:
        return
    for i, answer in enumerate(outcome.answers):
        if answer.name.startswith("Carousel"):
            apart = (answer.values["ndcg"] - best.values["ndcg"])[:, None]
            means = resampled_means(apart, seed=seed)
            outcome.answers[i] = replace(answer, difference=interval(apart[:, 0], means[:, 0]))


def _warnings(outcome: Outcome, split: Split, *, certain: int, k: int) -> list[str]:
    """Return what a reader could overlook; `certain` questions have no more candidates than the list is long."""
    notes = []
    if certain:
        notes.append(
            f"{certain:,} of {outcome.questions:,} questions have no more than {k} candidates: every model finds their"
            " answers. A smaller --k tells more."
        )
    if outcome.questions < FEW_QUESTIONS:
        notes.append(f"Only {outcome.questions} questions: the intervals are wide, and small differences mean nothing.")
    if split.alone:
        notes.append(f"{split.alone:,} users with a single item were not asked about: nothing is known before it.")
    if outcome.known_targets < 0.9:
        notes.append(
            f"{1 - outcome.known_targets:.0%} of the answers are items that nobody had before the test: no"
            " collaborative model can find them."
        )
    if split.cut_at is None:
        notes.append(
            "What is learned from here includes what others did later; the split by time is closer to a running site."
        )
    best = outcome.best_baseline()
    for answer in outcome.answers:
        if best is not None and answer.difference is not None:
            low, high = answer.difference.low, answer.difference.high
            if low <= 0 <= high:
                notes.append(
                    f"{answer.name} and {best.name} cannot be told apart here: the difference in nDCG is"
                    f" {low:+.4f} to {high:+.4f}."
                )
            elif high < 0:
                notes.append(f"{best.name} is better than {answer.name} here, by {-high:.4f} to {-low:.4f} of nDCG.")
    return notes


def best_first(answers: Sequence[Answer]) -> list[Answer]:
    """Return answers by nDCG."""
    return sorted(answers, key=lambda a: -a.intervals["ndcg"].mean)
