"""What a shopper said, applied to a market: limits that hold always, and wishes that move the score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR
from carousel.catalogue.search import distances_km
from carousel.catalogue.snapshot import Snapshot
from carousel.taste.stated import Questionnaire, Stated

# In units of log-odds: a stated wish outweighs a dozen views, an answer of the questionnaire a few.
MORE, LESS = 1.5, -2.0
ANSWER = 1.0
ANSWERS_LAST = 8
"""Events after which the answers of the questionnaire count half."""

DISTANCE_WEIGHT = 0.4
"""What 100 km cost where the shopper's home is known: a car is collected in person."""
_FAR_KM = 500.0

_BODIES = {
    "city": ("city_car", "hatchback"),
    "family": ("wagon", "minivan", "suv", "crossover"),
    "work": ("van", "pickup", "wagon"),
    "fun": ("coupe", "convertible"),
}
_PRICE_SPREAD = 0.4
"""Deviation of the logarithm of the prices somebody with a budget considers."""
_BELOW_BUDGET = 0.85


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be shown at all, and what is liked better; None where nothing was said."""

    allowed: NDArray[np.bool_] | None
    bonus: NDArray[np.float32] | None
    """Addition to the score (size,), in units of log-odds."""


def wishes_of(stated: Stated, events: int, snapshot: Snapshot) -> Wishes:
    """Apply what was said to every listing.

    :param events: how many events the shopper's taste has seen; the questionnaire fades with them.
    """
    if stated.is_empty:
        return Wishes(None, None)
    return Wishes(_allowed(stated, snapshot), _bonus(stated, events, snapshot))


def _allowed(stated: Stated, snapshot: Snapshot) -> NDArray[np.bool_] | None:
    found = []
    for block in dict.fromkeys(p.block for p in stated.preferences if p.level in ("only", "never")):
        codes = snapshot.codes(block)
        if only := stated.of_block(block, "only"):
            found.append(_is_one_of(snapshot, block, only)[codes])
        if never := stated.of_block(block, "never"):
            found.append(~_is_one_of(snapshot, block, never)[codes])
    if budget := stated.budget:
        prices = snapshot.prices_in(budget.currency)
        # A price on request may lie within the budget.
        found.append(~((prices < (budget.min or 0)) | (prices > (budget.max or np.inf))))
    return np.asarray(np.logical_and.reduce(found)) if found else None


def _is_one_of(snapshot: Snapshot, block: str, values: tuple[str, ...]) -> NDArray[np.bool_]:
    vocabulary = snapshot.vocabularies[block]
    meant = np.zeros(len(vocabulary), dtype=bool)
    for value in values:
        meant[_codes(snapshot, block, value)] = True
    return meant


def _codes(snapshot: Snapshot, block: str, value: str) -> list[int]:
    code = snapshot.vocabularies[block].code(value)
    return snapshot.vocabularies[block].named(value) or ([] if code is None else [code])


def _bonus(stated: Stated, events: int, snapshot: Snapshot) -> NDArray[np.float32] | None:
    bonus = np.zeros(snapshot.size, dtype=np.float32)
    for preference in stated.preferences:
        amount = {"more": MORE, "less": LESS}.get(preference.level)
        if amount:
            table = np.zeros(len(snapshot.vocabularies[preference.block]), dtype=np.float32)
            table[_codes(snapshot, preference.block, preference.value)] = amount
            bonus += table[snapshot.codes(preference.block)]
    if stated.questionnaire:
        bonus += _answers(stated.questionnaire, snapshot) * np.float32(ANSWERS_LAST / (ANSWERS_LAST + events))
    if stated.home:
        far = np.minimum(distances_km(snapshot, stated.home), _FAR_KM)
        bonus -= np.float32(DISTANCE_WEIGHT / 100) * far.astype(np.float32)
    return bonus if bonus.any() else None


def _answers(said: Questionnaire, snapshot: Snapshot) -> NDArray[np.float32]:
    bonus = np.zeros(snapshot.size, dtype=np.float32)
    for block, values in (("body", said.body_types), ("fuel", said.fuel_types), ("body", _BODIES.get(said.use or ""))):
        if values:
            bonus += ANSWER * _is_one_of(snapshot, block, tuple(values))[snapshot.codes(block)]
    if said.budget:
        logs = np.log(np.maximum(snapshot.prices_in(said.currency), 1)) - np.log(_BELOW_BUDGET * said.budget)
        fits = 1 - (logs / _PRICE_SPREAD) ** 2 / 2
        bonus += 2 * ANSWER * np.nan_to_num(np.maximum(fits, -1), nan=0).astype(np.float32)
    return bonus


def spoken_for(stated: Stated, snapshot: Snapshot, row: int) -> list[tuple[str, str]]:
    """Return the (block, value) pairs that were asked for and that a listing has; ("budget", "") for its price."""
    asked = {(p.block, p.value) for p in stated.preferences if p.level in ("more", "only")}
    if answers := stated.questionnaire:
        asked |= {("body", value) for value in answers.body_types} | {("fuel", value) for value in answers.fuel_types}
    found = [(b, v) for b, v in sorted(asked) if int(snapshot.codes(b)[row]) in _codes(snapshot, b, v)]
    limit = stated.budget and (stated.budget.max, stated.budget.currency)
    if limit is None and stated.questionnaire:
        limit = (stated.questionnaire.budget, stated.questionnaire.currency)
    if limit and limit[0] and float(snapshot.numbers("price_eur")[row]) * RATES_PER_EUR[limit[1]] <= limit[0] + 0.01:
        found.append(("budget", ""))
    return found
