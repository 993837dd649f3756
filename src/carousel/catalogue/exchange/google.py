"""Google's vehicle listings feed, a table separated by tabs; docs/exchange.md has every column.

Columns and words: developers.google.com/vehicle-listings/reference/feed-specification, and for body_style, engine and
emissions_standard the attribute pages of Merchant Center (support.google.com/merchants/topic/15174112).
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from carousel.catalogue.exchange.tables import backwards, money, name, renamed, translated, year
from carousel.catalogue.listing import slug

COLUMNS = (
    "vin", "id", "store_code", "dealership_name", "dealership_address", "link", "image_link", "additional_image_link",
    "date_in_stock", "price", "vehicle_msrp", "condition", "certified_pre_owned", "make", "model", "trim", "year",
    "mileage", "exterior_color", "interior_color", "title", "description", "body_style", "engine",
    "date_first_registered", "co2_emissions", "emissions_standard", "fuel_consumption", "energy_consumption",
    "electric_range", "vehicle_option",
)  # fmt: skip
REQUIRED = ("vin", "store_code", "dealership_name", "dealership_address", "price", "condition", "make", "model", "year")
_IMAGES = 10  # additional ones that Merchant Center takes

BODY = {
    "hatchback": "hatchback", "sedan": "sedan", "wagon": "station_wagon", "suv": "suv", "crossover": "crossover",
    "coupe": "coupe", "convertible": "convertible", "minivan": "minivan", "van": "full_size_van", "pickup": "truck",
    "city_car": "city_car",
}  # fmt: skip
ENGINE = {
    "petrol": "gasoline", "diesel": "diesel", "electric": "electric", "hybrid": "hybrid", "mild_hybrid": "hybrid",
    "plugin_hybrid": "plug-in_hybrid", "lpg": "lpg", "cng": "natural_gas", "other": "other", "hydrogen": "other",
    "ethanol": "other",
}  # fmt: skip
EMISSIONS = {
    **{f"euro{c}": f"euro{c}" for c in ("1", "2", "3", "4", "5", "5b", "6", "6c", "6d", "6e")},
    "euro6d-temp": "euro6d-TEMP", "zero": "zero_emissions",
}  # fmt: skip
_BODY_READ = backwards(BODY, compact_suv="suv", notchback="sedan", limousine="other", ute="pickup")
_ENGINE_READ = backwards(ENGINE, methane="cng")
_FIELDS = {
    "vin": "vin", "id": "listing_id", "store_code": "seller_id", "dealership_name": "seller_name", "link": "url",
    "date_in_stock": "listed_at", "price": "price_amount", "vehicle_msrp": "msrp_amount", "condition": "condition",
    "certified_pre_owned": "certified", "certified_pre-owned": "certified", "make": "make", "brand": "make",
    "model": "model", "trim": "variant", "year": "model_year", "mileage": "mileage_km",
    "exterior_color": "color_exterior", "color": "color_exterior", "interior_color": "color_interior",
    "title": "title", "description": "description", "body_style": "body_type", "engine": "fuel_type",
    "date_first_registered": "first_registration", "co2_emissions": "co2_g_km",
    "emissions_standard": "emission_standard", "fuel_consumption": "consumption_l_100km",
    "energy_consumption": "consumption_kwh_100km", "electric_range": "electric_range_km",
    "vehicle_option": "features", "vehicle_price_type": "price_type",
}  # fmt: skip

_FULFILMENT = "vehicle_fulfillment"
_IMAGE_COLUMNS = ("image_link", "additional_image_link")
GIVES = (*dict.fromkeys(_FIELDS.values()), "images", "city", "postal_code", "region", "country", "seller_type")
"""The fields `unpack` may give."""


def row(document: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return a listing's cells and what the feed requires and the listing lacks."""
    said = document.get
    images = said("images", ())
    cells = {
        "vin": said("vin"),
        "id": document["listing_id"],
        "store_code": _store(document),
        "dealership_name": said("seller_name"),
        "dealership_address": _address(document),
        "link": said("url"),
        "image_link": images[0] if images else None,
        "additional_image_link": ",".join(url.replace(",", "%2C") for url in images[1 : _IMAGES + 1]),
        "date_in_stock": document["listed_at"][:10],
        "price": money(document),
        "condition": "new" if document["condition"] == "new" else "used",
        "make": document["make"],
        "model": document["model"],
        "trim": said("variant"),
        "year": year(document),
        "mileage": f"{said('mileage_km')} km" if said("mileage_km") is not None else None,
        "exterior_color": said("color_name") or said("color_exterior"),
        "interior_color": said("color_interior"),
        "title": name(document)[:150],
        "description": " ".join(said("description", "").split()),
        "body_style": BODY.get(said("body_type", "")),
        "engine": ENGINE.get(said("fuel_type", "")),
        "date_first_registered": said("first_registration"),
        "co2_emissions": _measure(said("co2_g_km"), "g/km"),
        "emissions_standard": EMISSIONS.get(said("emission_standard", "")),
        "fuel_consumption": _measure(said("consumption_l_100km"), "l/100km"),
        "energy_consumption": _measure(said("consumption_kwh_100km"), "kWh/100km"),
        "electric_range": _measure(said("electric_range_km"), "km"),
        "vehicle_option": ",".join(f for f in said("features", ()) if "," not in f),
    }
    if cells["condition"] == "new":
        cells["vehicle_msrp"] = money(document, "msrp_amount") if said("price_currency") else None
    elif said("certified") is not None:
        cells["certified_pre_owned"] = "yes" if said("certified") else "no"
    lacking = [column for column in REQUIRED if not cells.get(column)]
    if cells["condition"] == "used" and cells["mileage"] is None:
        lacking.append("mileage")
    if said("seller_type") == "private":
        lacking.append("dealer (it is a private seller)")
    if document["status"] not in ("active", "reserved"):
        lacking.append(f"stock (it is {document['status']})")
    return {column: str(cell) for column, cell in cells.items() if cell}, lacking


def is_header(names: Collection[str]) -> bool:
    """Tell the feed's header, in lower case, from others: nobody else has store codes of dealerships."""
    stores = any(n == "store_code" or n.startswith(_FULFILMENT) for n in names)
    return stores and "vin" in names and ("dealership_name" in names or any(n.startswith(_FULFILMENT) for n in names))


def is_read(column: str) -> bool:
    """Tell the columns that give fields from those that stay as they are."""
    return column in _FIELDS or column in _IMAGE_COLUMNS or column.startswith(_FULFILMENT)


def unpack(row: Mapping[str, str]) -> dict[str, str]:
    """Give a row of the feed the importer's names, its images one list and its store and address their parts."""
    cells = {column.strip().lower(): cell.strip() for column, cell in row.items()}
    fulfilments = [column for column in cells if column.startswith(_FULFILMENT)]
    record = renamed(row, _FIELDS, (*_IMAGE_COLUMNS, *fulfilments))
    images = [cells.get("image_link", ""), *cells.get("additional_image_link", "").split(",")]
    if any(images):
        record["images"] = orjson.dumps([url.strip() for url in images if url.strip()]).decode()
    for column in fulfilments:
        # vehicle_fulfillment(option:store_code) holds "in_store:dresden-1".
        option, _, store = cells[column].partition(":")
        if option == "in_store" and store:
            record.setdefault("seller_id", store.partition(",")[0].strip())
    record.update(_places(cells.get("dealership_address", "")))
    if record.get("seller_name") or record.get("seller_id"):
        record["seller_type"] = "dealer"
    if "listing_id" not in record and "vin" in record:
        record["listing_id"] = record["vin"]
    translated(record, "condition", {"n": "new", "u": "used"})
    translated(record, "body_type", _BODY_READ)
    translated(record, "fuel_type", _ENGINE_READ)
    translated(record, "emission_standard", {"zero_emissions": "zero"})
    return record


def _store(document: Mapping[str, Any]) -> str:
    """A store code may be any identifier; one made of name and town is the same in every export."""
    named = f"{document.get('seller_name', '')} {document.get('postal_code', document.get('city', ''))}"
    return str(document.get("seller_id") or (slug(named) if document.get("seller_name") else ""))


def _address(document: Mapping[str, Any]) -> str:
    """City, postal code and country are required of an address; a listing has no street."""
    city, postal_code, country = (document.get(part) for part in ("city", "postal_code", "country"))
    if not (city and postal_code and country):
        return ""
    town, region = (str(part).replace(",", " ") for part in (city, document.get("region", "")))
    return f"{town}, {f'{region} {postal_code}'.strip()}, {country}"


def _places(address: str) -> dict[str, str]:
    """Take "1800 Amphibious Blvd., Mountain View, CA 94045, US" or "Hauptstr. 1, 01067 Dresden, DE" apart."""
    parts = [part.strip() for part in address.split(",") if part.strip()]
    if len(parts) < 2:
        return {}
    words = parts[-2].split()
    at = next((i for i, word in enumerate(words) if any(c.isdigit() for c in word)), None)
    found = {"country": parts[-1]}
    if at == 0 and words[0].isdigit() and sum(c.isalpha() for c in parts[-2]) > 2:
        found |= {"postal_code": words[0], "city": " ".join(words[1:])}
    elif at is not None and len(parts) > 2:
        found |= {"city": parts[-3], "postal_code": " ".join(words[at:]), "region": " ".join(words[:at])}
    return {field: value for field, value in found.items() if value}


def _measure(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:g} {unit}"
