"""Turn a cell's text into a value in the canonical unit; pure, one function per kind of value.

A function returns `Parsed`: the fields a cell gives (usually one) and what is doubtful about it. It never guesses: an
unreadable or implausible value is left out and named in a warning, because the listing can live without it.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from carousel.catalogue.listing import RANGES, RATES_PER_EUR, plain

KM_PER_MILE = 1.609344
KW_PER_PS = 0.73549875  # metric horsepower: PS, CV, KM, PK
KW_PER_BHP = 0.745699872  # mechanical horsepower
_LITRES_PER_GALLON = {"uk": 4.54609, "us": 3.785411784}

# Conventions of the field: below it is a joke or a part, above a typo or a phone number.
LEAST_PRICE, MOST_PRICE = 300, 10_000_000
_PLACEHOLDER_PRICES = {0, 1, 123_456, 1_234_567, 12_345_678, 123_456_789, 111_111, 1_111_111, 11_111_111, 9_999_999}
_PLACEHOLDER_MILEAGES = {999_999, 1_111_111, 1_234_567, 9_999_999}
_MOST_LITRES = 20  # an engine size below is litres, above cm³

_MISSING = {
    "", "-", "--", "---", "?", ".", "n/a", "na", "n.a.", "nan", "nil", "none", "null", "unknown", "unbekannt",
    "not set", "nicht angegeben", "keine angabe", "k.a.", "tbd", "#n/a", "undefined", "не указано",
}  # fmt: skip
_AUTOSCOUT_MISSING = re.compile(r"^-/-")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one cell says."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


Parse = Callable[[str], Parsed]

NOTHING = Parsed()


def is_missing(text: str) -> bool:
    """Tell whether a cell is empty or a word for "nothing"."""
    word = text.strip().lower()
    return word in _MISSING or bool(_AUTOSCOUT_MISSING.match(word))


# --- numbers ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[-+]?(?:\d[\d.,]*(?:[ '’\u00a0\u202f]\d{3}(?!\d)[\d.,]*)*|[.,]\d+)")
_RANGE = re.compile(r"^\s*(?:-|–|—|to\b|bis\b)\s*\d")
_TIMES = {"k": 1_000, "tsd": 1_000, "lakh": 100_000, "lac": 100_000, "crore": 10_000_000, "mio": 1_000_000}
_TIMES_UNIT = re.compile(r"^\s*(k|tsd|lakhs?|lacs?|crores?|mio)\b\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """The first number of a text and the words around it, lower case."""

    value: float
    before: str
    after: str


def number(text: str, *, thousands: bool) -> Number | None:
    """Read the first number of a text; None when there is none, or a range ("1.4 - 1.6").

    :param thousands: how to read one mark before exactly three digits, which can mean both: "12.500" is 12500 with,
        12.5 without. Prices and distances have thousands; litres and coordinates have decimals.
    """
    match = _NUMBER.search(text)
    if match is None:
        return None
    after = text[match.end() :]
    if _RANGE.match(after):
        return None
    value = _digits(match.group(), thousands=thousands)
    if value is None:
        return None
    times = _TIMES_UNIT.match(after)
    if times:
        value *= _TIMES[times.group(1).lower().rstrip("s")]
        after = after[times.end() :]
    return Number(value, text[: match.start()].strip().lower(), after.strip().lower())


def _digits(digits: str, *, thousands: bool) -> float | None:
    body = re.sub(r"[ '’\u00a0\u202f]", "", digits).rstrip(".,")
    comma, point = body.count(","), body.count(".")
    if comma and point:
        decimal = "," if body.rfind(",") > body.rfind(".") else "."
        if body.count(decimal) > 1:
            return None
        grouping = "." if decimal == "," else ","
        whole, _, fraction = body.partition(decimal)
        if not _is_grouped(whole, grouping):
            return None
        body = f"{whole.replace(grouping, '')}.{fraction}"
    elif comma + point > 1:
        mark = "," if comma else "."
        if not _is_grouped(body, mark):
            return None
        body = body.replace(mark, "")
    elif comma + point == 1:
        mark = "," if comma else "."
        body = body.replace(mark, "") if thousands and _is_grouped(body, mark) else body.replace(mark, ".")
    try:
        value = float(body)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_grouped(whole: str, mark: str) -> bool:
    """1,234,567, or the Indian 12,34,567; a leading zero never stands before thousands."""
    return re.fullmatch(rf"[-+]?[1-9]\d{{0,2}}(?:\{mark}\d{{2,3}})*\{mark}\d{{3}}", whole) is not None


# --- money -----------------------------------------------------------------------------------------------------------

_SIGNS = {
    "€": "EUR", "£": "GBP", "$": "USD", "us$": "USD", "₹": "INR", "rs": "INR", "rs.": "INR", "zł": "PLN", "zl": "PLN",
    "kč": "CZK", "kc": "CZK", "₺": "TRY", "tl": "TRY", "₽": "RUB", "руб": "RUB", "₴": "UAH", "₩": "KRW", "fr.": "CHF",
    "sfr.": "CHF", "ft": "HUF", "lei": "RON", "₪": "ILS", "r$": "BRL", "c$": "CAD", "ca$": "CAD", "a$": "AUD",
    "au$": "AUD", "euro": "EUR", "euros": "EUR",
}  # fmt: skip
_CURRENCY = re.compile(
    r"(?<![a-z])(?:" + "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True)) + r")(?![a-z])"
    r"|(?<![a-z])(?:" + "|".join(RATES_PER_EUR).lower() + r")(?![a-z])"
)
_NEGOTIABLE = re.compile(r"\b(negotiable|vb|vhb|verhandlungsbasis|obo|ono|o\.?n\.?o)\b")


def currency_of(text: str) -> str | None:
    """Return the ISO 4217 code of a sign or code in a text."""
    match = _CURRENCY.search(text.lower())
    return _SIGNS.get(match.group(), match.group().upper()) if match else None


def money(name: str, currency: str, *, assumed: bool = False, signs_are_true: bool = True) -> Parse:
    """Make a parser of amounts.

    :param name: the field, such as `price_amount`.
    :param currency: of amounts without a sign.
    :param assumed: nothing in the source says this currency: using it is a doubt.
    :param signs_are_true: False when the caller knows better than the signs in the values.
    """
    label = name.removesuffix("_amount")

    def parse(text: str) -> Parsed:
        fields: dict[str, Any] = {}
        if label == "price" and _NEGOTIABLE.search(text.lower()):
            fields["price_negotiable"] = True
        found = number(text, thousands=True)
        if found is None:
            return Parsed(fields, () if fields else (f"{label}_unreadable",))
        said = currency_of(f"{found.before} {found.after}") if signs_are_true else None
        used = said or currency
        if found.value in _PLACEHOLDER_PRICES:
            return Parsed(fields, (f"{label}_placeholder",))
        most = MOST_PRICE * max(1.0, RATES_PER_EUR.get(used, 1.0))
        if not LEAST_PRICE <= found.value <= most:
            return Parsed(fields, (f"{label}_implausible",))
        fields[name] = Decimal(str(round(found.value, 2)))
        if label == "price":
            fields["price_currency"] = used
        return Parsed(fields, ("currency_assumed",) if assumed and said is None else ())

    return parse


# --- measures --------------------------------------------------------------------------------------------------------


def _plausible(name: str, value: float | None, label: str, *, digits: int | None = None) -> Parsed:
    if value is None:
        return Parsed({}, (f"{label}_unreadable",))
    low, high = RANGES[name]
    if not low <= value <= high:
        return Parsed({}, (f"{label}_implausible",))
    return Parsed({name: round(value) if digits is None else round(value, digits)})


def distance(unit: str | None) -> Parse:
    """Make a parser of `mileage_km`. `unit` is km or mi, None when nothing says: km, with a warning."""

    def parse(text: str) -> Parsed:
        found = number(text, thousands=True)
        if found is None:
            return Parsed({}, ("mileage_unreadable",))
        said = re.match(r"(km|kms|kilomet\w*|mi|mls|mile\w*)\b", found.after)
        used = ("km" if said.group(1).startswith("k") else "mi") if said else unit
        kilometres = found.value * (KM_PER_MILE if used == "mi" else 1)
        if round(found.value) in _PLACEHOLDER_MILEAGES:
            return Parsed({}, ("mileage_implausible",))
        parsed = _plausible("mileage_km", kilometres, "mileage")
        return Parsed(parsed.fields, ("unit_assumed",)) if parsed.fields and used is None else parsed

    return parse


def power(unit: str | None) -> Parse:
    """Make a parser of `power_kw`. `unit` of values that name none: kw, ps or bhp; None is kW, with a warning."""

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        if found is None:
            return Parsed({}, ("power_unreadable",))
        said = re.match(r"(kw|ps|cv|pk|km|ch|bhp|hp|л)", found.after)
        used = {"kw": "kw", "bhp": "bhp", "hp": "bhp"}.get(said.group(1), "ps") if said else unit
        factor = {"ps": KW_PER_PS, "bhp": KW_PER_BHP}.get(used or "kw", 1.0)
        parsed = _plausible("power_kw", found.value * factor, "power")
        return Parsed(parsed.fields, ("unit_assumed",)) if parsed.fields and used is None else parsed

    return parse


def displacement(text: str) -> Parsed:
    """Read an engine size: "1248 CC", "1.6", "1,598 cm³", "2.0L"; a number below 20 is litres."""
    in_cc = re.search(r"cc|cm|ccm", text.lower()) is not None
    found = number(text, thousands=in_cc)
    if found is None:
        return Parsed({}, ("displacement_unreadable",))
    value = found.value * 1000 if found.value < _MOST_LITRES and not in_cc else found.value
    return _plausible("displacement_cc", value, "displacement")


def consumption(gallon: str | None) -> Parse:
    """Make a parser of `consumption_l_100km` from "6.5 l/100km", "23.4 kmpl" or miles per gallon (uk or us)."""
    miles_per_gallon = 100 * _LITRES_PER_GALLON[gallon] / KM_PER_MILE if gallon else None

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        if found is None:
            return Parsed({}, ("consumption_unreadable",))
        if found.value <= 0:
            return Parsed({}, ("consumption_implausible",))
        value: float | None = found.value
        if re.match(r"kmpl|km/l|kml", found.after):
            value = 100 / found.value
        elif re.match(r"km/kg", found.after):
            return Parsed({}, ("consumption_per_kg",))  # gas by mass has no litres
        elif gallon is not None or found.after.startswith("mpg"):
            value = None if miles_per_gallon is None else miles_per_gallon / found.value
        if value is None:
            return Parsed({}, ("consumption_unit_unknown",))
        return _plausible("consumption_l_100km", value, "consumption", digits=1)

    return parse


def count(name: str) -> Parse:
    """Make a parser of whole numbers such as doors: "5", "5.0", "4/5", "6 cylinders"."""
    label = name.removesuffix("_count").removesuffix("_g_km")

    def parse(text: str) -> Parsed:
        found = number(text.rpartition("/")[2] if re.fullmatch(r"\d/\d", text.strip()) else text, thousands=False)
        if found is None:
            return NOTHING if plain(text).strip() in ("other", "andere") else Parsed({}, (f"{label}_unreadable",))
        return _plausible(name, found.value, label)

    return parse


def decimal(name: str) -> Parse:
    """Make a parser of numbers with decimals such as coordinates and battery capacities."""

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        return _plausible(name, found.value if found else None, name, digits=6)

    return parse


# --- dates -----------------------------------------------------------------------------------------------------------

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "maerz": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
    "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
_YEAR = re.compile(r"^(\d{4})(?:\.0+)?$")


def year(text: str) -> Parsed:
    """Read a model year: "2012", "2012.0", or the year of a date. Out of range is a reason to reject, not a doubt."""
    match = _YEAR.match(text.strip())
    if match:
        found: int | None = int(match.group(1))
    else:
        year_and_month = _month_and_year(text)
        found = year_and_month[0] if year_and_month else None
    if found is None:
        return Parsed({}, ("year_unreadable",))
    low, high = RANGES["model_year"]
    return Parsed({"model_year": found}) if low <= found <= high else Parsed({}, ("year_out_of_range",))


def registration(text: str) -> Parsed:
    """Read a first registration: "2015-03", "03/2015", "1.3.2015", "March 2015", or a year alone."""
    found = _month_and_year(text)
    if found is None:
        parsed = year(text)
        return parsed if "year_unreadable" not in parsed.warnings else Parsed({}, ("first_registration_unreadable",))
    low, high = RANGES["model_year"]
    if not low <= found[0] <= high:
        return Parsed({}, ("year_out_of_range",))
    return Parsed({"first_registration": f"{found[0]:04d}-{found[1]:02d}", "model_year": found[0]})


def month(text: str) -> Parsed:
    """Read the month that stands beside a year of registration; 0 means nobody said."""
    found = number(text, thousands=False)
    fits = found is not None and found.value == int(found.value) and 1 <= found.value <= 12
    return Parsed({"_month": int(found.value)}) if found is not None and fits else NOTHING


def _month_and_year(text: str) -> tuple[int, int] | None:
    text = plain(text.strip())
    patterns = (
        r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.]\d{1,2})?(?:[ t].*)?$",
        r"^(?:\d{1,2}[-/.])?(?P<m>\d{1,2})[-/.](?P<y>\d{4})$",
        r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?:\d{2})?$",
        r"^(?:\d{1,2}\.? )?(?P<name>[a-z]{3,9})\.?,? (?:\d{1,2}, )?(?P<y>\d{4})$",
    )
    for pattern in patterns:
        match = re.match(pattern, text)
        if match is None:
            continue
        parts = match.groupdict()
        name = parts.get("name")
        number_of_month = _MONTHS.get(name[:5], _MONTHS.get(name[:3], 0)) if name else int(parts["m"])
        if 1 <= number_of_month <= 12:
            return int(parts["y"]), number_of_month
    return None


def moment(name: str) -> Parse:
    """Make a parser of times; one without a zone is UTC, and 03/04/2020 is the third of April."""

    def parse(text: str) -> Parsed:
        found = _moment(text.strip())
        if found is None:
            return Parsed({}, (f"{name}_unreadable",))
        return Parsed({name: found})

    return parse


def _moment(text: str) -> datetime | None:
    parts = re.match(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?$", text)
    if parts:
        day, month_of, year_of = int(parts[1]), int(parts[2]), int(parts[3])
        if month_of > 12 >= day:
            day, month_of = month_of, day
        text = f"{year_of:04d}-{month_of:02d}-{day:02d}T{(parts[4] or '00:00'):0>5}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def vin(text: str) -> Parsed:
    """Read a vehicle identification number."""
    said = text.strip().upper()
    return Parsed({"vin": said}) if re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", said) else Parsed({}, ("vin_implausible",))
