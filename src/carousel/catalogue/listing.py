"""The canonical listing: its fields, units and enums, and what makes one invalid.

Units are SI/EU (km, kW, cm³) and codes are ISO; docs/listings.md explains every field. A `None` means the
source did not say. A value is never silently changed: `import_warnings` names every doubt and the
importer keeps the source's own row beside the listing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, NewType, get_args

import orjson

from carousel.errors import InputError

ListingId = NewType("ListingId", str)

Condition = Literal["new", "used", "demo", "pre_registered", "classic"]
BodyType = Literal[
    "hatchback", "sedan", "wagon", "suv", "crossover", "coupe", "convertible", "minivan", "van", "pickup",
    "city_car", "other",
]  # fmt: skip
FuelType = Literal[
    "petrol", "diesel", "electric", "hybrid", "plugin_hybrid", "mild_hybrid", "lpg", "cng", "hydrogen",
    "ethanol", "other",
]  # fmt: skip
Transmission = Literal["manual", "automatic", "semi_automatic", "cvt", "other"]
Drivetrain = Literal["fwd", "rwd", "awd", "4wd", "other"]
Color = Literal[
    "black", "white", "grey", "silver", "blue", "red", "green", "brown", "beige", "yellow", "orange", "purple",
    "other",
]  # fmt: skip
SellerType = Literal["dealer", "private"]
Status = Literal["active", "reserved", "sold", "expired", "withdrawn"]
PriceType = Literal["gross", "net", "msrp", "all_in", "dealer"]
TitleStatus = Literal["clean", "rebuilt", "salvage", "lien", "missing", "parts"]
Steering = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One car offered once by one seller."""

    listing_id: ListingId
    make: str
    model: str
    source: str = "api"
    source_listing_id: str | None = None
    url: str | None = None
    vin: str | None = None
    condition: Condition = "used"
    certified: bool | None = None
    variant: str | None = None
    generation: str | None = None
    model_year: int | None = None
    first_registration: str | None = None
    mileage_km: int | None = None
    price_amount: Decimal | None = None
    price_currency: str | None = None
    price_type: PriceType | None = None
    price_negotiable: bool | None = None
    vat_reclaimable: bool | None = None
    msrp_amount: Decimal | None = None
    body_type: BodyType | None = None
    fuel_type: FuelType | None = None
    transmission: Transmission | None = None
    drivetrain: Drivetrain | None = None
    power_kw: int | None = None
    displacement_cc: int | None = None
    cylinders: int | None = None
    gears: int | None = None
    doors: int | None = None
    seats: int | None = None
    battery_kwh: float | None = None
    electric_range_km: float | None = None
    consumption_l_100km: float | None = None
    consumption_kwh_100km: float | None = None
    co2_g_km: int | None = None
    emission_standard: str | None = None
    color_exterior: Color | None = None
    color_name: str | None = None
    metallic: bool | None = None
    color_interior: str | None = None
    upholstery: str | None = None
    owners_count: int | None = None
    accident_free: bool | None = None
    damaged: bool | None = None
    service_history: bool | None = None
    title_status: TitleStatus | None = None
    features: tuple[str, ...] = ()
    steering: Steering | None = None
    seller_type: SellerType | None = None
    seller_id: str | None = None
    seller_name: str | None = None
    seller_rating: float | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None
    lat: float | None = None
    lon: float | None = None
    status: Status = "active"
    listed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime | None = None
    sold_at: datetime | None = None
    images: tuple[str, ...] = ()
    image_count: int | None = None
    title: str | None = None
    description: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    import_warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self)

    @property
    def year(self) -> int | None:
        """The model year, or the year of the first registration."""
        if self.model_year is not None:
            return self.model_year
        return int(self.first_registration[:4]) if self.first_registration else None

    @property
    def price_eur(self) -> float | None:
        """The price in euros at the indicative rates of `RATES_PER_EUR`: to compare, never to show."""
        return to_eur(self.price_amount, self.price_currency)


ENUMS: dict[str, tuple[str, ...]] = {
    name: get_args(kind)
    for name, kind in {
        "condition": Condition,
        "body_type": BodyType,
        "fuel_type": FuelType,
        "transmission": Transmission,
        "drivetrain": Drivetrain,
        "color_exterior": Color,
        "seller_type": SellerType,
        "status": Status,
        "price_type": PriceType,
        "title_status": TitleStatus,
        "steering": Steering,
    }.items()
}

# Outside these a value is an error of the source, not a car (conventions of the field: Google, Meta, AutoScout24).
RANGES: dict[str, tuple[float, float]] = {
    "model_year": (1885, datetime.now(UTC).year + 1),
    "mileage_km": (0, 2_000_000),
    "price_amount": (0, 9_999_999_999),
    "msrp_amount": (0, 9_999_999_999),
    "power_kw": (1, 2_000),
    "displacement_cc": (50, 18_000),
    "cylinders": (1, 24),
    "gears": (1, 20),
    "doors": (2, 11),
    "seats": (1, 60),
    "battery_kwh": (0.5, 1_000),
    "electric_range_km": (1, 3_000),
    "consumption_l_100km": (0.1, 100),
    "consumption_kwh_100km": (1, 200),
    "co2_g_km": (0, 1_500),
    "owners_count": (0, 50),
    "seller_rating": (0, 100),
    "lat": (-90, 90),
    "lon": (-180, 180),
    "image_count": (0, 10_000),
}
LENGTHS: dict[str, int] = {
    "listing_id": 128, "source": 64, "source_listing_id": 256, "url": 2_000, "make": 60, "model": 100, "variant": 200,
    "generation": 100, "emission_standard": 20, "color_name": 60, "color_interior": 60, "upholstery": 60,
    "seller_id": 128, "seller_name": 200, "region": 100, "city": 100, "postal_code": 20, "title": 300,
    "description": 5_000,
}  # fmt: skip
_VIN = re.compile(r"^[A-HJ-NPR-Z0-9]{17}$")
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
_COUNTRY = re.compile(r"^[A-Z]{2}$")
YEARS_OF_TIMES = range(1900, 2201)
_JSON_DEPTH = 20
_JSON_INTEGERS = range(-(2**63), 2**64)
_SURROGATE = re.compile("[\ud800-\udfff]")


def check(listing: Listing) -> None:
    """Raise if a listing cannot be a car on sale.

    :raises InputError: names the field, its value and what is expected.
    """
    for name, longest in LENGTHS.items():
        value = getattr(listing, name)
        if value is None:
            continue
        check_json(name, value)
        if len(value) > longest:
            raise InputError(f"{name} has {len(value)} characters; at most {longest} are allowed", field=name)
    for name in ("listing_id", "make", "model", "source"):
        if not getattr(listing, name).strip():
            raise InputError(f"{name} is empty; every listing needs one", field=name)
    for name, allowed in ENUMS.items():
        value = getattr(listing, name)
        if value is not None and value not in allowed:
            raise InputError(f"{name} is {value!r}; use one of {', '.join(allowed)}", field=name)
    for name, (low, high) in RANGES.items():
        value = getattr(listing, name)
        if value is not None and not low <= value <= high:
            raise InputError(f"{name} is {value}; expected {low:g} to {high:g}", field=name)
    if listing.vin is not None and not _VIN.match(listing.vin):
        raise InputError(f"vin is {listing.vin!r}; expected 17 letters and digits without I, O and Q", field="vin")
    if listing.first_registration is not None and not _MONTH.match(listing.first_registration):
        raise InputError(
            f"first_registration is {listing.first_registration!r}; expected YYYY-MM", field="first_registration"
        )
    if listing.year is None:
        raise InputError("model_year and first_registration are both missing; give one", field="model_year")
    if listing.country is not None and not _COUNTRY.match(listing.country):
        raise InputError(f"country is {listing.country!r}; expected two capital letters (ISO 3166-1)", field="country")
    if listing.price_amount is not None and listing.price_currency not in RATES_PER_EUR:
        raise InputError(
            f"price_currency is {listing.price_currency!r}; a price needs one of {', '.join(RATES_PER_EUR)}",
            field="price_currency",
        )
    for name in ("listed_at", "updated_at", "sold_at"):
        moment = getattr(listing, name)
        if moment is None:
            continue
        if moment.tzinfo is None:
            raise InputError(f"{name} is {moment.isoformat()}; add a time zone, for example Z", field=name)
        if moment.year not in YEARS_OF_TIMES:
            first, last = YEARS_OF_TIMES[0], YEARS_OF_TIMES[-1]
            raise InputError(f"{name} is {moment.isoformat()}; expected a year from {first} to {last}", field=name)
    for name in ("images", "import_warnings", "attributes"):
        check_json(name, getattr(listing, name))


def check_json(name: str, value: Any, depth: int = 0) -> None:
    """Raise if a value cannot be kept as JSON: PostgreSQL has no NUL, UTF-8 no halves of surrogate pairs.

    :raises InputError: says what to remove.
    """
    if isinstance(value, str):
        if "\x00" in value:
            raise InputError(f"{name} has a NUL byte; remove it", field=name)
        if not value.isascii() and _SURROGATE.search(value):
            raise InputError(f"{name} has half of a surrogate pair; send UTF-8", field=name)
    elif isinstance(value, int) and value not in _JSON_INTEGERS:
        raise InputError(f"{name} has an integer of more than 64 bits; send it as a text", field=name)
    elif isinstance(value, dict | list | tuple):
        if depth == _JSON_DEPTH:
            raise InputError(f"{name} is nested more than {_JSON_DEPTH} deep; make it flatter", field=name)
        for part in (*value, *value.values()) if isinstance(value, dict) else value:
            check_json(name, part, depth + 1)


# Units of a currency for one euro, rounded, end of 2025. Used to compare prices across currencies in ranking and
# filters; a price is always shown and stored as the source gave it.
RATES_PER_EUR: dict[str, float] = {
    "EUR": 1.0, "USD": 1.16, "GBP": 0.87, "CHF": 0.94, "PLN": 4.25, "CZK": 24.3, "HUF": 388.0, "RON": 5.09,
    "BGN": 1.95583, "SEK": 11.0, "NOK": 11.7, "DKK": 7.46, "TRY": 49.0, "UAH": 48.7, "RUB": 93.0, "INR": 103.0,
    "CNY": 8.25, "JPY": 178.0, "KRW": 1_690.0, "CAD": 1.63, "AUD": 1.78, "NZD": 2.03, "BRL": 6.25, "MXN": 21.4,
    "ZAR": 20.1, "AED": 4.26, "SAR": 4.35, "ILS": 3.8, "RSD": 117.2, "THB": 37.6, "MYR": 4.8, "IDR": 19_400.0,
}  # fmt: skip


def to_eur(amount: Decimal | float | None, currency: str | None) -> float | None:
    """Convert an amount to euros at indicative rates; None stays None."""
    if amount is None or currency is None:
        return None
    return float(amount) / RATES_PER_EUR[currency]


def plain(text: str) -> str:
    """Lower case without accents: "Škoda" and "skoda" are the same word."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L").replace("ß", "ss"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def slug(text: str) -> str:
    """Return the identifier form of a name: "Mercedes-Benz" is "mercedes-benz"."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")


def name_key(text: str) -> str:
    """Return what a name is found by: its slug, with the letters of other scripts than Latin: "ГАЗ" is "газ"."""
    return _NO_LETTERS.sub("-", plain(text)).strip("-")


_NO_LETTERS = re.compile(r"(?:\W|[_\u0080-\u036f])+")  # to U+036F all is Latin


def feed_name(text: str) -> str:
    """Return what a feed is called by the name of its file, of up to 64 letters, digits and "-"; "" if it has none.

    Names of other scripts than Latin differ by a digest: "Москва" is "1e1d252e", "cars Москва" is "cars-288d905b".
    """
    name, key = slug(text), name_key(text)
    if name == key:
        return name[:64]
    digest = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
    return f"{name[:55]}-{digest}".strip("-")


def search_text(document: Mapping[str, Any]) -> str:
    """Return the text of a stored listing that a search by words looks through."""
    names = ("make", "model", "variant", "generation", "title", "city")
    return " ".join(document[name] for name in names if document.get(name))[:2_000]


def words(text: str) -> list[list[str]]:
    """Return the words between the spaces of a text, without accents, each with its parts: "MX-5" is "mx" and "5".

    A number with decimals is one part: "1,6" is "1.6".
    """
    found = ([part.replace(",", ".")[:60] for part in _PARTS.findall(word)] for word in plain(text).split())
    return [parts for parts in found if parts]


_PARTS = re.compile(r"\d+[.,]\d+|[^\W_]+")
WORDS_VERSION = 1
"""Grows when `words` splits otherwise; what is stored is then indexed again."""


def to_document(listing: Listing) -> dict[str, Any]:
    """Return the JSON form of a listing: every field that has a value, money as numbers, times as RFC 3339."""
    document: dict[str, Any] = {}
    for name in FIELD_NAMES:
        value = getattr(listing, name)
        if value is None or value == () or value == {}:
            continue
        if isinstance(value, Decimal):
            value = float(value)
        elif isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        document[name] = value
    return document


FIELD_NAMES: tuple[str, ...] = tuple(f.name for f in fields(Listing))
DERIVED = ("first_listed_at", "price_history")
"""What a stored document says beside the fields of a listing: its car's past (catalogue/relisting.py)."""
_NOT_CONTENT = {"listed_at", "updated_at", "sold_at", *DERIVED}


def content_hash(document: dict[str, Any]) -> bytes:
    """Return 16 bytes that change when anything a buyer would notice changes (times and the past are not content)."""
    content = {k: v for k, v in document.items() if k not in _NOT_CONTENT}
    encoded = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(encoded, digest_size=16).digest()
