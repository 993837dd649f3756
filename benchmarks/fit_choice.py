"""Fit the market's choice model to stated choices between cars, and print it as the table the package holds.

    python benchmarks/fit_choice.py [--draws 200] [--check] > src/carousel/market/choice.toml

The data are 832 people in the United States and China who each chose 15 times between three cars (Helveston et al.
2015, Transportation Research Part A 73). A mixed logit: every coefficient is normal over people, fitted by simulated
maximum likelihood with Halton draws that are the same for all 15 choices of a person (Train 2009, chapter 6).
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm, qmc

DATA = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "interactions"
NAMES = (
    "price_10k", "running_cost", "acceleration", "hybrid", "plugin_hybrid", "plugin_range", "electric",
    "electric_range", "fast_charge", "american", "japanese", "chinese", "korean",
)  # fmt: skip
"""Price in 10,000 US dollars, running cost in 10 US cents a mile, acceleration in 10 s to 60 mph, ranges in 100 miles
beyond the shortest offered; makers' origins against German ones."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Choices:
    """Attributes (people, questions, alternatives, names), the first alternative being the chosen one."""

    x: Array

    @property
    def count(self) -> int:
        return self.x.shape[0] * self.x.shape[1]


def read(country: str) -> Choices:
    frame = pl.read_csv(DATA / "car_choice_conjoint" / f"cars_{country}.csv", eol_char="\r")
    c = {name: frame[name].to_numpy().astype(float) for name in frame.columns}
    plugin, electric = c["phev10"] + c["phev20"] + c["phev40"], c["bev75"] + c["bev100"] + c["bev150"]
    x = np.stack(
        [
            c["price"] / 10, c["opCost"] / 10, c["accelTime"] / 10, c["hev"], plugin,
            (0.10 * c["phev20"] + 0.30 * c["phev40"]), electric, (0.25 * c["bev100"] + 0.75 * c["bev150"]),
            c["phevFastcharge"] + c["bevFastcharge"], c["american"], c["japanese"], c["chinese"], c["skorean"],
        ],
        axis=1,
    )  # fmt: skip
    people = len(np.unique(c["id"]))
    x = x.reshape(people, -1, 3, len(NAMES))
    chosen = c["choice"].reshape(people, -1, 3).argmax(axis=2)
    order = (chosen[..., None] + np.arange(3)) % 3
    return Choices(np.take_along_axis(x, order[..., None], axis=2))


def pooled(choices: Choices, beta: Array) -> tuple[float, Array]:
    """Return minus the log-likelihood of a multinomial logit, and its gradient."""
    v = choices.x @ beta
    p = np.exp(v - v.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    gradient = (choices.x[:, :, 0] - (p[..., None] * choices.x).sum(axis=2)).sum(axis=(0, 1))
    return -float(np.log(p[:, :, 0]).sum()), -gradient


def mixed(choices: Choices, theta: Array, draws: Array) -> tuple[float, Array]:
    """Return minus the simulated log-likelihood of a mixed logit, and its gradient.

    :param theta: means, then standard deviations (2 x names).
    :param draws: standard normal (people, draws, names).
    """
    k = len(theta) // 2
    mean, sd = theta[:k], theta[k:]
    total, gradient = 0.0, np.zeros_like(theta)
    for person, own in zip(choices.x, draws, strict=True):
        beta = mean + own * sd  # (draws, names)
        v = np.einsum("qan,dn->dqa", person, beta)
        p = np.exp(v - v.max(axis=2, keepdims=True))
        p /= p.sum(axis=2, keepdims=True)
        log_l = np.log(p[:, :, 0]).sum(axis=1)  # (draws,)
        top = log_l.max()
        weight = np.exp(log_l - top)
        total += top + np.log(weight.mean())
        weight /= weight.sum()
        score = (person[None, :, 0] - np.einsum("dqa,qan->dqn", p, person)).sum(axis=1)  # (draws, names)
        gradient[:k] += weight @ score
        gradient[k:] += (weight[:, None] * score * own).sum(axis=0)
    return -total, -gradient


def normal_draws(people: int, draws: int, names: int, seed: int = 1) -> Array:
    points = qmc.Halton(names, seed=seed).random(people * draws)
    drawn: Array = norm.ppf(np.clip(points, 1e-6, 1 - 1e-6)).reshape(people, draws, names)
    return drawn


@dataclass(frozen=True)
class Fit:
    null: float
    pooled: float
    mixed: float
    mean: Array
    sd: Array


def fit(choices: Choices, draws: int) -> Fit:
    names = choices.x.shape[3]
    flat = minimize(lambda b: pooled(choices, b), np.zeros(names), jac=True, method="L-BFGS-B")
    own = normal_draws(choices.x.shape[0], draws, names)
    start = np.concatenate([flat.x, np.full(names, 0.5)])
    found = minimize(lambda t: mixed(choices, t, own), start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    null = -choices.count * np.log(choices.x.shape[2])
    return Fit(null, -flat.fun, -found.fun, found.x[:names], np.abs(found.x[names:]))


def made_up(people: int, mean: Array, sd: Array, seed: int = 3) -> Choices:
    """Return choices of people whose coefficients are known."""
    rng = np.random.default_rng(seed)
    beta = mean + sd * rng.normal(size=(people, len(mean)))
    x = rng.normal(size=(people, 15, 3, len(mean)))
    noisy = np.einsum("pqan,pn->pqa", x, beta) + rng.gumbel(size=(people, 15, 3))
    order = (noisy.argmax(axis=2)[..., None] + np.arange(3)) % 3
    return Choices(np.take_along_axis(x, order[..., None], axis=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200, help="draws a person")
    parser.add_argument("--check", action="store_true", help="recover known coefficients from made-up choices instead")
    chosen = parser.parse_args()
    if chosen.check:
        mean, sd = np.array([-1.0, 0.5, 0.0]), np.array([0.6, 0.3, 1.0])
        found = fit(made_up(600, mean, sd), chosen.draws)
        print("mean", mean, found.mean.round(2), "sd", sd, found.sd.round(2))
        return
    print("# Coefficients of stated choices between cars: a mixed logit, each coefficient normal over people.")
    print("# Made by benchmarks/fit_choice.py; docs/market.md has the source, the units and the fit.")
    for country in ("us", "china"):
        found = fit(read(country), chosen.draws)
        print(f"\n[{country}]")
        print(f"log_likelihood = {{ null = {found.null:.1f}, pooled = {found.pooled:.1f}, mixed = {found.mixed:.1f} }}")
        for name, mean, sd in zip(NAMES, found.mean, found.sd, strict=True):
            print(f"{name} = {{ mean = {mean:.3f}, sd = {sd:.3f} }}")


if __name__ == "__main__":
    main()
