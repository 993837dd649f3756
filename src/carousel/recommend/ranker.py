"""Learn from logged slates how much each term of the score counts.

Who clicks chooses among what is shown, and looks at the first places more: of a slate's clicks, listing i at position p
gets the share `exp(w·x_i + a_p) / Σ_j exp(w·x_j + a_j)` (a conditional logit). The positions' effects `a` are
estimated beside the weights and left out where slates are made, which takes the position's bias out of `w`; explored
and diversified places, whose position does not follow from their score, keep the two apart. Weights are never negative
and are pulled to the default blend, so a few clicks change little (decision 0007).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from carousel.recommend.placements import PlacementSettings, Weights
from carousel.recommend.repository import Place, clicked_places
from carousel.storage.postgres import Connection

Array = NDArray[np.float64]

TERMS: tuple[str, ...] = tuple(Weights.__annotations__)
COLUMNS = (*TERMS, "fixed")
"""What is logged of each place: the terms before their weights, and the sum of those that have none."""
LEAST_CLICKED = 2_000
"""Slates with a click below which the default blend stays."""

_MOST_SLATES = 10_000  # of 20 places these take 94 MB while they are read, and more would change nothing

_PULL = 30.0
"""What a weight apart from the default by 1 costs, in clicks' log-probability."""
_LEVEL = 0.1  # pulls the positions' effects to 0: a place nobody clicked has no limit else
_HELD_OUT = 0.2
_MOST = 5.0
"""No term counts more than so many times its default."""


@dataclass(frozen=True, slots=True)
class LoggedSlates:
    """Slates that were served and clicked, one row per place; the rows of a slate are neighbours.

    :ivar terms: of each place before their weights (m, columns), in the order of `COLUMNS`.
    :ivar slate: number of the slate (m,), ascending from 0.
    :ivar position: from 1 (m,).
    :ivar clicks: how many clicks a place counts as (m,); a contact may count as more than one.
    """

    terms: Array
    slate: NDArray[np.intp]
    position: NDArray[np.intp]
    clicks: Array

    @classmethod
    def of(cls, places: Iterable[Place]) -> "LoggedSlates":
        """Read places in any order; slates without a click or with a single place say nothing and are left out."""
        by_slate: dict[str, list[tuple[int, float, Array]]] = {}
        for recommendation_id, position, terms, clicks in places:
            own = np.array([terms.get(name, 0.0) for name in COLUMNS], dtype=np.float64)
            by_slate.setdefault(recommendation_id, []).append((position, clicks, own))
        kept = [shown for shown in by_slate.values() if len(shown) > 1 and any(clicks for _, clicks, _ in shown)]
        rows = [place for shown in kept for place in shown]
        return cls(
            np.nan_to_num(np.array([own for *_, own in rows]).reshape(-1, len(COLUMNS)), neginf=0.0, posinf=0.0),
            np.repeat(np.arange(len(kept)), [len(shown) for shown in kept]),
            np.array([position for position, *_ in rows], dtype=np.intp),
            np.array([clicks for _, clicks, _ in rows], dtype=np.float64),
        )

    def __len__(self) -> int:
        return int(self.slate[-1]) + 1 if len(self.slate) else 0

    def some(self, slates: NDArray[np.bool_]) -> "LoggedSlates":
        """Return the slates that are true in `slates` (len(self),)."""
        rows = slates[self.slate]
        number = np.cumsum(slates) - 1
        return LoggedSlates(self.terms[rows], number[self.slate[rows]], self.position[rows], self.clicks[rows])


def logged_slates(connection: Connection, *, days: int) -> LoggedSlates:
    """Read what was served and clicked in the last `days`."""
    return LoggedSlates.of(clicked_places(connection, days=days, slates=_MOST_SLATES))


@dataclass(frozen=True, slots=True)
class Learned:
    """What the slates say.

    :ivar blend: what to multiply each term's weight with; empty where the default stays.
    :ivar why_not: why it does.
    """

    blend: Mapping[str, float]
    figures: Mapping[str, float]
    why_not: str | None = None


def learn(slates: LoggedSlates, default: Weights, *, seed: int = 1) -> Learned:
    """Learn the blend, and keep to the default unless held-out clicks are surely likelier under the new one."""
    figures = {"clicked_slates": float(len(slates))}
    if len(slates) < LEAST_CLICKED:
        return Learned({}, figures, f"{len(slates)} slates were clicked; at least {LEAST_CLICKED} are needed")
    held_out = np.random.default_rng(seed).random(len(slates)) < _HELD_OUT
    learning, tested = slates.some(~held_out), slates.some(held_out)
    start = _usual(learning, default)
    gains = _log_chances(tested, fit(learning, default)) - _log_chances(tested, start)
    gain, error = float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))
    figures |= {"blend_gain": gain, "blend_gain_error": error}
    if gain < 1.645 * error or gain <= 0:
        return Learned({}, figures, f"held-out clicks are not surely likelier ({gain:.4f} ± {error:.4f})")
    return Learned(multipliers(slates, fit(slates, default).weights, default), figures)


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights of the columns (columns,) and effects of the positions, the first one's 0."""

    weights: Array
    positions: Array


def fit(slates: LoggedSlates, default: Weights, *, pull: float = _PULL) -> Fit:
    """Return the weights that explain the clicks best, pulled to the default blend."""
    usual = _usual(slates, default).weights
    return _fit(slates, slates.terms, usual, pull)


def multipliers(slates: LoggedSlates, weights: Array, default: Weights) -> dict[str, float]:
    """Return what to multiply the default weights with; a term that is left out by default stays left out.

    The scores keep their spread within a slate: what a twin loses and how explored places are drawn is in their units.
    """
    usual = _array(default)
    spread = [_within(slates.slate, slates.terms @ w).std() for w in (usual, weights)]
    scale = spread[0] / spread[1] if spread[1] > 0 else 1.0
    ratio = np.divide(scale * weights, usual, out=np.ones_like(usual), where=usual > 0)
    return {name: round(float(min(m, _MOST)), 4) for name, m in zip(TERMS, ratio, strict=False)}


def blended(placement: PlacementSettings, blend: Mapping[str, float]) -> PlacementSettings:
    """Return a placement's settings with its weights multiplied; those of experiments and one's own file too."""
    if not blend:
        return placement
    own = cast("Mapping[str, float]", placement.weights)
    weights = {name: weight * blend.get(name, 1.0) for name, weight in own.items()}
    return replace(placement, weights=cast("Weights", weights))


def _usual(slates: LoggedSlates, default: Weights) -> Fit:
    """Fit the default blend's scale alone: of two scores in the same order one may be surer than the other."""
    usual = _array(default)
    found = _fit(slates, (slates.terms @ usual)[:, None], np.zeros(1), 0.0)
    # A scale of 0 would leave nothing to be pulled to.
    return Fit(usual * max(float(found.weights[0]), 0.05), found.positions)


def _fit(slates: LoggedSlates, terms: Array, centre: Array, pull: float) -> Fit:
    size, places = terms.shape[1], int(slates.position.max())
    starts = np.searchsorted(slates.slate, np.arange(len(slates)))
    lengths = np.diff(np.append(starts, len(slates.slate)))
    clicks = np.add.reduceat(slates.clicks, starts)

    def objective(parameters: Array) -> tuple[float, Array]:
        weights, positions = parameters[:size], np.append(0.0, parameters[size:])
        logit = terms @ weights + positions[slates.position - 1]
        logit -= np.repeat(np.maximum.reduceat(logit, starts), lengths)
        total = np.add.reduceat(np.exp(logit), starts)
        log_share = logit - np.repeat(np.log(total), lengths)
        surprise = slates.clicks - np.repeat(clicks, lengths) * np.exp(log_share)
        by_position = np.bincount(slates.position - 1, surprise, minlength=places)[1:]
        apart = weights - centre
        loss = -slates.clicks @ log_share + pull / 2 * apart @ apart + _LEVEL / 2 * positions @ positions
        slope = np.concatenate([-surprise @ terms + pull * apart, -by_position + _LEVEL * positions[1:]])
        return float(loss), slope

    from scipy.optimize import minimize  # trainings need it, no slate does

    start = np.concatenate([centre, np.zeros(places - 1)])
    bounds = [(0.0, None)] * size + [(None, None)] * (places - 1)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Fit(found.x[:size], np.append(0.0, found.x[size:]))


def _log_chances(slates: LoggedSlates, fitted: Fit) -> Array:
    """Return the mean log-probability of each slate's clicks (slates,)."""
    last = len(fitted.positions) - 1
    logit = slates.terms @ fitted.weights + fitted.positions[np.minimum(slates.position - 1, last)]
    highest = np.full(len(slates), -np.inf)
    np.maximum.at(highest, slates.slate, logit)
    logit -= highest[slates.slate]
    log_share = logit - np.log(np.bincount(slates.slate, np.exp(logit)))[slates.slate]
    mean: Array = np.bincount(slates.slate, slates.clicks * log_share) / np.bincount(slates.slate, slates.clicks)
    return mean


def _within(slate: NDArray[np.intp], values: Array) -> Array:
    """Return values less their mean within the slate (m,)."""
    apart: Array = values - (np.bincount(slate, values) / np.bincount(slate))[slate]
    return apart


def _array(weights: Weights) -> Array:
    named = cast("Mapping[str, float]", weights)
    return np.array([*(named[name] for name in TERMS), 1.0], dtype=np.float64)
