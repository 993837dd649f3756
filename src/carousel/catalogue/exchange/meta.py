"""Meta's automotive inventory feed, a CSV; docs/exchange.md has every column.

Columns and words: developers.facebook.com/documentation/ads-commerce/marketing-api/auto-ads/reference.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from carousel.catalogue.exchange.tables import backwards, money, name, renamed, translated, year

IMAGES = 10  # pictures of a listing that are exported; a feed may hold up to 20
COLUMNS = (
    "vehicle_id", "title", "description", "url", "make", "model", "year", "trim", "mileage.value", "mileage.unit",
    "image[0].url", "image[0].tag[0]", *(f"image[{n}].url" for n in range(1, IMAGES)), "transmission", "fuel_type",
    "body_style", "drivetrain", "vin", "price", "address", "latitude", "longitude", "exterior_color",
    "interior_color", "availability", "date_first_on_lot", "state_of_vehicle", "vehicle_type", "dealer_id",
    "dealer_name",
)  # fmt: skip
REQUIRED = (
    "vehicle_id", "title", "description", "url", "make", "model", "year", "mileage.value", "image[0].url",
    "body_style", "vin", "price", "address", "exterior_color", "state_of_vehicle",
)  # fmt: skip

BODY = {
    "hatchback": "HATCHBACK", "sedan": "SEDAN", "wagon": "WAGON", "suv": "SUV", "crossover": "CROSSOVER",
    "coupe": "COUPE", "convertible": "CONVERTIBLE", "minivan": "MINIVAN", "van": "VAN", "pickup": "PICKUP",
    "city_car": "SMALL_CAR", "other": "OTHER",
}  # fmt: skip
FUEL = {
    "petrol": "GASOLINE", "diesel": "DIESEL", "electric": "ELECTRIC", "hybrid": "HYBRID", "mild_hybrid": "HYBRID",
    "plugin_hybrid": "PLUGIN_HYBRID", "ethanol": "FLEX", "other": "OTHER", "lpg": "OTHER", "cng": "OTHER",
    "hydrogen": "OTHER",
}  # fmt: skip
TRANSMISSION = {
    "manual": "MANUAL", "automatic": "AUTOMATIC", "semi_automatic": "AUTOMATIC", "cvt": "AUTOMATIC", "other": "OTHER",
}  # fmt: skip
DRIVETRAIN = {"fwd": "FWD", "rwd": "RWD", "awd": "AWD", "4wd": "4X4", "other": "OTHER"}
AVAILABILITY = {"active": "AVAILABLE", "reserved": "PENDING", "withdrawn": "NOT_AVAILABLE", "sold": "NOT_AVAILABLE",
                "expired": "NOT_AVAILABLE"}  # fmt: skip

_NONE = {"none": ""}
_READ = {
    "body_type": {
        **backwards(BODY, truck="pickup", estate="wagon", saloon="sedan", mpv="minivan", minibus="van"),
        "grandtourer": "coupe", "roadster": "convertible", "sportscar": "coupe", "supercar": "coupe",
        "supermini": "city_car", **_NONE,
    },
    "fuel_type": {**backwards(FUEL, petrol="petrol"), **_NONE},
    "transmission": {**backwards(TRANSMISSION), **_NONE},
    "drivetrain": {**backwards(DRIVETRAIN, four_wd="4wd"), "4x2": "", "two_wd": "", **_NONE},
    "status": {**backwards(AVAILABILITY), "not available": "withdrawn", "in stock": "active",
               "out of stock": "withdrawn"},
}  # fmt: skip
_FIELDS = {
    "vehicle_id": "listing_id", "auto_listing_id": "listing_id", "title": "title", "description": "description",
    "url": "url", "make": "make", "model": "model", "year": "model_year", "trim": "variant",
    "transmission": "transmission", "fuel_type": "fuel_type", "body_style": "body_type", "drivetrain": "drivetrain",
    "vin": "vin", "sale_price": "price_amount", "price": "price_amount", "latitude": "lat", "longitude": "lon",
    "exterior_color": "color_exterior", "interior_color": "color_interior", "availability": "status",
    "date_first_on_lot": "listed_at", "state_of_vehicle": "condition", "dealer_id": "seller_id",
    "dealer_name": "seller_name", "address.city": "city", "address.region": "region",
    "address.postal_code": "postal_code", "address.country": "country", "address.addr1": "street",
}  # fmt: skip
_OWN = ("mileage.value", "mileage.unit", "image", "address", "vehicle_type", "condition", "price", "sale_price")
_PAIR = re.compile(r"""['"]?(\w+)['"]?\s*:\s*(?:'([^']*)'|"([^"]*)")""")

GIVES = (
    *dict.fromkeys(_FIELDS.values()), "mileage_km", "images", "certified", "seller_type", "regular_price",
    "condition_grade", "kind_of_vehicle",
)  # fmt: skip
"""The fields `unpack` may give; the last three, as the street, have none in the importer and become attributes."""


def row(document: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return a listing's cells and what the feed requires and the listing lacks."""
    said = document.get
    state = "NEW" if document["condition"] == "new" else "CPO" if said("certified") else "USED"
    title = name(document)[:500]
    facts = f"{'New' if state == 'NEW' else 'Used'} {year(document)} {document['make']} {document['model']}"
    cells: dict[str, Any] = {
        "vehicle_id": document["listing_id"][:100],
        "title": title,
        "description": said("description") or " ".join(filter(None, (facts, said("variant")))),
        "url": said("url"),
        "make": document["make"],
        "model": document["model"],
        "year": year(document),
        "trim": said("variant"),
        "mileage.value": said("mileage_km"),
        "mileage.unit": "KM" if said("mileage_km") is not None else None,
        "transmission": TRANSMISSION.get(said("transmission", "")),
        "fuel_type": FUEL.get(said("fuel_type", "")),
        "body_style": BODY.get(said("body_type", "")),
        "drivetrain": DRIVETRAIN.get(said("drivetrain", "")),
        "vin": said("vin"),
        "price": money(document) or None,
        "address": _address(document),
        "latitude": said("lat"),
        "longitude": said("lon"),
        "exterior_color": said("color_name") or said("color_exterior"),
        "interior_color": said("color_interior"),
        "availability": AVAILABILITY[document["status"]],
        "date_first_on_lot": document["listed_at"][:10],
        "state_of_vehicle": state,
        "vehicle_type": "CAR_TRUCK",
        "dealer_id": said("seller_id") if said("seller_type") != "private" else None,
        "dealer_name": said("seller_name") if said("seller_type") != "private" else None,
    }
    for number, url in enumerate(said("images", ())[:IMAGES]):
        cells[f"image[{number}].url"] = url
        if number == 0:
            cells["image[0].tag[0]"] = f"{document['make']} {document['model']}"
    lacking = [column for column in REQUIRED if cells.get(column) is None]
    if len(document["listing_id"]) > 100:
        lacking.append("a vehicle_id of up to 100 characters")
    return {column: str(cell) for column, cell in cells.items() if cell is not None}, lacking


def is_header(names: Collection[str]) -> bool:
    """Tell the feed's header, in lower case, from others."""
    ours = {"mileage.value", "state_of_vehicle", "image[0].url", "date_first_on_lot"}
    return bool({"vehicle_id", "auto_listing_id"} & set(names)) and len(ours & set(names)) >= 2


def is_read(column: str) -> bool:
    """Tell the columns that give fields from those that stay as they are."""
    return column in _FIELDS or column in _OWN or column.startswith("image[")


def unpack(row: Mapping[str, str]) -> dict[str, str]:
    """Give a row of the feed the importer's names; mileage gets its unit, the address its parts, the images a list."""
    cells = {column.strip().lower(): cell.strip() for column, cell in row.items()}
    pictures = [column for column in cells if column.startswith("image[")]
    record = renamed(row, _FIELDS, (*_OWN, *pictures))
    if cells.get("mileage.value"):
        record["mileage_km"] = f"{cells['mileage.value']} {cells.get('mileage.unit', '').lower()}".strip()
    images = _image_list(cells.get("image", "")) + [cells[c] for c in pictures if c.endswith(".url") and cells[c]]
    if images:
        record["images"] = orjson.dumps(images).decode()
    for part, value in _parts(cells.get("address", "")).items():
        if value:
            record.setdefault({"addr1": "street"}.get(part, part), value)
    if cells.get("sale_price") and cells.get("price"):
        record["regular_price"] = cells["price"]
    if cells.get("condition"):
        record["condition_grade"] = cells["condition"]  # EXCELLENT, GOOD …: not new or used
    if cells.get("vehicle_type", "car_truck").lower() != "car_truck":
        record["kind_of_vehicle"] = cells["vehicle_type"]
    if record.get("condition", "").lower() == "cpo":
        record |= {"condition": "used", "certified": "true"}
    if record.get("seller_name") or record.get("seller_id"):
        record["seller_type"] = "dealer"
    for field, words in _READ.items():
        translated(record, field, words)
    return {field: cell for field, cell in record.items() if cell}


def _address(document: Mapping[str, Any]) -> str | None:
    """City and country are needed to show a car near a shopper; a listing has no street."""
    parts = {part: document[part] for part in ("city", "region", "postal_code", "country") if document.get(part)}
    return orjson.dumps(parts).decode() if "city" in parts and "country" in parts else None


def _parts(address: str) -> dict[str, str]:
    """Read an address as JSON, or as Meta writes it: {addr1: '550 Auto Center Dr', city: 'Watsonville'}."""
    try:
        said = orjson.loads(address)
    except ValueError:
        return {key: single or double for key, single, double in _PAIR.findall(address)}
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}


def _image_list(text: str) -> list[str]:
    """Read [{"url": …, "tag": […]}]."""
    try:
        said = orjson.loads(text)
    except ValueError:
        return []
    items = said if isinstance(said, list) else [said]
    return [item["url"] for item in items if isinstance(item, dict) and isinstance(item.get("url"), str)]
