"""What a shopper said about their taste, as against what was learned from what they did. No I/O.

A statement travels as an event of type `state`, so it is archived, replayed, exported and erased as everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, cast, get_args

from uuid_utils import uuid7

from carousel.activity.events import Event
from carousel.catalogue.listing import RATES_PER_EUR
from carousel.catalogue.traits import CATEGORICAL
from carousel.errors import InputError

Level = Literal["only", "more", "less", "never"]
"""`only` and `never` are limits, `more` and `less` are wishes."""
Use = Literal["city", "family", "work", "fun"]

MOST_PREFERENCES = 60
_MOST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class Preference:
    """A wish about one value of a block: only automatics, never a Fiat."""

    block: str
    value: str
    level: Level


@dataclass(frozen=True, slots=True)
class Budget:
    """The least and the most to pay, in one currency."""

    min: float | None = None
    max: float | None = None
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The answers of who is new: they count until there is evidence."""

    budget: float | None = None
    currency: str = "EUR"
    body_types: tuple[str, ...] = ()
    fuel_types: tuple[str, ...] = ()
    use: Use | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """Everything a shopper said; `event_id` is of the last statement, later ones are greater."""

    personalised: bool = True
    preferences: tuple[Preference, ...] = ()
    budget: Budget | None = None
    home: tuple[float, float] | None = None
    """Latitude and longitude in degrees, rounded to about a kilometre: no more is needed to tell what is near."""
    questionnaire: Questionnaire | None = None
    together: tuple[tuple[str, str], ...] = ()
    """Pairs of listings whose interests are one."""
    event_id: str = ""

    def of_block(self, block: str, level: Level) -> tuple[str, ...]:
        """Return the values of a block that were given a level."""
        return tuple(p.value for p in self.preferences if p.block == block and p.level == level)

    def level_of(self, block: str, value: str) -> Level | None:
        return next((p.level for p in self.preferences if (p.block, p.value) == (block, value)), None)

    @property
    def is_empty(self) -> bool:
        return self == Stated(event_id=self.event_id)

    def as_json(self) -> dict[str, Any]:
        """Return the form of the API, the archive and the database; nothing that was not said."""
        return {name: _plain(value) for name in _NAMES if (value := getattr(self, name)) not in (None, ())}


NOTHING = Stated()
_NAMES = tuple(f.name for f in fields(Stated))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Preference | Budget | Questionnaire):
        own = {f.name: getattr(value, f.name) for f in fields(value)}
        return {name: _plain(part) for name, part in own.items() if part not in (None, ())}
    return value


def stated_of(said: Mapping[str, Any]) -> Stated:
    """Read what `as_json` wrote, or what came over the wire; everything is checked.

    :raises InputError: names the field, its value and what is expected.
    """
    home = said.get("home")
    budget, answers = said.get("budget"), said.get("questionnaire")
    return Stated(
        personalised=_flag(said.get("personalised", True)),
        preferences=_preferences(said.get("preferences") or ()),
        budget=_budget(budget) if budget else None,
        home=_home(home) if home else None,
        questionnaire=_questionnaire(answers) if answers else None,
        together=tuple((str(a), str(b)) for a, b in said.get("together") or ())[-_MOST_PAIRS:],
        event_id=str(said.get("event_id", "")),
    )


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"personalised is {value!r}; expected true or false", field="personalised")
    return value


def _preferences(said: Sequence[Any]) -> tuple[Preference, ...]:
    if len(said) > MOST_PREFERENCES:
        raise InputError(
            f"preferences has {len(said)} entries; at most {MOST_PREFERENCES} are kept", field="preferences"
        )
    found: dict[tuple[str, str], Preference] = {}
    for one in said:
        block, value, level = (str(one.get(name, "")) for name in ("block", "value", "level"))
        if block not in CATEGORICAL:
            raise InputError(f"block is {block!r}; use one of {', '.join(CATEGORICAL)}", field="preferences")
        if not 0 < len(value) <= 128:
            raise InputError(f"value is {value[:40]!r}; expected 1 to 128 characters", field="preferences")
        if level not in get_args(Level):
            raise InputError(f"level is {level!r}; use one of {', '.join(get_args(Level))}", field="preferences")
        found[block, value] = Preference(block, value, cast("Level", level))
    return tuple(found.values())


def _budget(said: Mapping[str, Any]) -> Budget | None:
    least, most = _amount(said, "min"), _amount(said, "max")
    if least is not None and most is not None and least > most:
        raise InputError(f"min is {least:g}, above max {most:g}; swap them", field="budget")
    return None if least is None and most is None else Budget(least, most, _currency(said, "budget"))


def _questionnaire(said: Mapping[str, Any]) -> Questionnaire:
    use = said.get("use")
    if use is not None and use not in get_args(Use):
        raise InputError(f"use is {use!r}; expected one of {', '.join(get_args(Use))}", field="questionnaire")
    return Questionnaire(
        budget=_amount(said, "budget"),
        currency=_currency(said, "questionnaire"),
        body_types=tuple(map(str, said.get("body_types") or ()))[:20],
        fuel_types=tuple(map(str, said.get("fuel_types") or ()))[:20],
        use=use,
    )


def _amount(said: Mapping[str, Any], name: str) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise InputError(f"{name} is {value!r}; expected an amount above 0", field=name)
    return float(value)


def _currency(said: Mapping[str, Any], field: str) -> str:
    currency = said.get("currency") or "EUR"
    if currency not in RATES_PER_EUR:
        raise InputError(f"currency is {currency!r}; use one of {', '.join(RATES_PER_EUR)}", field=field)
    return str(currency)


def _home(said: Any) -> tuple[float, float]:
    lat, lon = cast("tuple[Any, Any]", (said.get("lat"), said.get("lon")) if isinstance(said, Mapping) else said)
    for name, value, most in (("lat", lat, 90), ("lon", lon, 180)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
            raise InputError(f"{name} is {value!r}; expected degrees from -{most} to {most}", field="home")
    return round(float(lat), 2), round(float(lon), 2)


@dataclass(frozen=True, slots=True)
class Statement:
    """One change of mind: what is stated from now on, which learned traits to forget, or all of them."""

    stated: Stated
    forget: tuple[tuple[str, str], ...] = ()
    """(block, value); a value "" means the whole block."""
    drop: tuple[str, ...] = ()
    """Listings whose looks count no more."""
    reset: bool = False


def statement_event(statement: Statement, shopper_id: str, at: datetime) -> Event:
    """Return the entry that says it on the log."""
    context: dict[str, Any] = {"stated": statement.stated.as_json()}
    context["stated"].pop("event_id", None)
    if statement.forget:
        context["forget"] = [list(trait) for trait in statement.forget]
    if statement.drop:
        context["drop"] = list(statement.drop)
    if statement.reset:
        context["reset"] = True
    return Event(
        event_id=str(uuid7()), type="state", shopper_id=shopper_id, occurred_at=at, received_at=at, context=context
    )


def statement_of(event: Event) -> Statement:
    """Read a `state` event.

    :raises InputError: what it says is not well-formed.
    """
    said = event.context.get("stated")
    if not isinstance(said, Mapping):
        raise InputError("context.stated is missing; a state event says it", field="context")
    forget = tuple((str(block), str(value)) for block, value in event.context.get("forget") or ())
    drop = tuple(map(str, event.context.get("drop") or ()))
    return Statement(stated_of({**said, "event_id": event.event_id}), forget, drop, bool(event.context.get("reset")))
