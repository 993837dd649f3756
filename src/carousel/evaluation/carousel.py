"""Carousel itself as a row of the table: the crowd alone, or with listings the taste and the crowd together.

Its settings are chosen on the validation split, as a running Carousel would choose them from its own archive.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from carousel.activity.events import Event
from carousel.evaluation.baselines import EASE_MOST_ITEMS, Als, Ease, ItemToItem, PopularLately, with_recency
from carousel.evaluation.choose import M, batches, best_of, quality, validation
from carousel.evaluation.models import Model, NotPossibleError, Scores, Training
from carousel.evaluation.split import Queries
from carousel.evaluation.stock import Listings
from carousel.recommend.crowd import Crowd
from carousel.recommend.interests import choices
from carousel.recommend.pipeline import Recommender
from carousel.recommend.query import Query
from carousel.recommend.scorers import SMOOTHING, WEIGHTS
from carousel.recommend.sources import FindsNear
from carousel.recommend.training import LEAST_CHOICES, LEAST_SHOPPERS, MOST_CHOICES, MOST_SHOPPERS, History, train
from carousel.taste.taste import Draft, Taste

RECENCIES = (1.0, 0.95, 0.8, 0.6, 0.3, 0.1)
EASE_REGS = (30.0, 100.0, 300.0, 1000.0)
ALS_SETTINGS = ((32, 0.05, 2.0), (64, 0.05, 10.0), (64, 1.0, 10.0), (128, 0.05, 2.0))
"""(embedding_size, reg, alpha) that are tried; `carousel tune` searches wider."""
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)
POPULAR = (0.0, 0.1, 0.3, 0.6)
MOST_TO_TRY = 2_000_000
"""Interactions up to which several settings are tried; above it one fit is enough to wait for."""
MOST_EVENTS = 200
"""Events of a history that a taste is made of; older ones have faded."""


@dataclass(frozen=True)
class CrowdSettings:
    """How the collaborative part is fitted and blended; `carousel tune` writes and `--settings` reads them.

    :ivar crowd: the crowd's share where listings are known; the rest is the taste's.
    :ivar blend: the share of the companions (EASE or item-to-item); the rest is ALS.
    :ivar popular: the share of what is popular lately; the rest is ALS and companions.
    :ivar recency: the weight of an event one step back in the history.
    """

    embedding_size: int = 64
    reg: float = 0.05
    alpha: float = 10.0
    epochs: int = 15
    ease_reg: float = 200.0
    recency: float = 1.0
    blend: float = 0.5
    popular: float = 0.0
    companions: Literal["ease", "item-to-item"] = "ease"
    crowd: float = 0.5


@dataclass(frozen=True)
class TasteSettings:
    """Weights and smoothing of a taste's blocks; a block that is absent keeps what is served now."""

    weights: Mapping[str, float] = field(default_factory=dict)
    smoothing: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """All that `carousel tune` searches for."""

    crowd: CrowdSettings = CrowdSettings()
    taste: TasteSettings = TasteSettings()


_nobody = cast("FindsNear", None)
"""Scoring the whole catalogue asks nobody for what is near."""


class TunedAls:
    """Plain implicit ALS, its settings chosen on the validation split."""

    name = "ALS"

    def fit(self, training: Training) -> None:
        chosen, _ = _best_als(training)
        self._model = _fitted(Als(*chosen), training)

    def scores(self, queries: Queries) -> Scores:
        return self._model.scores(queries)


class TunedEase:
    """EASE, its regularisation chosen on the validation split."""

    name = "EASE"

    def fit(self, training: Training) -> None:
        if not fits_ease(training):
            raise NotPossibleError(f"knows at most {4 * EASE_MOST_ITEMS:,} items; there are {_known(training):,}")
        reg, _ = _best_ease(training)
        self._model = _fitted(Ease(reg), training)

    def scores(self, queries: Queries) -> Scores:
        return self._model.scores(queries)


class CarouselCrowd:
    """The collaborative part alone: ALS, companions and what is popular lately, blended."""

    name = "Carousel"

    def __init__(self, settings: CrowdSettings | None = None) -> None:
        self._given = settings
        self.settings = settings or CrowdSettings()

    def fit(self, training: Training) -> None:
        parts = validation(training)
        if self._given is None and parts is not None:
            self.settings = self._choose(training, *parts)
        s = self.settings
        self._als = _fitted(Als(s.embedding_size, s.reg, s.alpha, s.epochs, s.recency), training)
        self._companions = _fitted(companions_of(training, s), training)
        self._popular = standard(_interest(training)[None, :])

    def scores(self, queries: Queries) -> Scores:
        known = blended(self._als.scores(queries), self._companions.scores(queries), self.settings.blend)
        return with_popular(known, self._popular, self.settings.popular)

    def _choose(self, training: Training, earlier: Training, queries: Queries) -> CrowdSettings:
        """Choose ALS and EASE each by itself, then recency, companions and blend together, then what is popular."""
        (size, reg, alpha), als = _best_als(training)
        settings = replace(self.settings, embedding_size=size, reg=reg, alpha=alpha)
        companions: dict[Literal["ease", "item-to-item"], Model] = {"item-to-item": _fitted(ItemToItem(), earlier)}
        if fits_ease(training):
            ease_reg, companions["ease"] = _best_ease(training)
            settings = replace(settings, ease_reg=ease_reg)
        popular = standard(_interest(earlier)[None, :])

        def reached(tried: Sequence[CrowdSettings]) -> list[float]:
            """Return how well settings that share a recency answer; each part is asked once for all of them."""
            total = np.zeros(len(tried))
            parts = {kind: with_recency(companions[kind], tried[0].recency) for kind in {s.companions for s in tried}}
            for batch in batches(queries, earlier):
                one = standard(with_recency(als, tried[0].recency).scores(batch))
                others = {kind: standard(part.scores(batch)) for kind, part in parts.items()}
                for at, s in enumerate(tried):
                    scores = with_popular(mixed(one, others[s.companions], s.blend), popular, s.popular)
                    total[at] += quality(scores, earlier, batch).sum()
            return total.tolist()

        def best(groups: Iterable[Sequence[CrowdSettings]]) -> CrowdSettings:
            found = [pair for tried in groups for pair in zip(reached(tried), tried, strict=True)]
            return max(found, key=lambda pair: pair[0])[1]

        settings = best(
            [
                replace(settings, recency=recency, companions=kind, blend=blend)
                for kind in companions
                for blend in BLENDS
            ]
            for recency in RECENCIES
        )
        return best([[replace(settings, popular=share) for share in POPULAR]])


def with_popular(known: Scores, popular: Scores, share: float) -> Scores:
    """Blend what is known of each user with what is popular (1, items), which decides where nothing else does."""
    both: Scores = (1 - share) * known + (share + 1e-3) * popular
    return both


class CarouselHybrid:
    """The recommender of the API, its taste made of each user's events, blended with the crowd's scores."""

    name = "Carousel"

    def __init__(self, settings: Settings | None = None) -> None:
        self._given = settings
        self._crowd = CarouselCrowd(settings.crowd if settings else None)
        self._taste = TasteReplay(settings.taste if settings else None, choice_model=True)
        self.settings = settings.crowd if settings else CrowdSettings()

    def fit(self, training: Training) -> None:
        parts = validation(training)
        share = self._choose(*parts) if self._given is None and parts is not None else self.settings.crowd
        self._taste.fit(training)
        self._crowd.fit(training)
        self.settings = replace(self._crowd.settings, crowd=share)

    def scores(self, queries: Queries) -> Scores:
        return blended(self._taste.scores(queries), self._crowd.scores(queries), self.settings.crowd)

    def _choose(self, earlier: Training, queries: Queries) -> float:
        """Return the crowd's share that answers the validation questions best."""
        crowd = CarouselCrowd()
        crowd.fit(earlier)
        self._taste.fit(earlier)
        reached = np.zeros(len(BLENDS))
        for batch in batches(queries, earlier):
            one, two = standard(self._taste.scores(batch)), standard(crowd.scores(batch))
            reached += [quality(mixed(one, two, share), earlier, batch).sum() for share in BLENDS]
        return BLENDS[int(reached.argmax())]


class TasteReplay:
    """The content-based part alone: every user's events folded into a taste, and the catalogue scored by it.

    With `choice_model` the model of the crowd's choices stands beside it, as in every slate of the API.
    """

    name = "Carousel taste"

    def __init__(self, settings: TasteSettings | None = None, *, choice_model: bool = False) -> None:
        self._settings = settings or TasteSettings()
        self._choice_model = choice_model

    def fit(self, training: Training) -> None:
        if training.listings is None:
            raise NotPossibleError("needs listings")
        self._listings = training.listings
        self._kinds = training.dataset.kinds
        self._clock = training.dataset.clock
        interest = _interest(training)
        known = np.flatnonzero(self._listings.rows >= 0)
        ids = self._listings.snapshot.ids
        self._listings.snapshot.set_attention(
            [(ids[self._listings.rows[item]], float(interest[item]), 0) for item in known]
        )
        # One of its own for every fit: it keeps what is popular until the clock has moved on.
        self._recommender = Recommender(_nobody, exact_limit=self._listings.snapshot.size, exploration=0.0)
        if self._choice_model:
            histories = _histories(training, self._listings)
            if len(histories) >= LEAST_SHOPPERS:
                self._recommender.use(Crowd(train(self._listings.snapshot, histories, seed=training.seed)))

    def scores(self, queries: Queries) -> Scores:
        with _blocks(self._settings):
            return self._scores(queries)

    def _scores(self, queries: Queries) -> Scores:
        listings = self._listings
        scores = np.empty((len(queries), len(listings.rows)), dtype=np.float32)
        described = listings.rows >= 0
        for row, user in enumerate(queries.users.tolist()):
            events = np.arange(queries.starts[row], queries.starts[row + 1])[-MOST_EVENTS:]
            now = self._moment(float(queries.at[row]), 0)
            # What is fresh changes by the hour at most, and working it out costs more than a score.
            now = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            taste = self._replay(queries, events, str(user), now)
            own = self._recommender.scores(Query(shopper_id=str(user), taste=taste, now=now), listings.snapshot)
            scores[row, described] = own[listings.rows[described]]
            # Nothing is known of an item that no listing describes: it is as good as the mean listing.
            scores[row, ~described] = own[np.isfinite(own)].mean()
        return scores

    def _replay(self, queries: Queries, events: NDArray[np.intp], user: str, now: datetime) -> Taste:
        draft = Draft(Taste.empty(now))
        history = queries.history
        for steps_back, at in zip(range(len(events), 0, -1), events.tolist(), strict=True):
            listing = self._listings.rows[history.items[at]]
            if listing < 0:
                continue
            described = self._listings.described[listing]
            kind = self._kinds[history.kinds[at]]
            moment = self._moment(float(history.at[at]), steps_back)
            event = Event(
                event_id="", type=kind, shopper_id=user, occurred_at=moment, received_at=moment,
                listing_id=described.listing_id, value=60.0,
            )  # fmt: skip
            draft.add(event, described)
        return draft.taste()

    def _moment(self, at: float, steps_back: int) -> datetime:
        """Return a time; where the log has no clock, a minute between one event and the next."""
        if self._clock:
            return datetime.fromtimestamp(at, UTC)
        return datetime(2020, 1, 1, tzinfo=UTC) - timedelta(minutes=steps_back)


@contextmanager
def _blocks(settings: TasteSettings) -> Iterator[None]:
    """Score by other weights and smoothing than those served, as long as it lasts."""
    kept = dict(WEIGHTS), dict(SMOOTHING)
    WEIGHTS.update(settings.weights)
    SMOOTHING.update(settings.smoothing)
    try:
        yield
    finally:
        WEIGHTS.update(kept[0])
        SMOOTHING.update(kept[1])


def _histories(training: Training, listings: Listings) -> list[History]:
    """Return what up to `MOST_SHOPPERS` users chose among the listings, as `carousel train` reads it, and no more than
    `MOST_CHOICES` of it."""
    matrix = training.matrix
    users = np.flatnonzero(np.diff(matrix.indptr) >= LEAST_CHOICES)
    rng = np.random.default_rng(training.seed)
    histories = []
    for user in rng.permutation(users)[:MOST_SHOPPERS].tolist():
        own = slice(matrix.indptr[user], matrix.indptr[user + 1])
        rows, weights = listings.rows[matrix.indices[own]], matrix.data[own]
        if (rows >= 0).sum() >= LEAST_CHOICES:
            histories.append((rows[rows >= 0], choices(weights[rows >= 0])))
    ends = np.cumsum([len(rows) for rows, _ in histories])
    return histories[: int(np.searchsorted(ends, MOST_CHOICES, "right"))]


def _known(training: Training) -> int:
    return int((training.users_of_item > 0).sum())


def fits_ease(training: Training) -> bool:
    """Whether EASE is worth its while: of more items than fit in memory it knows the most popular alone."""
    return _known(training) <= 4 * EASE_MOST_ITEMS


def _best_als(training: Training) -> tuple[tuple[int, float, float], Als]:
    """Return the best (embedding_size, reg, alpha), and that model fitted to what lies before the validation split."""
    tried = ALS_SETTINGS if len(training.log) <= MOST_TO_TRY else ALS_SETTINGS[1:2]
    if "als" not in training.cache:
        training.cache["als"] = best_of([Als(*settings) for settings in tried], training)
    number, model = cast("tuple[int, Als]", training.cache["als"])
    return tried[number], model


def _best_ease(training: Training) -> tuple[float, Ease]:
    """Return the best regularisation, and that model fitted to what lies before the validation split."""
    tried = EASE_REGS if _known(training) <= EASE_MOST_ITEMS else EASE_REGS[2:3]
    if "ease" not in training.cache:
        training.cache["ease"] = best_of([Ease(reg) for reg in tried], training)
    number, model = cast("tuple[int, Ease]", training.cache["ease"])
    return tried[number], model


def companions_of(training: Training, settings: CrowdSettings) -> Model:
    """Return EASE where it is wanted and fits in memory, else item-to-item."""
    if settings.companions == "ease" and fits_ease(training):
        return Ease(settings.ease_reg, settings.recency)
    return ItemToItem(settings.recency)


def standard(scores: Scores) -> Scores:
    """Return scores with mean 0 and deviation 1 in each row; what is not finite becomes the lowest."""
    finite = np.isfinite(scores) & (scores > -1e3)
    count = np.maximum(finite.sum(axis=1, keepdims=True), 1)
    filled = np.where(finite, scores, 0)
    mean = filled.sum(axis=1, keepdims=True) / count
    deviation = np.sqrt((np.where(finite, scores - mean, 0) ** 2).sum(axis=1, keepdims=True) / count)
    standardised = np.divide(filled - mean, deviation, out=np.zeros_like(scores), where=deviation > 1e-12)
    lowest = standardised.min(axis=1, keepdims=True, initial=0)
    all_finite: Scores = np.where(finite, standardised, lowest).astype(np.float32, copy=False)
    return all_finite


def blended(one: Scores, two: Scores, share: float) -> Scores:
    """Return (1 − share) · one + share · two, each standardised per question."""
    return mixed(standard(one), standard(two), share)


def mixed(one: Scores, two: Scores, share: float) -> Scores:
    """Return (1 − share) · one + share · two, which are standardised already."""
    mix: Scores = (1 - share) * one + share * two
    return mix


def _interest(training: Training) -> NDArray[np.float32]:
    """Return the interest in each item (items,), old interest fading where there are times."""
    model = PopularLately()
    try:
        model.fit(training)
    except NotPossibleError:
        return training.users_of_item.astype(np.float32)
    return model.interest


def _fitted(model: M, training: Training) -> M:
    model.fit(training)
    return model
