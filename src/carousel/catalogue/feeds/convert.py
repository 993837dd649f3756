"""Turn a row into a listing, or say why it cannot be one."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson

from carousel.catalogue.feeds import values as v
from carousel.catalogue.feeds.feed import Row
from carousel.catalogue.feeds.header import IGNORE, ROW_NUMBERS, Column, Header, normalise
from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.feeds.phrases import named_in
from carousel.catalogue.feeds.profiles import DistanceUnit
from carousel.catalogue.feeds.values import NOTHING, Parse, Parsed
from carousel.catalogue.feeds.words import flag, owners, word
from carousel.catalogue.listing import ENUMS, LENGTHS, RANGES, RATES_PER_EUR, Listing, ListingId, plain
from carousel.errors import InputError

_REMEMBERED = 50_000  # distinct cells of one column that are converted once; then the memory starts afresh
_SHORT = 60  # characters of a cell worth remembering: prices repeat, descriptions do not
_WANTED = re.compile(r"^(ich[ _]+)?(suche|suchen|gesucht|kaufe|wanted|wtb|looking[ _]for)(?![^\W_])", re.IGNORECASE)
_VAGUE = re.compile(r"[\s_]reihe$", re.IGNORECASE)  # a classifieds site's own groups: "2_reihe" of Peugeot
_PARTS = re.compile(
    r"schlacht(?:e|fest|en)|teileträger|teilespender|(?<![^\W_])karosse(?![^\W_])|for parts|parts only|na części"
    r"|na náhradní díly|pour pièces|para piezas|para despiece|per ricambi|на запчасти|parça için",
    re.IGNORECASE,
)
_WANTED_OFFERS = {"gesuch", "wanted", "suche"}
_YEAR = re.compile(
    r"(?<![\d.,])(?:19[5-9]\d|20\d\d)(?![\d.,]*\d|\s?(?:cc|ccm|cm3|km|kg|€|\$|eur|hp|ps)\b)", re.IGNORECASE
)
_MOST_UNKNOWN = 1_000  # different words remembered that no table has
_SHIFTED = 3  # columns of numbers with different words in them
_WEB = re.compile(r"https?://")
_BARE_NUMBER = re.compile(r"^[^\w\s]?\d[\d.,]*$")
_CODED = {"country", "region"}  # fields whose values are two letters, as some words for "nothing" are
_DRIVEN_KM, _CERTAINLY_DRIVEN_YEARS = 100, 15
_NEW_UP_TO_KM = 1_000  # conventions of the field: a car that drove more is not new
_COUNTRIES = {
    "germany": "DE", "deutschland": "DE", "france": "FR", "spain": "ES", "italy": "IT", "poland": "PL", "polska": "PL",
    "austria": "AT", "netherlands": "NL", "belgium": "BE", "switzerland": "CH", "united kingdom": "GB", "uk": "GB",
    "united states": "US", "usa": "US", "india": "IN", "turkey": "TR", "turkiye": "TR", "russia": "RU", "china": "CN",
    "japan": "JP", "south korea": "KR", "canada": "CA", "czech republic": "CZ", "czechia": "CZ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a row is no listing. `listing_id` is set when the row at least said which one it means."""

    reason: str
    detail: str
    listing_id: ListingId | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller says about a feed, and what to assume where nobody says anything.

    :ivar words: {field: {cell: value}} of a mapping file: what words mean that no table has.
    """

    source: str
    now: datetime
    currency: str | None = None
    assumed_currency: str = "EUR"
    distance_unit: DistanceUnit | None = None
    make: str | None = None
    words: Mapping[str, Mapping[str, Any]] | None = None


_NOBODY = (None, None, None)


class Converter:
    """Converts the rows of one feed; a cell seen before is looked up, not parsed again."""

    def __init__(self, header: Header, given: Given) -> None:
        self._given = given
        self._profile = header.profile
        self._makes = makes()
        words = (given.words or {}).items()
        self._own_words = {field: {_key(text): value for text, value in own.items()} for field, own in words}
        self._names = [c.name for c in header.columns]
        self._id = header.of("listing_id")
        self._is_american = self._counts_miles_and_dollars(header) or (
            self._profile is not None and self._profile.country == "US"
        )
        self._text_of = {
            name: column.index
            for name in ("make", "model", "make_and_model", "title")
            if (column := header.of(name)) is not None
        }
        # By name and without row numbers: a listing keeps its id when columns move or rows are numbered again.
        self._content = sorted((c.name, c.index) for c in header.columns if normalise(c.name) not in ROW_NUMBERS)
        self._attributes = [(c.name.strip()[:64], c.index) for c in header.columns if c.field is None]
        self._parsers: list[tuple[str, int, Parse, dict[str, Parsed]]] = [
            (c.field, c.index, parse, {})
            for c in sorted(header.columns, key=lambda column: column.spare)
            if c.field is not None and (parse := self._parser(c)) is not None
        ]
        self._spares = {c.index for c in header.columns if c.spare}
        self.unknown: Counter[tuple[str, str]] = Counter()
        """(field, text) of words that no table has, and in how many rows."""
        self._identities: dict[tuple[str, str, str], tuple[str | None, str | None, str | None]] = {}
        self._by_word: dict[tuple[str, str, str, str], dict[str, str]] = {}
        self._constant: dict[str, Any] = {"source": given.source, "listed_at": given.now}
        if self._profile is not None and self._profile.country is not None:
            self._constant["country"] = self._profile.country

    def _counts_miles_and_dollars(self, header: Header) -> bool:
        """Tell whether a feed is of the United States by its units, as far as they are said for all of it."""
        given, distance, price = self._given, header.of("mileage_km"), header.of("price_amount")
        unit = given.distance_unit or (distance and distance.unit)
        return unit == "mi" and (given.currency or (price and price.unit) or given.assumed_currency) == "USD"

    def digest(self, cells: Sequence[str]) -> str:
        """Return 20 hexadecimal digits of a row's own content."""
        content = "\x1f".join([f"{name}={cells[i]}" for name, i in self._content if cells[i]])
        return hashlib.blake2b(content.encode(errors="surrogatepass"), digest_size=10).hexdigest()

    def listing_id(self, cells: Sequence[str], digest: str) -> ListingId:
        """Return the id the source gives, else one made of the row's content."""
        return self._own_id(cells) or ListingId(f"{self._given.source}-{digest}")

    def _own_id(self, cells: Sequence[str]) -> ListingId | None:
        return _as_id(cells[self._id.index]) if self._id is not None else None

    def mentioned(self, row: Row) -> list[ListingId]:
        """Return the ids a row that cannot be read may mean.

        Of a row with too many or too few cells nobody knows where it broke: behind the id, or before it. So the id
        counts where its column is from the left, and where it is from the right.
        """
        if self._id is None or (row.problem is not None and row.problem[0] == "bad_json"):
            return []  # what cannot be read as JSON is one text
        at = self._id.index
        places = (at, at - len(self._names) + len(row.cells))
        said = [_as_id(row.cells[place].replace("\x00", "")) for place in places if 0 <= place < len(row.cells)]
        return list(dict.fromkeys(listing_id for listing_id in said if listing_id is not None))

    def says_status(self, cells: Sequence[str]) -> bool:
        """Tell whether a row knows if its car was sold: an empty cell and a word no table has say nothing."""
        return any(
            field == "status" and _parsed(field, parse, known, cells[index]).fields
            for field, index, parse, known in self._parsers
        )

    def convert(self, row: Row, listing_id: ListingId) -> Listing | Rejected:
        """Return the listing a row describes."""
        cells = row.cells
        values: dict[str, Any] = {**self._constant, "listing_id": listing_id}
        warnings: list[str] = []
        doubts: dict[str, tuple[int, Parsed]] = {}
        for field, index, parse, known in self._parsers:
            if index in self._spares and field in values:
                continue
            parsed = _parsed(field, parse, known, cells[index])
            for name, value in parsed.fields.items():
                if name == field:
                    values[name] = value
                else:
                    values.setdefault(name, value)
            if parsed.warnings:
                doubts[field] = (index, parsed)
            elif field in doubts and parsed.fields:
                del doubts[field]  # the spare column knows
        for _, parsed in doubts.values():
            warnings += parsed.warnings
        if len(values) == len(self._constant) + 1 and not any(c.strip() for c in cells):
            return Rejected("empty_row", "no cell has a value")
        known_id = self._own_id(cells) and listing_id
        rejected = self._shifted(doubts, cells) or self._settle(values, warnings, cells)
        if rejected is not None:
            return Rejected(*rejected, known_id)
        attributes = {name: cells[i].strip() for name, i in self._attributes if not v.is_missing(cells[i])}
        for name, (index, parsed) in doubts.items():
            if parsed.warnings[0].endswith("_unknown"):
                text = cells[index].strip()
                attributes[self._names[index].strip()[:64]] = text
                if len(self.unknown) < _MOST_UNKNOWN or (name, text[:_SHORT]) in self.unknown:
                    self.unknown[name, text[:_SHORT]] += 1
        if attributes:
            values["attributes"] = {**values.get("attributes", {}), **attributes}
        if known_id is not None:
            values.setdefault("source_listing_id", known_id)
        values["import_warnings"] = tuple(dict.fromkeys(warnings))
        try:
            return Listing(**values)
        except InputError as error:
            return Rejected(f"invalid_{error.field}", str(error), known_id)

    def _shifted(self, doubts: Mapping[str, tuple[int, Parsed]], cells: Sequence[str]) -> tuple[str, str] | None:
        """Tell a row whose cells stand in the wrong columns: words where numbers belong, numbers where words do."""
        said = {field: cells[index].strip() for field, (index, _) in doubts.items()}
        words = {f: text for f, text in said.items() if f in RANGES and not any(c.isdigit() for c in text)}
        numbers = {f: text for f, text in said.items() if f in ENUMS and _BARE_NUMBER.match(text)}
        # A word such as "none" may stand in many columns of numbers; a shift brings words and numbers at once.
        if not (words and numbers) and len(set(words.values())) < _SHIFTED:
            return None
        shown = " and ".join(f"{field} is {text[:40]!r}" for field, text in [*words.items(), *numbers.items()][:3])
        return "shifted_row", f"{shown}: the cells seem to stand in the wrong columns"

    def _settle(self, values: dict[str, Any], warnings: list[str], cells: Sequence[str]) -> tuple[str, str] | None:
        """Decide what needs more than one cell; return (reason, detail) when the row is no listing."""
        title = cells[self._text_of["title"]] if "title" in self._text_of else ""
        if values.pop("_wanted", False) or _WANTED.match(title):
            return "wanted_ad", "someone looks for a car; nobody offers one"
        if _PARTS.search(title) or ("price_amount" not in values and "karosserie" in title.lower()):
            return "not_a_car", "the title offers parts"
        make = cells[self._text_of["make"]] if "make" in self._text_of else ""
        if self._makes.is_no_car(make):
            return "not_a_car", f"make is {make!r}"
        found_make, model, variant = self._identity(make, cells, title)
        title_of_car = cells[self._text_of["make_and_model"]] if "make_and_model" in self._text_of else title
        if found_make is None:
            return "no_make", f"make is {make!r}, and no title starts with one that is known; see --make and --map"
        if model is None:
            return "no_model", f"make is {found_make}, and neither model nor title names a model of it"
        values["make"], values["model"] = found_make, model
        if variant is not None:
            values.setdefault("variant", variant[:200])
        if values.get("model_year") is None and values.get("first_registration") is None and title_of_car:
            self._year_of_title(values, title_of_car, model, warnings)
        if values.get("model_year") is None and values.get("first_registration") is None:
            if "year_out_of_range" in warnings:
                return "year_out_of_range", "no car was built then"
            return "no_year", "neither a model year nor a first registration that can be read"
        self._by_words(values, warnings, title_of_car)
        month = values.pop("_month", None)
        if month is not None and "first_registration" not in values:
            values["first_registration"] = f"{values['model_year']:04d}-{month:02d}"
        self._settle_price(values, warnings)
        if values.get("mileage_km", _DRIVEN_KM) < _DRIVEN_KM and self._age(values) > _CERTAINLY_DRIVEN_YEARS:
            del values["mileage_km"]  # 1 km, typed in to fill the form
            warnings.append("mileage_implausible")
        if values.get("condition") == "new" and values.get("mileage_km", 0) >= _NEW_UP_TO_KM:
            values["condition"] = "used"
            warnings.append("condition_implausible")
        if values["listed_at"] > self._given.now + timedelta(days=1):
            values["listed_at"] = self._given.now
            warnings.append("listed_at_implausible")
        return None

    def _by_words(self, values: dict[str, Any], warnings: list[str], title: str) -> None:
        """Take from title and variant what no column says: "Sedan Automatic", "320d Touring", "1.6 TDI"."""
        lacking = [name for name in ("fuel_type", "transmission", "body_type") if name not in values]
        if not lacking:
            return
        said = (values["make"], values["model"], title, values.get("variant", ""))
        found = self._by_word.get(said)
        if found is None:
            if len(self._by_word) >= _REMEMBERED:
                self._by_word.clear()
            found = self._by_word[said] = named_in(*said)
        for name in lacking:
            if name in found:
                values[name] = found[name]
                warnings.append(f"{name.removesuffix('_type')}_from_title")

    def _age(self, values: Mapping[str, Any]) -> int:
        year = values.get("model_year") or int(values["first_registration"][:4])
        return self._given.now.year - int(year)

    def _year_of_title(self, values: dict[str, Any], title: str, model: str, warnings: list[str]) -> None:
        """Take the year a title says; of a "Peugeot 2008 2015" the name of the model is none."""
        said = title.replace(model, " ", 1) if _YEAR.search(model) else title
        years = {int(year) for year in _YEAR.findall(said)}
        low, high = RANGES["model_year"]
        if len(years) == 1 and low <= (year := years.pop()) <= high:
            values["model_year"] = year
            warnings.append("year_from_title")

    def _settle_price(self, values: dict[str, Any], warnings: list[str]) -> None:
        said = values.pop("_currency", None)
        if said is None or self._given.currency is not None or "price_amount" not in values:
            return
        warnings[:] = [warning for warning in warnings if warning != "currency_assumed"]  # of price and list price
        if said in RATES_PER_EUR:
            values["price_currency"] = said
        else:
            del values["price_amount"], values["price_currency"]
            warnings.append("currency_unknown")

    def _identity(self, make: str, cells: Sequence[str], title: str) -> tuple[str | None, str | None, str | None]:
        """Return (make, model, variant) of a row's make, model and title."""
        model = cells[self._text_of["model"]] if "model" in self._text_of else ""
        name = cells[self._text_of["make_and_model"]] if "make_and_model" in self._text_of else ""
        make, model = self._said("make", make), self._said("model", model)
        if _VAGUE.search(model):
            return self._of_vague_model(make, model, title)
        text = "" if make and model else (name or title)
        key = (make, model, text)
        found = self._identities.get(key)
        if found is None:
            if len(self._identities) >= _REMEMBERED:
                self._identities.clear()
            found = self._identities[key] = self._identify(make, model, text.replace("_", " "), clean=bool(name))
        return found

    def _of_vague_model(self, make: str, model: str, title: str) -> tuple[str | None, str | None, str | None]:
        """Find the model a "4_reihe" means in the title, which says 407; else it stays as the source has it."""
        known = self._makes.make(make) or _tidy(make) or None
        found = self._makes.find_model(known, title.replace("_", " ")) if known else None
        return (known, *(found or (_tidy(model), None)))

    def _said(self, field: str, text: str) -> str:
        text = self._own_words.get(field, {}).get(_key(text), text)
        return "" if v.is_missing(text) or self._makes.is_not_said(text) else text.strip()

    def _identify(self, make: str, model: str, text: str, *, clean: bool) -> tuple[str | None, str | None, str | None]:
        """`clean`: the text is nothing but make, model and variant, so its first word after the make is a model."""
        given = self._given.make if self._given.make and not make else make
        if not given:
            split = self._makes.split_make(text or model)
            if split is None:
                return self._by_model_alone(model)
            given, rest = split
            model, text = ("", rest) if text else (rest, "")
        elif model and (split := self._makes.split_make(f"{given} {model}")) is not None and len(split[1]) < len(model):
            # "Land" + "Rover Discovery": a make of two words cut in the middle.
            given, model = split[0], split[1]
        known = (self._profile.makes.get(plain(given)) if self._profile else None) or self._makes.make(given)
        found_make = known or _tidy(given)
        if model:
            whole = self._makes.model(found_make, model)
            if whole is not None:
                return found_make, whole, None
            if self._profile is None or not self._profile.keeps_trim_in_model:
                return found_make, _tidy(model), None
            return found_make, *(self._makes.split_model(found_make, model) or (_tidy(model), None))
        if not clean:
            return found_make, *(self._makes.find_model(found_make, text) or (None, None))
        split_text = self._makes.split_make(text)
        rest = split_text[1] if split_text is not None and split_text[0] == found_make else text
        first, _, variant = rest.partition(" ")
        return found_make, *(self._makes.split_model(found_make, rest) or (first or None, variant.strip() or None))

    def _by_model_alone(self, model: str) -> tuple[str | None, str | None, str | None]:
        """Name the make by the model where the feed has no column for makes; an empty cell is a fault of its row."""
        make = None if "make" in self._text_of or not model else self._makes.make_of_model(model)
        return (make, self._makes.model(make, model) or _tidy(model), None) if make is not None else _NOBODY

    def _parser(self, column: Column) -> Parse | None:
        field = column.field
        if field is not None and field in self._own_words:
            return _with_words(field, self._own_words[field], self._parser_of(column))
        return self._parser_of(column)

    def _parser_of(self, column: Column) -> Parse | None:
        field, unit = column.field, column.unit
        profile, given = self._profile, self._given
        if field is None or field in _NO_PARSER:
            return None
        month_first = self._is_american if column.month_first is None else column.month_first
        if field in ("listed_at", "updated_at", "sold_at"):
            return v.moment(field, month_first=month_first)
        if field == "first_registration":
            return partial(v.registration, month_first=month_first)
        if field in _PARSERS:
            return _PARSERS[field]
        if field in ENUMS:
            return word(field)
        if field == "postal_code":
            return _postal_code(profile.postal_code_digits if profile else None)
        if field in LENGTHS:
            return _text(field)
        if field in ("price_amount", "msrp_amount"):
            known = given.currency or unit or (profile.currency if profile else None)
            signs_are_true = given.currency is None and (profile is None or profile.signs_are_true)
            return v.money(field, known or given.assumed_currency, assumed=known is None, signs_are_true=signs_are_true)
        if field in ("mileage_km", "electric_range_km"):
            known = given.distance_unit or unit or (profile.distance_unit if profile else None)
            return v.distance(known, name=field, digits=None if field == "mileage_km" else 1)
        if field == "power_kw":
            return v.power(unit)
        if field == "consumption_l_100km":
            gallon = profile.gallon if profile else None
            return v.consumption(gallon if unit == "mpg" or "mpg" in normalise(column.name) else None)
        return None


def _parsed(field: str, parse: Parse, known: dict[str, Parsed], text: str) -> Parsed:
    """Return what a cell says, from what is known of such cells where it can be."""
    parsed = known.get(text)
    if parsed is None:
        parsed = NOTHING if v.is_missing(text, codes=field in _CODED) else parse(text)
        if len(known) >= _REMEMBERED:
            known.clear()
        if len(text) <= _SHORT:
            known[text] = parsed
    return parsed


def _as_id(text: str) -> ListingId | None:
    """Return a cell as an id; NULL is none, while two letters may be one."""
    return None if v.is_missing(text, codes=True) else ListingId(text.strip())


def _key(text: str) -> str:
    return plain(text).strip()


def _with_words(field: str, words: Mapping[str, Any], parse: Parse | None) -> Parse:
    """Make a parser that looks a cell up among the caller's own words first."""

    def look_up(text: str) -> Parsed:
        value = words.get(_key(text))
        if value is not None:
            return Parsed({field: value})
        return parse(text) if parse is not None else NOTHING

    return look_up


def _tidy(text: str) -> str:
    """Write a name the dictionary does not know as a name: "grand cherokee srt" gets capitals, "GT86" stays."""
    words = text.replace("_", " ").split()
    if text.lower() != text:
        return " ".join(words)
    return " ".join(w.upper() if len(w) <= 3 or any(c.isdigit() for c in w) else w.capitalize() for w in words)


def _text(field: str) -> Parse:
    """Make a parser of plain text; what is longer than the field is cut, with a warning."""
    longest = LENGTHS[field]

    def parse(text: str) -> Parsed:
        said = text.strip()
        if field == "title" and " " not in said:
            said = said.replace("_", " ").strip()
        if not said:
            return NOTHING
        if len(said) > longest:
            return Parsed({field: said[:longest]}, (f"{field}_cut",))
        return Parsed({field: said})

    return parse


def _postal_code(digits: int | None) -> Parse:
    """Make a parser that gives back the leading zeros a spreadsheet took away."""

    def parse(text: str) -> Parsed:
        said = text.strip().removesuffix(".0")
        return Parsed({"postal_code": said.zfill(digits) if digits and said.isdigit() else said[:20]})

    return parse


def _url(text: str) -> Parsed:
    """Keep web addresses only: a page shows them as links."""
    said = text.strip()
    return Parsed({"url": said[:2_000]}) if _WEB.match(said) else Parsed({}, ("url_implausible",))


def _list(text: str, separators: str) -> list[str]:
    if text.lstrip().startswith("["):
        try:
            said = orjson.loads(text)
        except ValueError:
            said = []
        values = [_address_in(item) if isinstance(item, dict) else item for item in said]
        return [str(value) for value in values if isinstance(value, str | int | float)]
    return [part.strip() for part in re.split(separators, text) if part.strip()]


def _address_in(item: Mapping[str, Any]) -> str | None:
    """Return the web address an object holds, as in [{"url": "https://..."}]."""
    return next((value for value in item.values() if isinstance(value, str) and _WEB.match(value)), None)


# A comma inside an address is part of it where an option of a picture follows: ".../w_800,h_600/car.jpg",
# "...?rect=0,0,800,600", ".../width=800,quality=75/car.jpg". Before anything else it stands between two addresses.
_BETWEEN_IMAGES = r"[;,]+(?!(?:[a-z]{1,2}|dpr|fps)_|\w+=|\d+(?:[;,/&\s|]|$))|[\s|]+"


def images(text: str) -> Parsed:
    """Read the addresses of pictures: one, several, or a JSON list of them or of objects that hold one each."""
    urls = (part.strip("\"'") for part in _list(text, _BETWEEN_IMAGES))
    said = tuple(url[:2_000] for url in urls if _WEB.match(url))[:50]
    return Parsed({"images": said, "image_count": len(said)}) if said else NOTHING


def _features(text: str) -> Parsed:
    said = tuple(feature[:100] for feature in _list(text, r"[|;,]"))[:200]
    return Parsed({"features": said}) if said else NOTHING


def _attributes(text: str) -> Parsed:
    try:
        said = orjson.loads(text)
    except ValueError:
        return NOTHING
    return Parsed({"attributes": said}) if isinstance(said, dict) else NOTHING


def _country(text: str) -> Parsed:
    said = text.strip()
    code = said.upper() if re.fullmatch(r"[A-Za-z]{2}", said) and said.lower() != "uk" else _COUNTRIES.get(plain(said))
    return Parsed({"country": code}) if code else Parsed({}, ("country_unknown",))


def _region(text: str) -> Parsed:
    said = text.strip()
    return Parsed({"region": said.upper() if len(said) == 2 else said[:100]})


_CITY_AND_STATE = re.compile(r"^(?P<city>[^,]{2,}),\s*(?P<state>[A-Z]{2})$")


def _city(text: str) -> Parsed:
    """Read a town, or "Madison, WI"; what shouts is written as a name."""
    said = text.strip()
    match = _CITY_AND_STATE.match(said)
    city = match["city"] if match else said
    city = city.title() if city.isupper() and len(city) > 3 else city
    return Parsed({"city": city[:100], "region": match["state"]} if match else {"city": city[:100]})


def _currency(text: str) -> Parsed:
    return Parsed({"_currency": v.currency_of(text) or text.strip().upper()[:3]})


def _wanted(text: str) -> Parsed:
    if plain(text).strip() in _WANTED_OFFERS:
        return Parsed({"_wanted": True})
    return Parsed(word("condition")(text).fields)  # "Angebot" says nothing, "Demonstration" does


def _emission(text: str) -> Parsed:
    return Parsed({"emission_standard": plain(text).replace(" ", "")[:20]})


def _last_seen(text: str) -> Parsed:
    return Parsed({"attributes": {"last_seen": text.strip()}})


_NO_PARSER = {"make", "model", "make_and_model", "listing_id", IGNORE}
_PARSERS: Mapping[str, Parse] = {
    "vin": v.vin,
    "url": _url,
    "images": images,
    "features": _features,
    "attributes": _attributes,
    "country": _country,
    "region": _region,
    "city": _city,
    "price_currency": _currency,
    "wanted": _wanted,
    "emission_standard": _emission,
    "last_seen": _last_seen,
    "model_year": v.year,
    "registration_month": v.month,
    "displacement_cc": v.displacement,
    "owners_count": owners,
    "accident": flag("accident_free", means=False),
    **{
        name: flag(name)
        for name in ("certified", "price_negotiable", "vat_reclaimable", "metallic", "damaged", "accident_free",
                     "service_history")
    },
    **{name: v.count(name) for name in ("cylinders", "gears", "doors", "seats", "co2_g_km", "image_count")},
    **{
        name: v.decimal(name)
        for name in ("battery_kwh", "consumption_kwh_100km", "seller_rating", "lat", "lon")
    },
}  # fmt: skip
