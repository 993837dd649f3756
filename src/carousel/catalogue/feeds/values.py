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

from carousel.catalogue.listing import RANGES, RATES_PER_EUR, YEARS_OF_TIMES, plain

KM_PER_MILE = 1.609344
KW_PER_PS = 0.73549875  # metric horsepower: PS, CV, KM, PK
KW_PER_BHP = 0.745699872  # mechanical horsepower
_LITRES_PER_GALLON = {"uk": 4.54609, "us": 3.785411784}

# Conventions of the field: below it is a joke or a part, above a typo or a phone number.
LEAST_PRICE, MOST_PRICE = 300, 10_000_000
_PLACEHOLDER_PRICES = {0, 1, 123_456, 1_234_567, 12_345_678, 123_456_789, 111_111, 1_111_111, 11_111_111, 9_999_999}
_PLACEHOLDER_MILEAGES = {111_111, 123_456, 999_999, 1_111_111, 1_234_567, 9_999_999}
_MOST_LITRES = 20  # an engine size below is litres, above cm³

_MISSING = {
    "", "-", "--", "---", "–", "—", "?", ".", "n/a", "na", "n.a.", "nan", "nil", "none", "null", "nat",
    "unknown", "unbekannt", "not set", "not specified", "unspecified", "not available", "nicht angegeben",
    "keine angabe", "k.a.", "k. a.", "tbd", "#n/a", "undefined", "не указано", "не указан", "нет данных", "нд",
    "nie podano", "brak", "brak danych", "neuvedeno", "nezadano", "non renseigné", "non precise", "nc", "n.c.",
    "inconnu", "no disponible", "sin especificar", "no especificado", "desconocido", "non specificato",
    "sconosciuto", "n.d.", "nd", "não informado", "nao informado", "onbekend", "okänd", "ukendt", "ukjent",
    "belirtilmemiş", "belirtilmemis", "bilinmiyor", "bilmiyorum", "nespecificat", "ismeretlen", "غير محدد",
    "غير معروف", "不明", "未知", "미정",
}  # fmt: skip
_AUTOSCOUT_MISSING = re.compile(r"^-/-")

# Digits and separators of other scripts as ours: Arabic-Indic, Persian, Devanagari and full-width.
_DIGITS = str.maketrans(
    "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९０１２３４５６７８９٬٫，．",
    "0123456789012345678901234567890123456789,.,.",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one cell says."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


Parse = Callable[[str], Parsed]

NOTHING = Parsed()


def is_missing(text: str, *, codes: bool = False) -> bool:
    """Tell whether a cell is empty or a word for "nothing".

    :param codes: two letters are a code of the field: NC is North Carolina. NA is nothing all the same: R and pandas
        write it far more often than anybody sells a car in Namibia.
    """
    word = text.strip().lower()
    if codes and len(word) == 2 and word.isascii() and word.isalpha() and word != "na":
        return False
    return word in _MISSING or bool(_AUTOSCOUT_MISSING.match(word))


# --- numbers ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[-+]?(?:\d[\d.,]*(?:[ '’\u00a0\u202f]\d{3}(?!\d)[\d.,]*)*|[.,]\d+)")
_RANGE = re.compile(r"^\s*(?:-|–|—|~|\.\.\.?|to\b|bis\b|do\b|až\b|à\b|до\b|a\b)\s*(?=\d)")
_TIMES: dict[str, float] = {
    "k": 1e3, "tsd": 1e3, "tys": 1e3, "tis": 1e3, "тыс": 1e3, "тис": 1e3, "ezer": 1e3, "bin": 1e3, "ألف": 1e3,
    "lakh": 1e5, "lac": 1e5, "crore": 1e7, "mio": 1e6, "mln": 1e6, "млн": 1e6, "万": 1e4, "萬": 1e4, "만": 1e4,
}  # fmt: skip
_TIMES_UNIT = re.compile(
    r"^\s*(?:(k|tsd|tys|tis|тыс|тис|ezer|bin|ألف|lakhs?|lacs?|crores?|mio|mln|млн)(?![^\W\d_])\.?|(万|萬|만))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """The first number of a text and the words around it, lower case.

    :ivar to: where a range ends: "1801-2000 cc".
    """

    value: float
    before: str
    after: str
    to: float | None = None

    @property
    def middle(self) -> float:
        """The number itself, or the middle of a range."""
        return self.value if self.to is None else (self.value + self.to) / 2


def number(text: str, *, thousands: bool) -> Number | None:
    """Read the first number of a text; None when there is none.

    :param thousands: how to read one mark before exactly three digits, which can mean both: "12.500" is 12500 with,
        12.5 without. Prices and distances have thousands; litres and coordinates have decimals.
    """
    text = text.translate(_DIGITS)
    match = _NUMBER.search(text)
    if match is None:
        return None
    after = text[match.end() :]
    # "1.499 lakh" has decimals, whatever stands there: who counts in lakhs leaves the thousands out.
    value = _digits(match.group(), thousands=thousands and _TIMES_UNIT.match(after) is None)
    if value is None:
        return None
    value, after = _multiplied(value, after)
    to = None
    if (joint := _RANGE.match(after)) and (end := _NUMBER.match(after, joint.end())):
        to = _digits(end.group(), thousands=thousands)
        if to is None or to < value:
            return None
        to, after = _multiplied(to, after[end.end() :])
    return Number(value, text[: match.start()].strip().lower(), after.strip().lower(), to)


def _multiplied(value: float, after: str) -> tuple[float, str]:
    """Return a value times the word behind it ("3.35 lakh"), and what follows."""
    times = _TIMES_UNIT.match(after)
    if times is None:
        return value, after
    word = (times.group(1) or times.group(2)).lower()
    return value * _TIMES[word if word in _TIMES else word.rstrip("s")], after[times.end() :]


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
    "au$": "AUD", "euro": "EUR", "euros": "EUR", "руб.": "RUB", "рублей": "RUB", "грн": "UAH", "лв": "BGN",
    "元": "CNY", "人民币": "CNY", "円": "JPY", "원": "KRW", "درهم": "AED", "ريال سعودي": "SAR", "ر.س": "SAR",
    "mxn$": "MXN", "nz$": "NZD", "eur.": "EUR", "₽.": "RUB", "din": "RSD",
}  # fmt: skip
_CURRENCY = re.compile(
    r"(?<![a-z])(?:" + "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True)) + r")(?![a-z])"
    r"|(?<![a-z])(?:" + "|".join(RATES_PER_EUR).lower() + r")(?![a-z])"
)
_ON_REQUEST = re.compile(
    r"request|anfrage|demande|consultar|richiesta|aanvraag|zapytanie|dotaz|договор|запрос|domluvou|\bpoa\b|\bcall\b"
    r"|contact|ask for|do negocjacji|sorunuz|面议|応談|عند الطلب|اتصل"
)
_NEGOTIABLE = re.compile(
    r"\b(negotiable|vb|vhb|verhandlungsbasis|obo|ono|o\.?n\.?o|à débattre|negociable|trattabili|do negocjacji"
    r"|торг|dohodou|pazarlık)\b"
)


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
            known = bool(fields) or _ON_REQUEST.search(text.lower()) is not None
            return Parsed(fields, () if known else (f"{label}_unreadable",))
        if found.to is not None:
            return Parsed(fields, (f"{label}_range",))  # nobody asks that price
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


def _plausible(name: str, value: float, label: str, *, digits: int | None = None, of: Number | None = None) -> Parsed:
    low, high = RANGES[name]
    if not low <= value <= high:
        return Parsed({}, (f"{label}_implausible",))
    in_range = (f"{label}_range",) if of is not None and of.to is not None else ()
    return Parsed({name: round(value) if digits is None else round(value, digits)}, in_range)


_KILOMETRES = re.compile(r"(?:km|kms|kilom\w*|км|километ\w*|كم|كيلو\w*|公里|千米|キロ|킬로)(?![^\W\d_])")
_MILES = re.compile(r"(?:mi|mls|miles?|миль|мили|英里|マイル)(?![^\W\d_])")
_SCANDINAVIAN_MILES = re.compile(r"mil(?![^\W\d_])")
_KM_PER = {"km": 1.0, "mi": KM_PER_MILE, "mil": 10.0}


def distance(unit: str | None, *, name: str = "mileage_km", digits: int | None = None) -> Parse:
    """Make a parser of `mileage_km`, or of another field in kilometres.

    :param unit: of values that name none: km, mi, or mil (ten kilometres); None when nothing says: km, with a warning.
    :param digits: decimals that are kept; None: whole kilometres.
    """
    label = name.removesuffix("_km")

    def parse(text: str) -> Parsed:
        found = number(text, thousands=True)
        if found is None:
            return Parsed({}, (f"{label}_unreadable",))
        value, used = found.middle, unit
        if _KILOMETRES.match(found.after):
            used = "km"
        elif _MILES.match(found.after):
            used = "mi"
        elif _SCANDINAVIAN_MILES.match(found.after):
            # "120 mil km" is a Spanish thousand, "12 000 mil" a Swedish distance; "120 mil" alone is either.
            if _KILOMETRES.match(found.after[3:].strip()):
                value, used = value * 1000, "km"
            elif unit == "mil" or value >= 1000:
                used = "mil"
            else:
                return Parsed({}, (f"{label}_unit_unknown",))
        if round(value) in _PLACEHOLDER_MILEAGES:
            return Parsed({}, (f"{label}_implausible",))
        parsed = _plausible(name, value * _KM_PER[used or "km"], label, digits=digits, of=found)
        if parsed.fields and used is None:
            return Parsed(parsed.fields, (*parsed.warnings, "unit_assumed"))
        return parsed

    return parse


_POWER_UNITS = re.compile(
    r"(?P<kw>kw|квт|كيلوواط|千瓦)|(?P<bhp>bhp|hp)"
    r"|(?P<ps>ps|cv|pk|ch|km|hk|hv|le|ks|bg|beygir|л\.?\s?с|к\.?\s?с|л|حصان|马力|馬力|마력)"
)


def power(unit: str | None) -> Parse:
    """Make a parser of `power_kw`. `unit` of values that name none: kw, ps or bhp; None is kW, with a warning."""

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        if found is None:
            return Parsed({}, ("power_unreadable",))
        said = _POWER_UNITS.match(found.after)
        used = said.lastgroup if said else unit
        factor = {"ps": KW_PER_PS, "bhp": KW_PER_BHP}.get(used or "kw", 1.0)
        parsed = _plausible("power_kw", found.middle * factor, "power", of=found)
        if parsed.fields and used is None:
            return Parsed(parsed.fields, (*parsed.warnings, "power_unit_assumed"))
        return parsed

    return parse


_ENGINE_SIZE = re.compile(r"(?:(?P<cc>c\.?c|ccm|cm[3³]?|см[3³]?)|l(?:t|tr|it\w*)?|л(?:итр\w*)?(?!\.?\s?с))(?![^\W\d_])")
_NO_ENGINE_SIZE = re.compile(rf"(?:{_POWER_UNITS.pattern}|kwh|v|cyl\w*|zyl\w*|cil\w*|цил\w*)(?![^\W_])")


def displacement(text: str) -> Parsed:
    """Read an engine size: "1248 CC", "1.6", "1,598 cm³", "V6 3.0L", "1801-2000 cc"; a number below 20 is litres.

    The number with a unit of volume counts; without one the first that is no part of a name (V6, I4) and counts
    nothing else: valves, cylinders, power.
    """
    text = text.translate(_DIGITS)
    first: Number | None = None
    for match in _NUMBER.finditer(text):
        if text[match.start() - 1 : match.start()].isalpha():
            continue
        start = match.start() + (match.group()[0] in "+-")
        found = number(text[start:], thousands=False)
        if found is None:
            break
        if unit := _ENGINE_SIZE.match(found.after):
            return _displacement(number(text[start:], thousands=True) if unit["cc"] else found, in_cc=bool(unit["cc"]))
        if first is None and not _NO_ENGINE_SIZE.match(found.after):
            first = found
    return _displacement(first, in_cc=False)


def _displacement(found: Number | None, *, in_cc: bool) -> Parsed:
    if found is None:
        return Parsed({}, ("displacement_unreadable",))
    value = found.middle * 1000 if found.value < _MOST_LITRES and not in_cc else found.middle
    return _plausible("displacement_cc", value, "displacement", of=found)


def consumption(gallon: str | None) -> Parse:
    """Make a parser of `consumption_l_100km` from "6.5 l/100km", "23.4 kmpl" or miles per gallon (uk or us).

    What a cell says in kWh is `consumption_kwh_100km`.
    """
    miles_per_gallon = 100 * _LITRES_PER_GALLON[gallon] / KM_PER_MILE if gallon else None

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        if found is None:
            return Parsed({}, ("consumption_unreadable",))
        said = found.middle
        if said <= 0:
            return Parsed({}, ("consumption_implausible",))
        value: float | None = said
        if re.match(r"kmpl|km\s?/\s?l|kml|км\s?/\s?л", found.after):
            value = 100 / said
        elif re.match(r"(?:km\s?/\s?)?(?:kg|кг|m3|m³|м3|м³)", found.after):
            return Parsed({}, ("consumption_per_kg",))  # gas by mass, or by volume, has no litres
        elif (of_battery := _kwh_per_100km(said, found.after)) is not None:
            return _plausible("consumption_kwh_100km", of_battery, "consumption", digits=1, of=found)
        elif gallon is not None or found.after.startswith("mpg"):
            value = None if miles_per_gallon is None else miles_per_gallon / said
        if value is None:
            return Parsed({}, ("consumption_unit_unknown",))
        return _plausible("consumption_l_100km", value, "consumption", digits=1, of=found)

    return parse


def _kwh_per_100km(said: float, unit: str) -> float | None:
    """Convert kWh per 100 km or miles, Wh/km, and distances per kWh; None for any other unit."""
    if match := re.match(r"(?:kwh|квт)(?:\s?/\s?100\s?(mi))?", unit):
        return said / _KM_PER[match[1] or "km"]
    if re.match(r"wh\s?/\s?km", unit):
        return said / 10
    match = re.match(r"(km|mi)(?:les?)?\s?/\s?kwh", unit)
    return 100 / (said * _KM_PER[match[1]]) if match else None


def count(name: str) -> Parse:
    """Make a parser of whole numbers such as doors: "5", "5.0", "4/5", "6 cylinders"; an address counts nothing."""
    label = name.removesuffix("_count").removesuffix("_g_km")

    def parse(text: str) -> Parsed:
        if "://" in text:
            return Parsed({}, (f"{label}_unreadable",))
        found = number(text.rpartition("/")[2] if re.fullmatch(r"\d/\d", text.strip()) else text, thousands=False)
        if found is None:
            return NOTHING if plain(text).strip() in ("other", "andere") else Parsed({}, (f"{label}_unreadable",))
        if found.to is not None:
            return Parsed({}, (f"{label}_range",))
        return _plausible(name, found.value, label)

    return parse


def decimal(name: str) -> Parse:
    """Make a parser of numbers with decimals such as coordinates and battery capacities."""

    def parse(text: str) -> Parsed:
        found = number(text, thousands=False)
        if found is None or found.to is not None:
            return Parsed({}, (f"{name}_unreadable",))
        return _plausible(name, found.value, name, digits=6)

    return parse


# --- dates -----------------------------------------------------------------------------------------------------------

# By the first letters, without accents, of English, German, French, Spanish, Italian, Portuguese, Dutch, Romanian,
# Polish, Czech, Turkish, Russian and Ukrainian; the longer beginning wins ("juil" before "jui").
_MONTHS = {
    beginning: month
    for month, beginnings in enumerate(
        (
            "jan ene gen ian sty led oca янв січ", "feb fev lut uno sub фев лют", "mar maerz mrt maart bre мар бер",
            "apr avr abr kwi dub nis апр кві", "may mai maj mag mei kve май мая тра",
            "jun juin giu iun cze cerven haz июн чер", "jul juil lug iul lip cervenec tem июл лип",
            "aug aou ago sie srp agu авг сер", "sep set wrz zar eyl сен вер", "oct okt ott out paz rij eki окт жов",
            "nov noi lis kas ноя лис", "dec dez dic gru pro ara дек гру",
        ),
        start=1,
    )
    for beginning in beginnings.split()
}  # fmt: skip
_YEAR = re.compile(r"^(\d{4})(?:\.0+)?$")
_YEAR_IN_WORDS = re.compile(r"(?<!\d)(?:18|19|20)\d{2}(?!\d)")
_NAME = r"(?P<name>[^\W\d_]{3,12})"
_MONTH_AND_YEAR = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.]\d{1,2})?(?:[ t].*)?$",
        r"^(?:\d{1,2}[-/. ])?(?P<m>\d{1,2})[-/. ](?P<y>\d{4})(?: г\.?)?$",
        r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?:\d{2})?$",
        r"^(?P<y>\d{4})\s?[年년]\s?(?P<m>\d{1,2})\s?[月월].*$",
        rf"^(?:\d{{1,2}}\.? )?(?:de )?{_NAME}\.?,?(?: de)?[ -](?:\d{{1,2}}, )?(?P<y>\d{{4}})(?: г\.?)?$",
    )
)
_SHORT = re.compile(r"^(?P<m>\d{1,2})/(?P<y>\d{2})$")
_DAY_OR_MONTH = re.compile(r"^\s*(\d{1,2})[./-](\d{1,2})[./-](?=\d{4}(?!\d))")


def year(text: str) -> Parsed:
    """Read a model year: "2012", "2012.0", "2012 г.", or the year of a date; out of range rejects the row."""
    text = text.translate(_DIGITS).strip()
    match = _YEAR.match(text)
    if match:
        found: int | None = int(match.group(1))
    elif year_and_month := _month_and_year(text):
        found = year_and_month[0]
    else:
        years = set(_YEAR_IN_WORDS.findall(text))
        found = int(years.pop()) if len(years) == 1 else None
    if found is None:
        return Parsed({}, ("year_unreadable",))
    low, high = RANGES["model_year"]
    return Parsed({"model_year": found}) if low <= found <= high else Parsed({}, ("year_out_of_range",))


def registration(text: str, *, month_first: bool = False) -> Parsed:
    """Read a first registration: "2015-03", "03/2015", "03/15", "1.3.2015", "March 2015", or a year alone.

    :param month_first: "3/1/2015" is the first of March.
    """
    text = text.translate(_DIGITS)
    if month_first:
        text = _DAY_OR_MONTH.sub(r"\2/\1/", text)
    found = _month_and_year(text) or _short_month_and_year(text)
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
    if found is None:
        named = _month_named(plain(text.strip()))
        return Parsed({"_month": named}) if named else NOTHING
    fits = found.to is None and found.value == int(found.value) and 1 <= found.value <= 12
    return Parsed({"_month": int(found.value)}) if fits else NOTHING


def _month_named(name: str) -> int:
    """Return 1 to 12 for a month's name without accents, else 0."""
    return next((_MONTHS[name[:n]] for n in (8, 6, 5, 4, 3) if name[:n] in _MONTHS), 0)


def _month_and_year(text: str) -> tuple[int, int] | None:
    text = plain(text.strip())
    for pattern in _MONTH_AND_YEAR:
        match = pattern.match(text)
        if match is None:
            continue
        parts = match.groupdict()
        name = parts.get("name")
        number_of_month = _month_named(name) if name else int(parts["m"])
        if 1 <= number_of_month <= 12:
            return int(parts["y"]), number_of_month
    return None


def _short_month_and_year(text: str) -> tuple[int, int] | None:
    match = _SHORT.match(text.strip())
    if match is None or not 1 <= int(match["m"]) <= 12:
        return None
    short = int(match["y"])
    return (2000 if short <= RANGES["model_year"][1] % 100 else 1900) + short, int(match["m"])


_CLOCK = (  # 15:15, 3:15:00 pm, 3pm, 15h15, 15h
    r"(?P<t>(?:[01]?\d|2[0-3])(?:[:h][0-5]\d(?::[0-5]\d)?|h|(?=\s?[ap]\.?m)))(?:\s?(?P<half>[ap])\.?m\.?)?"
)
_DAY_FIRST = re.compile(
    rf"^(?P<d>\d{{1,2}})[./-](?P<m>\d{{1,2}})[./-](?P<y>\d{{4}})(?:[ ,T]+{_CLOCK})?$", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})(.*)$")
_AND_CLOCK = (  # 5 maja 2020 r.; 5. Mai 2020 um 15:15 Uhr; Tue, 5 May 2020 15:15:00 +0200; else the day alone
    r"(?:(?: (?:г(?:ода|\.)?|року|р\.|r\.))?(?:,? (?:(?:um|at|a las|a|alle|ore|o|om|kl\.?|в) )?"
    rf"{_CLOCK}(?: ?(?:uhr|hrs?|h))?"
    r"(?: ?(?:utc?|gmt|z)?(?P<z>[+-](?:0\d|1[0-4]):?[0-5]\d)?(?: \([^)]+\))?)?)?$|(?!\d))"
)
_NAMED = re.compile(
    rf"^(?:[^\W\d_]{{2,12}}\.?,? )?(?P<d>\d{{1,2}})\.?(?: de)? {_NAME}\.?(?: de)?,? (?P<y>\d{{4}}){_AND_CLOCK}"
)
_JAVASCRIPT = re.compile(
    r"^[a-z]{3} (?P<name>[a-z]{3}) (?P<d>\d{1,2}) (?P<y>\d{4}) (?P<t>\d{2}:\d{2}:\d{2}) gmt(?P<z>[+-]\d{4})"
)
_AMERICAN = re.compile(rf"^(?P<name>[a-z]{{3,9}})\.? (?P<d>\d{{1,2}}),? (?P<y>\d{{4}}){_AND_CLOCK}")
_SECONDS_OF_TIMES = (0.5e9, 2.5e9)  # 1985 to 2049


def moment(name: str, *, month_first: bool = False) -> Parse:
    """Make a parser of times; one without a zone is UTC.

    :param month_first: how to read 03/04/2020 where both readings are dates; else it is the third of April.
    """

    def parse(text: str) -> Parsed:
        try:
            found = _moment(text.translate(_DIGITS).strip(), month_first)
        except (ValueError, OverflowError):
            found = None
        return Parsed({name: found}) if found is not None else Parsed({}, (f"{name}_unreadable",))

    return parse


def _moment(text: str, month_first: bool) -> datetime | None:
    if re.fullmatch(r"\d{9,13}(?:\.\d+)?", text):
        seconds = float(text) / (1000 if float(text) > _SECONDS_OF_TIMES[1] else 1)
        low, high = _SECONDS_OF_TIMES
        return datetime.fromtimestamp(seconds, UTC) if low <= seconds <= high else None
    if parts := _DAY_FIRST.match(text):
        day, month_of = int(parts["d"]), int(parts["m"])
        if month_of > 12 >= day or (month_first and day <= 12):
            day, month_of = month_of, day
        text = f"{parts['y']}-{month_of:02d}-{day:02d}T{_clock(parts)}"
    elif parts := _YEAR_FIRST.match(text):
        text = f"{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}{parts[4]}"
    elif parts := _JAVASCRIPT.match(said := plain(text)) or _AMERICAN.match(said) or _NAMED.match(said):
        month_of = _month_named(parts["name"])
        text = f"{parts['y']}-{month_of:02d}-{int(parts['d']):02d}T{_clock(parts)}{parts['z'] or ''}"
    else:
        text = re.sub(r" ?(UTC|GMT|Z)$", "+00:00", text)
    found = datetime.fromisoformat(text)
    if found.year not in YEARS_OF_TIMES:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _clock(parts: re.Match[str]) -> str:
    """Return the time of day a match of `_CLOCK` names, of 24 hours; midnight where it names none."""
    said = parts.groupdict()
    hour, _, rest = (said["t"] or "0").lower().replace("h", ":").partition(":")
    half = said.get("half")
    of_24 = int(hour) if half is None else int(hour) % 12 + 12 * (half.lower() == "p")
    return f"{of_24:02d}:{rest or '00'}"


def vin(text: str) -> Parsed:
    """Read a vehicle identification number."""
    said = text.strip().upper()
    return Parsed({"vin": said}) if re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", said) else Parsed({}, ("vin_implausible",))
