"""A marketplace's own rules: what a placement never shows, what it shows alone, and what it lifts.

A rule's `where` is a search with a few more conditions: the merchant, the age of a listing, what it does not say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from carousel.catalogue import search
from carousel.catalogue.listing import ENUMS, slug
from carousel.catalogue.search import Filters
from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.query import PLACEMENTS, Placement

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Of every table of the file: an unknown key or another type is a mistake."""

Trait = Literal[
    "make", "model", "body", "fuel", "transmission", "drivetrain", "color", "seller", "condition", "merchant",
    "price", "year", "mileage", "power", "place",
]  # fmt: skip
_COLUMN_OF = {"price": "price_eur", "year": "year", "mileage": "mileage", "power": "power", "place": "lat"}
_VALUES_OF = {
    "body": ENUMS["body_type"], "fuel": ENUMS["fuel_type"], "transmission": ENUMS["transmission"],
    "drivetrain": ENUMS["drivetrain"], "color": ENUMS["color_exterior"], "seller": ENUMS["seller_type"],
    "condition": ENUMS["condition"],
}  # fmt: skip
_DAY = 86_400.0
_HOUR = 3_600.0

ONE_OR_MORE = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
"""One text stands for a list of it: `make = "Kia"`."""
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), ONE_OR_MORE]
At = Annotated[tuple[Placement, ...], Field(min_length=1), ONE_OR_MORE]
Price = Annotated[float | None, Field(ge=0, le=1e10)]
Year = Annotated[int | None, Field(ge=1885, le=2200)]
Days = Annotated[float | None, Field(ge=0, le=3_650)]


class Where(BaseModel):
    """Which listings a rule is about; every condition given must hold. Names and units are those of a search."""

    model_config = ConfigDict(**STRICT, frozen=True)

    make: Words = ()
    model: Words = ()
    body: Words = ()
    fuel: Words = ()
    transmission: Words = ()
    drivetrain: Words = ()
    color: Words = ()
    seller: Words = ()
    condition: Words = ()
    min_price: Price = None
    max_price: Price = None
    currency: str | None = None
    min_year: Year = None
    max_year: Year = None
    max_mileage_km: Annotated[int | None, Field(ge=0, le=10_000_000)] = None
    min_power_kw: Annotated[int | None, Field(ge=0, le=10_000)] = None
    near: tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]] | None = None
    radius_km: Annotated[float | None, Field(gt=0, le=21_000)] = None
    merchant: Words = ()
    """Ids of sellers."""
    missing: Annotated[tuple[Trait, ...], Field(min_length=1), ONE_OR_MORE] = ()
    """Traits the listing does not say, all of them."""
    listed_within_days: Days = None
    listed_for_days: Days = None
    """Least days since it was listed."""

    @field_validator(*_VALUES_OF)
    @classmethod
    def _is_known(cls, values: tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        known = _VALUES_OF[str(field.field_name)]
        for value in values:
            if slug(value) not in map(slug, known):
                close = get_close_matches(slug(value), known, n=1)
                cure = f"did you mean {close[0]!r}?" if close else f"use {', '.join(known)}"
                raise ValueError(f"there is no value {value!r}; {cure}")
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.model_fields_set - {"currency"}:
            raise ValueError("it names no condition; write one, such as make = 'Kia'")
        if self.near is not None and self.radius_km is None:
            raise ValueError("near needs radius_km to say how far around")
        self.filters()
        return self

    def filters(self) -> Filters:
        """Return the conditions that a search has too."""
        shared = (field.name for field in fields(Filters) if field.name in type(self).model_fields)
        return Filters(**{name: getattr(self, name) for name in shared})


class Rule(BaseModel):
    """One rule of the file: `exclude` and `only` are filters, `boost` adds `amount` (log-odds) to the score."""

    model_config = ConfigDict(**STRICT, frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    action: Literal["exclude", "only", "boost"]
    where: Where
    amount: Annotated[float | None, Field(ge=-3, le=3)] = None
    placements: At = get_args(Placement)
    since: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None
    """The last day it holds; days are those of UTC."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.action == "boost" and self.amount is None:
            raise ValueError("a boost needs an amount, such as amount = 0.3")
        if self.action != "boost" and self.amount is not None:
            raise ValueError(
                f"amount is {self.amount:g}, but only a boost takes one; remove it or write action = 'boost'"
            )
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"from {self.since} is after until {self.until}; swap them")
        return self

    def holds_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules of one placement say of one state of the catalogue."""

    kept: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Per filter the rows (size,) it leaves."""
    boosts: NDArray[np.float32] | None = None
    """What is added to each score (size,), in log-odds; None where no boost holds."""


class RuleBook:
    """What the rules say, worked out once per state of the catalogue instead of once per request.

    Listings grow older and days begin while nothing changes, so it is worked out anew every hour as well.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = {name: [rule for rule in rules if name in rule.placements] for name in PLACEMENTS}
        self._known: dict[str, tuple[Snapshot, int, int, Ruled]] = {}

    def of(self, placement: str, snapshot: Snapshot, now: datetime) -> Ruled:
        """Return what holds now at a placement."""
        if not self._rules[placement]:
            return Ruled()
        hour = int(now.timestamp() // _HOUR)
        known = self._known.get(placement)
        if known is None or known[0] is not snapshot or known[1:3] != (snapshot.changes, hour):
            known = snapshot, snapshot.changes, hour, _ruled(self._rules[placement], snapshot, now)
            self._known[placement] = known
        return known[3]


def _ruled(rules: Sequence[Rule], snapshot: Snapshot, now: datetime) -> Ruled:
    kept: dict[str, NDArray[np.bool_]] = {}
    boosts = None
    for rule in rules:
        if not rule.holds_on(now.astimezone(UTC).date()):
            continue
        matched = matches(rule.where, snapshot, now)
        if rule.action == "boost":
            boosts = np.zeros(snapshot.size, dtype=np.float32) if boosts is None else boosts
            boosts += np.float32(rule.amount or 0) * matched
        else:
            kept[rule.name] = matched if rule.action == "only" else ~matched
    return Ruled(kept, boosts)


def matches(where: Where, snapshot: Snapshot, now: datetime) -> NDArray[np.bool_]:
    """Return the rows (size,) a `where` names, on sale or not; prices without a currency are in the catalogue's."""
    matched = np.ones(snapshot.size, dtype=bool)
    for own in search.masks(snapshot, where.filters(), snapshot.main_currency() or "EUR").values():
        matched &= own
    if where.merchant:
        merchants = snapshot.vocabularies["merchant"]
        codes = [code for name in where.merchant if (code := merchants.code(name)) is not None]
        matched &= np.isin(snapshot.codes("merchant"), codes)
    for trait in where.missing:
        column = _COLUMN_OF.get(trait)
        matched &= np.isnan(snapshot.numbers(column)) if column else snapshot.codes(trait) == 0
    age = (now.timestamp() - snapshot.numbers("listed_at")) / _DAY
    if where.listed_within_days is not None:
        matched &= age <= where.listed_within_days
    if where.listed_for_days is not None:
        matched &= age >= where.listed_for_days
    return matched
