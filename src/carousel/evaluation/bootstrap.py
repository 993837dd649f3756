"""How sure a mean is: percentile bootstrap over users, the same draws for every model, so that differences pair up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95% interval."""

    mean: float
    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high


def resampled_means(values: NDArray[np.float64], *, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float64]:
    """Return the means of each column over users drawn with replacement (resamples, columns).

    :param values: (users, columns); NaN is left out of its column.
    """
    rng = np.random.default_rng(seed)
    users = len(values)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    means = np.empty((resamples, values.shape[1]))
    for begin in range(0, resamples, _CHUNK):
        size = min(_CHUNK, resamples - begin)
        drawn = rng.integers(0, users, (size, users))
        times = np.stack([np.bincount(row, minlength=users) for row in drawn]).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            means[begin : begin + size] = (times @ filled) / (times @ known.astype(np.float64))
    return means


def interval(values: NDArray[np.float64], means: NDArray[np.float64]) -> Interval:
    """Return the mean of the values (users,) with the interval of its resampled means (resamples,)."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.nanquantile(means, (0.025, 0.975))
    return Interval(float(known.mean()), float(low), float(high))
