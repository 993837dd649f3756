"""Predict the next choice of people nobody has seen, after ten: personal weights against one set of weights for all.

    python benchmarks/conjoint.py [--epochs 300] [--seed 1]

The data are those of `fit_choice.py`: Americans and Chinese who each chose 15 times between three cars. Five folds
over people. The model is the crowd's (`carousel/crowd/choice_model.py`): weights are normal over people, a person's are
found from their first ten answers by Newton's method, and a chance is averaged over what is then believed of them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from carousel.crowd.choice_model import chances, fit_sets, fold_in_sets

sys.path.insert(0, str(Path(__file__).parent))
from fit_choice import DATA, Choices, pooled, read

Array = NDArray[np.float64]

ANSWERED = 10
POOLED, PERSONAL, NOBODY, UNIFORM = "pooled multinomial logit", "personal weights", "no answer folded in", "uniform"
_FOLDS = 5
_EPOCHS = 300


def compare(choices: Choices, *, epochs: int = _EPOCHS, seed: int = 1) -> dict[str, Array]:
    """Return each model's log-probability of everybody's later answers (people, answers), learned from others alone."""
    people, questions, offered, _ = choices.x.shape
    shape = (people, questions - ANSWERED)
    found = {name: np.zeros(shape) for name in (POOLED, PERSONAL, NOBODY)}
    found[UNIFORM] = np.full(shape, -np.log(offered))
    fold = np.random.default_rng(seed).permutation(people) % _FOLDS
    for held_out in range(_FOLDS):
        learned, own = choices.x[fold != held_out], fold == held_out
        # One unit of every column is worth about the same, so that one penalty fits all.
        scale = learned.std(axis=(0, 1, 2))
        learned, tested = learned / scale, choices.x[own] / scale
        found[POOLED][own] = _pooled(learned, tested)
        weights = fit_sets(
            learned.astype(np.float32), np.zeros(learned.shape[:2], dtype=np.intp),
            embedding_size=learned.shape[3], epochs=epochs, seed=seed,
        )  # fmt: skip
        for name, answered in ((PERSONAL, ANSWERED), (NOBODY, 0)):
            found[name][own] = [_person(cars.astype(np.float32), answered, *weights) for cars in tested]
    return found


def _pooled(learned: Array, tested: Array) -> Array:
    fitted = minimize(lambda b: pooled(Choices(learned), b), np.zeros(learned.shape[3]), jac=True, method="L-BFGS-B")
    utilities = tested[:, ANSWERED:] @ fitted.x
    utilities -= utilities.max(axis=2, keepdims=True)
    said: Array = utilities[:, :, 0] - np.log(np.exp(utilities).sum(axis=2))
    return said


def _person(
    cars: NDArray[np.float32], answered: int, appeal: NDArray[np.float32], loadings: NDArray[np.float32]
) -> list[float]:
    """Return the log-probability of one person's later answers, known the first.

    :param cars: columns (questions, alternatives, names), the chosen alternative first.
    """
    known = cars[:answered]
    belief = fold_in_sets(known @ appeal, known @ loadings, np.zeros(answered, dtype=np.intp))
    return [float(np.log(chances(belief, offered @ appeal, offered @ loadings)[0])) for offered in cars[ANSWERED:]]


def interval(values: Array, *, seed: int = 1, draws: int = 2_000) -> tuple[float, float, float]:
    """Return the mean over people (people,) and its 95% interval, by bootstrap."""
    rng = np.random.default_rng(seed)
    low, high = np.quantile(values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1), (0.025, 0.975))
    return float(values.mean()), float(low), float(high)


def table(found: dict[str, Array]) -> str:
    """Return the models as a Markdown table."""
    lines = [
        "| model | log-probability of the 11th answer | more than pooled | of the 11th to 15th | more than pooled |",
        "|---|---|---|---|---|",
    ]
    for name, own in found.items():
        cells = []
        for later in (slice(0, 1), slice(None)):
            values = own[:, later].mean(axis=1)
            gains = values - found[POOLED][:, later].mean(axis=1)
            cells += ["{:.3f} ({:.3f} to {:.3f})".format(*interval(values))]
            cells += ["{:+.3f} ({:+.3f} to {:+.3f})".format(*interval(gains)) if name != POOLED else "–"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=_EPOCHS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if not DATA.is_dir():
        print(f"no stated choices in {DATA}; set CAROUSEL_REAL_DATA")
        return
    for country in ("us", "china"):
        choices = read(country)
        print(f"\n### {country}: {len(choices.x)} people\n")
        print(table(compare(choices, epochs=chosen.epochs, seed=chosen.seed)), flush=True)


if __name__ == "__main__":
    main()
