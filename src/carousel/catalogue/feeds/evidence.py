"""What a column's values say about it, where its name says nothing or the wrong thing; pure.

A few hundred rows are enough: 17 characters without I, O and Q are VINs, four digits from 1950 on are years, known
makes are makes. What two readings fit equally well is a question for people, not a guess.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.feeds import values as v
from carousel.catalogue.feeds.convert import images
from carousel.catalogue.feeds.header import ROW_NUMBERS, Column, Header, normalise
from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.feeds.words import is_yes_or_no, word
from carousel.catalogue.listing import RANGES

SAMPLE = 1_000
"""Rows looked at."""

_LEAST = 2  # values a column needs to say anything
_CLEAR = 0.8  # share of the values that fit
_MOSTLY = 0.5  # no dictionary knows all models
_WRONG = 0.3  # a name is not believed where fewer values fit
_RELATED = 0.3  # rank correlation with the year that tells a distance from a price
_DISTINCT = 400  # values of a column looked at; one that repeats counts once more

_VIN = re.compile(r"^[A-HJ-NPR-Z0-9]{17}$", re.IGNORECASE)
_YEAR = re.compile(r"^(19[5-9]\d|20\d\d)(\.0+)?$")
_URL = re.compile(r"^https?://", re.IGNORECASE)
_IMAGE = re.compile(r"^https?://\S+\.(jpe?g|png|webp|avif)", re.IGNORECASE)
_ID = re.compile(r"^(?!\d{4}-\d\d-\d\d)(?=.*\d)\S{1,128}$")
_MAY_BE_IMAGES = re.compile(r"\[|[\"']?https?://", re.IGNORECASE)  # else it is a text that may quote an address
_DISTANCE = re.compile(r"^[\d.,' \u00a0]+\s?(km|kms|mi|miles|км|كم|公里)\.?$", re.IGNORECASE)
_POWER = re.compile(r"^[\d.,]+\s?(kw|ps|hp|bhp|cv|квт|л\.?\s?с\.?|hk)\b", re.IGNORECASE)
_DISPLACEMENT = re.compile(r"^[\d.,\s-]+(cc|ccm|cm3|cm³|см3|см³)$", re.IGNORECASE)
_CONSUMPTION = re.compile(r"(kmpl|km/l|km/kg|mpg|l\s?/\s?100)", re.IGNORECASE)
_NUMBER = re.compile(r"^[\d.,' \u00a0]+$")
_DATE = re.compile(r"^\s*(\d{1,2})[./-](\d{1,2})[./-]\d{4}(?!\d)")
_AMERICA = {"us", "usa", "united states"}
_DATES = ("first_registration", "listed_at", "updated_at", "sold_at")
_MEASURES = ("displacement_cc", "power_kw")
_ENUMS = ("fuel_type", "transmission", "body_type", "drivetrain", "color_exterior", "condition", "seller_type")
_LABELS = {
    "vin": "vehicle numbers", "model_year": "years", "url": "web addresses", "images": "addresses of pictures",
    "price_amount": "amounts with a currency", "mileage_km": "distances", "power_kw": "powers",
    "displacement_cc": "engine sizes", "consumption_l_100km": "fuel economies", "make": "makes we know",
    "make_and_model": "names that begin with a make", "fuel_type": "fuels", "transmission": "gearboxes",
    "body_type": "bodies", "drivetrain": "drivetrains", "color_exterior": "colours", "condition": "conditions",
    "seller_type": "kinds of sellers",
}  # fmt: skip

Cells = Sequence[str]
Fits = Callable[[str], bool]


def _is_price(text: str) -> bool:
    found = v.number(text, thousands=True)
    return found is not None and v.currency_of(f"{found.before} {found.after}") is not None


def _is_word_of(field: str) -> Fits:
    parse = word(field)
    return lambda text: not is_yes_or_no(text) and parse(text).fields.get(field, "other") != "other"


def _addresses(text: str) -> tuple[str, ...]:
    return images(text).fields.get("images", ()) if _MAY_BE_IMAGES.match(text) else ()


def _is_make(text: str) -> bool:
    return makes().make(text) is not None


def _begins_with_make(text: str) -> bool:
    split = makes().split_make(text)
    return split is not None and bool(split[1])


# In this order: a column that fits two of them is the first.
_TESTS: Mapping[str, Fits] = {
    "vin": lambda text: _VIN.match(text) is not None,
    "images": lambda text: any(map(_IMAGE.match, _addresses(text))),
    "url": lambda text: _URL.match(text) is not None,
    "consumption_l_100km": lambda text: _CONSUMPTION.search(text) is not None,
    "mileage_km": lambda text: _DISTANCE.match(text) is not None,
    "power_kw": lambda text: _POWER.match(text) is not None,
    "displacement_cc": lambda text: _DISPLACEMENT.match(text) is not None,
    "price_amount": _is_price,
    "model_year": lambda text: _YEAR.match(text) is not None and float(text) <= RANGES["model_year"][1],
    "make": _is_make,
    **{field: _is_word_of(field) for field in _ENUMS},
    "make_and_model": _begins_with_make,
}


@dataclass
class _Values:
    """The values of one column in the sample."""

    texts: list[str]
    shares: dict[str, float]

    def share(self, field: str) -> float:
        known = self.shares.get(field)
        if known is None:
            fits = _TESTS[field]
            known = self.shares[field] = sum(map(fits, self.texts)) / len(self.texts) if self.texts else 0.0
        return known

    @property
    def with_digits(self) -> float:
        """The share of the values that have a number in them."""
        return sum(any(c.isdigit() for c in text) for text in self.texts) / max(len(self.texts), 1)

    @property
    def are_addresses(self) -> bool:
        found = sum(bool(_addresses(text)) for text in self.texts)
        return found > 0 and found >= _CLEAR * len(self.texts)

    @property
    def says_something(self) -> bool:
        return len(self.texts) >= _LEAST


def settle(header: Header, sample: Sequence[Cells]) -> Header:
    """Add what the values say to what the names say.

    What the caller or a profile said is never touched. Columns whose name is contradicted by their values get the
    field those fit, or none; columns without a known name get a field that nothing else holds, if exactly one fits.
    """
    columns = list(header.columns)
    values = [_values(sample, c.index) for c in columns]
    has_models = any(c.field == "model" and v.texts for c, v in zip(columns, values, strict=True))
    for at, column in enumerate(columns):
        if column.why == "its name" and (values[at].says_something or values[at].are_addresses):
            columns[at] = _believed(column, values[at], {c.field for c in columns if c.field}, has_models)
    questions = _fill(columns, values)
    _find_model(columns, values, sample)
    questions += _tell_price_from_mileage(columns, values, sample)
    american = _is_american(columns, values)
    for at, column in enumerate(columns):
        if column.field in _DATES:
            shown = _month_first(row[column.index] for row in sample)
            columns[at] = replace(column, month_first=american or None if shown is None else shown)
    return replace(header, columns=tuple(columns), questions=(*header.questions, *questions))


def ask_for_id(header: Header, sample: Sequence[Cells]) -> tuple[str, ...]:
    """Return the question which column is the id, when none is known as one."""
    if header.of("listing_id") is not None:
        return ()
    names = [
        repr(column.name.strip())
        for column in header.columns
        if column.field in (None, "source_listing_id")
        and normalise(column.name) not in ROW_NUMBERS
        and _tells_rows_apart([row[column.index].strip() for row in sample])
    ]
    name, *others = names or ["COLUMN"]
    also = f" (or {', '.join(others)})" if others else ""
    return (
        "no column is known as the id, so ids are made of the cells and a changed price is a new listing:"
        f" say --map {name}=listing_id{also}",
    )


def _tells_rows_apart(texts: Sequence[str]) -> bool:
    """Tell whether each row has an id of its own in a column; a time is none."""
    return (
        len(texts) >= _LEAST
        and len(set(texts)) == len(texts)
        and all(_ID.match(text) and not v.is_missing(text) for text in texts)
    )


def _values(sample: Sequence[Cells], index: int) -> _Values:
    texts = [text for row in sample if not v.is_missing(text := row[index])]
    return _Values([text.strip() for text in texts[:_DISTINCT]], {})


def _believed(column: Column, values: _Values, taken: set[str], has_models: bool) -> Column:
    """Return a column as its name says, or as its values say where they do not fit the name at all.

    :param has_models: another column says the models, so one of makes is that, however unusual: "VW AG".
    """
    field = column.field
    if field == "mileage_km" and values.share("consumption_l_100km") >= _CLEAR:
        return _as(column, "consumption_l_100km", taken, _why("consumption_l_100km", values))
    names_models = values.share("make") < _WRONG and values.share("make_and_model") >= _CLEAR
    if field == "make" and names_models and not has_models:
        return _as(column, "make_and_model", taken, _why("make_and_model", values))
    if field == "model_year" and values.share("model_year") < _WRONG and not any(map(_has_year, values.texts)):
        return replace(column, field=None, why="called a year, but its values are none")
    if field == "vin" and values.share("vin") < _WRONG:
        return replace(column, field=None, why="called a VIN, but its values are none")
    if field == "image_count" and values.are_addresses:
        return _as(column, "images", taken, "its values are addresses")
    if (field in _MEASURES and values.with_digits < _WRONG) or (field in _ENUMS and values.share(field) < _WRONG):
        other = max(_ENUMS, key=values.share)
        if values.share(other) >= _CLEAR:
            return _as(column, other, taken, _why(other, values))
    return column


def _has_year(text: str) -> bool:
    return not v.year(text).warnings or not v.registration(text).warnings


def _as(column: Column, field: str, taken: set[str], because: str) -> Column:
    why = f"called {column.name.strip()!r}, but {because}"
    return replace(column, field=None if field in taken else field, unit=None, why=why)


def _why(field: str, values: _Values) -> str:
    return f"{values.share(field):.0%} are {_LABELS[field]}"


def _fill(columns: list[Column], values: Sequence[_Values]) -> list[str]:
    """Give columns of unknown name the field that only their values fit; return what is ambiguous."""
    questions = []
    for field in _TESTS:
        if any(c.field == field for c in columns) or (field in ("make", "make_and_model") and _names_cars(columns)):
            continue
        fitting = [
            at
            for at, column in enumerate(columns)
            if column.field is None and not column.why and values[at].says_something
            and values[at].share(field) >= _CLEAR
        ]  # fmt: skip
        if len(fitting) == 1:
            at = fitting[0]
            columns[at] = replace(columns[at], field=field, why=_why(field, values[at]))
        elif fitting:
            names = " and ".join(repr(columns[at].name.strip()) for at in fitting)
            questions.append(f"{names} could each be {field}: say --map {columns[fitting[0]].name.strip()!r}={field}")
    return questions


def _find_model(columns: list[Column], values: Sequence[_Values], sample: Sequence[Cells]) -> None:
    """Find the column whose values are models of the row's make."""
    make = next((c.index for c in columns if c.field == "make"), None)
    if make is None or any(c.field in ("model", "make_and_model", "title") for c in columns):
        return
    shares = {
        at: sum(_is_model(row[make], row[column.index]) for row in sample) / max(len(values[at].texts), 1)
        for at, column in enumerate(columns)
        if column.field is None and not column.why and values[at].says_something
    }
    best = max(shares, key=shares.__getitem__, default=None)
    if best is not None and shares[best] >= _MOSTLY:
        columns[best] = replace(columns[best], field="model", why=f"{shares[best]:.0%} are models of the make")


def _is_model(make: str, text: str) -> bool:
    known = makes().make(make)
    return known is not None and makes().split_model(known, text) is not None


def _names_cars(columns: Sequence[Column]) -> bool:
    return any(c.field in ("make", "make_and_model", "title") for c in columns)


def _is_american(columns: Sequence[Column], values: Sequence[_Values]) -> bool:
    """Tell whether a column of countries says that the cars are in the United States."""
    texts = next((of.texts for c, of in zip(columns, values, strict=True) if c.field == "country"), [])
    return sum(text.lower() in _AMERICA for text in texts) >= max(1, _CLEAR * len(texts))


def _month_first(texts: Iterable[str]) -> bool | None:
    """Tell whether the dates of a column have the month first; None where no day beyond the 12th shows it."""
    dates = [match for text in texts if (match := _DATE.match(text))]
    first, second = (any(int(date[place]) > 12 for date in dates) for place in (1, 2))
    return second if first != second else None


def _tell_price_from_mileage(columns: list[Column], values: Sequence[_Values], sample: Sequence[Cells]) -> list[str]:
    """Tell bare numbers apart by the year: an older car has driven more and costs less."""
    lacking = [f for f in ("price_amount", "mileage_km") if not any(c.field == f for c in columns)]
    years = next((c.index for c in columns if c.field in ("model_year", "first_registration")), None)
    if not lacking or years is None:
        return []
    questions = []
    found: dict[str, int] = {}
    for at, column in enumerate(columns):
        if column.field is not None or column.why or not _looks_like_thousands(values[at].texts):
            continue
        relation = _rank_correlation(sample, years, column.index)
        field = "price_amount" if relation >= _RELATED else "mileage_km" if relation <= -_RELATED else None
        if field in lacking and field not in found:
            found[field] = at
            grows = "grows" if field == "price_amount" else "falls"
            columns[at] = replace(column, field=field, why=f"its numbers are thousands, and {grows} with the year")
        else:
            name = column.name.strip()
            questions.append(f"{name!r} could be {' or '.join(lacking)}: say --map {name!r}={lacking[0]}")
    return questions


def _looks_like_thousands(texts: Sequence[str]) -> bool:
    numbers = [n.value for t in texts if _NUMBER.match(t) and (n := v.number(t, thousands=True)) is not None]
    return len(numbers) >= max(_LEAST, _CLEAR * len(texts)) and 500 <= float(np.median(numbers)) <= 5e6


def _rank_correlation(sample: Sequence[Cells], years: int, numbers: int) -> float:
    """Return Spearman's rank correlation of a column with the years; 0 where too few rows say both."""
    pairs = []
    for row in sample:
        year = v.year(row[years]).fields.get("model_year")
        found = v.number(row[numbers], thousands=True) if _NUMBER.match(row[numbers].strip()) else None
        if year is not None and found is not None:
            pairs.append((float(year), found.value))
    if len(pairs) < 10:
        return 0.0
    of_years, of_numbers = (_ranks(np.array(side)) for side in zip(*pairs, strict=True))
    if of_years.std() == 0 or of_numbers.std() == 0:
        return 0.0
    return float(np.corrcoef(of_years, of_numbers)[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean rank of each value among equals."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2)[inverse]
    return means
