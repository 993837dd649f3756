"""Search for settings on a validation split of what no question of `carousel evaluate` asks about.

Optuna's TPE proposes, nDCG@10 of the validation questions judges, and a trial that falls behind the others is stopped
between batches. The first trial is what is used now, so the search never ends below it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import tomli_w

from carousel.catalogue.traits import CATEGORICAL, NUMERIC
from carousel.errors import InputError, UnusableFeedError, first_line
from carousel.evaluation.carousel import (
    CarouselCrowd,
    CarouselHybrid,
    CrowdSettings,
    Settings,
    TasteSettings,
    fits_ease,
)
from carousel.evaluation.choose import quality, validation
from carousel.evaluation.dataset import Dataset
from carousel.evaluation.models import Training
from carousel.evaluation.replay import EvaluateOptions, split_of
from carousel.evaluation.split import Queries
from carousel.evaluation.stock import Listings, Stock
from carousel.recommend.scorers import SMOOTHING, WEIGHTS

_BATCHES = 8
"""Times a trial can be stopped."""
_PATIENCE = 5
"""Trials before any is compared with the others."""

Told = Callable[[int, float], None]
"""Called with the number of trials done and the best nDCG so far."""


@dataclass(frozen=True)
class Tuned:
    """The best settings, and all trials that ended: (number, nDCG, parameters), best first."""

    settings: Settings
    reached: float
    before: float
    trials: list[tuple[int, float, dict[str, Any]]]
    stopped: int
    questions: int


def tune(
    dataset: Dataset,
    stock: Stock,
    listings: Listings | None,
    *,
    trials: int,
    seconds: float | None = None,
    storage: str | None = None,
    seed: int = 1,
    asked: EvaluateOptions | None = None,
    told: Told | None = None,
) -> Tuned:
    """Search.

    :param storage: an Optuna storage URL such as sqlite:///tune.db; a search there on the same data is continued.
    :param asked: what `carousel evaluate` will be told to ask about; nothing of it is looked at.
    :raises UnusableFeedError: there are too few users to hold any out for validation.
    :raises InputError: no trial ended in the time given.
    """
    training = _training(dataset, stock, listings, seed, asked or EvaluateOptions())
    parts = validation(training) if len(training.log) else None
    if parts is None:
        raise UnusableFeedError(
            f"{dataset.name}: without what `carousel evaluate` asks about, too few users with two items are left to"
            " tune on; give a longer log"
        )
    earlier, queries = parts
    size = max(1, -(-len(queries) // _BATCHES))
    pieces = [queries.batch(first, min(first + size, len(queries))) for first in range(0, len(queries), size)]

    def objective(trial: optuna.Trial) -> float:
        settings = _suggested(trial, earlier)
        model = CarouselHybrid(settings) if listings is not None else CarouselCrowd(settings.crowd)
        model.fit(earlier)
        found: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        for step, piece in enumerate(pieces):
            found.append(quality(model.scores(piece), earlier, piece))
            trial.report(float(np.concatenate(found).mean()), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(np.concatenate(found).mean())

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            study_name=f"carousel {dataset.name} {_fingerprint(earlier, queries)}",
            storage=storage,
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_PATIENCE),
        )
    except Exception as error:  # SQLAlchemy's own tree
        if storage is None:
            raise
        raise InputError(f"--storage {storage}: {first_line(error)}", field="storage") from error
    # Seeded by how far it got, for a search that goes on would else propose its first points again.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), multivariate=False)
    if not study.trials:
        study.enqueue_trial(_now(earlier))
    tell = told or (lambda _number, _best: None)
    study.optimize(
        objective, n_trials=trials, timeout=seconds, callbacks=[lambda s, t: tell(t.number + 1, s.best_value)]
    )
    ended = [t for t in study.trials if t.state == optuna.trial.TrialState.COMPLETE]
    if not ended:
        raise InputError(
            f"--minutes {(seconds or 0) / 60:g}: no trial ended in that time; give more, or leave it out",
            field="minutes",
        )
    ranked = sorted(((t.number, float(t.value or 0.0), dict(t.params)) for t in ended), key=lambda t: -t[1])
    stopped = len(study.trials) - len(ended)
    first = next((value for number, value, _ in ranked if number == 0), float("nan"))
    return Tuned(_settings(ranked[0][2]), ranked[0][1], first, ranked, stopped, len(queries))


def write(tuned: Tuned, path: Path, command: str) -> None:
    """Write the settings as TOML, for `carousel evaluate --settings`.

    :raises InputError: the file cannot be written.
    """
    document = {"crowd": asdict(tuned.settings.crowd)}
    if tuned.settings.taste.weights:
        document["taste"] = asdict(tuned.settings.taste)
    reached = f"nDCG@10 {tuned.reached:.4f} on {tuned.questions} validation questions, {tuned.before:.4f} before"
    try:
        path.write_text(f"# {command}\n# {reached}\n" + tomli_w.dumps(document), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {path}: {error.strerror or error}", field="out") from error


def markdown(tuned: Tuned, n: int = 10) -> str:
    """Return the best trials as a table."""
    names = list(tuned.trials[0][2])
    lines = [
        f"nDCG@10 {tuned.reached:.4f} on {tuned.questions:,} validation questions; {tuned.before:.4f} with the settings"
        f" as they were. {len(tuned.trials)} trials ended, {tuned.stopped} were stopped early.",
        "",
        "| trial | nDCG@10 | " + " | ".join(names) + " |",
        "|---:|---:|" + "---:|" * len(names),
    ]
    for number, value, params in tuned.trials[:n]:
        cells = [f"{v:.3g}" if isinstance(v, float) else str(v) for v in (params[name] for name in names)]
        lines.append(f"| {number} | {value:.4f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _training(dataset: Dataset, stock: Stock, listings: Listings | None, seed: int, asked: EvaluateOptions) -> Training:
    """Return what is left to learn from once everything is out that `carousel evaluate` could ask about.

    Both splits are kept apart, whichever is wanted later, and every user's questions, not only of those it would draw.
    """
    everybody = replace(asked, max_users=dataset.user_count)
    log = split_of(dataset, "last", everybody).train
    cut_at = split_of(dataset, "time", everybody).cut_at if dataset.timed else None
    if cut_at is not None:
        log = log.take(log.at < cut_at)
    return Training(
        dataset, log, stock, listings, seed, by_time=dataset.timed, targets=asked.targets, repeats=asked.repeats
    )


def _fingerprint(training: Training, queries: Queries) -> str:
    """Return what tells searches apart: scores compare only between trials on the same data, questions and listings."""
    log, stock, listings = training.log, training.stock, training.listings
    columns = [
        log.users, log.items, log.at, log.weights, log.kinds, queries.users, queries.at, queries.starts,
        queries.target_starts, queries.targets, stock.since, stock.until,
    ]  # fmt: skip
    said: tuple[object, ...] = training.dataset.kinds
    if listings is not None:
        columns += [listings.rows, listings.embeddings]
        said += tuple(car.traits for car in listings.described)
    digest = hashlib.blake2b(repr(said).encode(), digest_size=8)
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _now(training: Training) -> dict[str, Any]:
    """Return today's settings as a trial."""
    s = CrowdSettings()
    now: dict[str, Any] = {"embedding_size": s.embedding_size, "reg": s.reg, "alpha": s.alpha, "epochs": s.epochs,
                           "recency": s.recency, "blend": s.blend, "popular": s.popular}  # fmt: skip
    if fits_ease(training):
        now |= {"companions": s.companions, "ease_reg": s.ease_reg}
    if training.listings is not None:
        now["crowd"] = s.crowd
        now |= {f"weight {block}": weight for block, weight in WEIGHTS.items()}
        now |= {f"smoothing {name}": SMOOTHING[name] for name in ("make", "model", "price")}
    return now


def _suggested(trial: optuna.Trial, training: Training) -> Settings:
    trial.suggest_categorical("embedding_size", [16, 32, 64, 128])
    trial.suggest_float("reg", 1e-3, 100, log=True)
    trial.suggest_float("alpha", 0.3, 100, log=True)
    trial.suggest_int("epochs", 5, 30)
    trial.suggest_float("recency", 0.1, 1.0)
    trial.suggest_float("blend", 0.0, 1.0)
    trial.suggest_float("popular", 0.0, 1.0)
    if fits_ease(training):
        trial.suggest_categorical("companions", ["ease", "item-to-item"])
        trial.suggest_float("ease_reg", 5, 3_000, log=True)
    if training.listings is not None:
        trial.suggest_float("crowd", 0.0, 1.0)
        for block in WEIGHTS:
            trial.suggest_float(f"weight {block}", 0.01, 2.0, log=True)
        # One smoothing for the small categoricals, one for the model with its many values, one for the numbers.
        for name in ("make", "model", "price"):
            trial.suggest_float(f"smoothing {name}", 0.5, 50, log=True)
    return _settings(trial.params)


def _settings(params: dict[str, Any]) -> Settings:
    crowd = {name: value for name, value in params.items() if name in asdict(CrowdSettings())}
    weights = {name.removeprefix("weight "): float(v) for name, v in params.items() if name.startswith("weight ")}
    smoothing: dict[str, float] = {}
    if weights:
        small = [block for block in CATEGORICAL if block != "model"]
        smoothing = dict.fromkeys(small, params["smoothing make"]) | {"model": params["smoothing model"]}
        smoothing |= dict.fromkeys(NUMERIC, params["smoothing price"])
    return Settings(CrowdSettings(**crowd), TasteSettings(weights, smoothing))
