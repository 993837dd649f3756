"""Read cars out of schema.org JSON-LD, as web shops put it into their pages; pure.

https://schema.org/Car and, for the use dealers make of it,
developers.google.com/search/docs/appearance/structured-data/vehicle-listing. Unit codes are UN/CEFACT's.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import orjson

_CARS = {"Car", "Vehicle"}
_DEEPEST = 12  # of the wrappings of a page; a document nested deeper is no page
_CC_PER_CUBIC_INCH = 16.387064
_LINKS = 3  # references to other nodes that are followed: car, offer, seller
_PREFIX = re.compile(r"^(?:https?://(?:\w+\.)?schema\.org/|schema:)")

# UN/CEFACT code or usual text, lower case -> how the importer's parsers write the unit.
_UNITS = {
    "kmt": "km", "smi": "mi", "kwt": "kW", "bhp": "bhp", "hp": "bhp", "hj": "PS", "n12": "PS", "cmq": "cc",
    "ltr": "l", "kwh": "kWh", "kilometers": "km", "kilometres": "km", "miles": "mi", "l/100 km": "l/100km",
}  # fmt: skip
_CONDITIONS = {
    "NewCondition": "new",
    "UsedCondition": "used",
    "RefurbishedCondition": "used",
    "DamagedCondition": "used",
}
_WHEELS = {
    "FrontWheelDriveConfiguration": "fwd", "RearWheelDriveConfiguration": "rwd", "AllWheelDriveConfiguration": "awd",
    "FourWheelDriveConfiguration": "4wd",
}  # fmt: skip
_BUSINESSES = {"AutoDealer", "AutomotiveBusiness", "Organization", "Corporation", "LocalBusiness", "Store"}
_STOCK = {
    "InStock": "active", "InStoreOnly": "active", "OnlineOnly": "active", "LimitedAvailability": "active",
    "PreOrder": "active", "PreSale": "active", "BackOrder": "active", "Reserved": "reserved", "SoldOut": "sold",
    "OutOfStock": "withdrawn", "Discontinued": "withdrawn",
}  # fmt: skip

# Properties whose text is a field as it stands, the first one that says something; then those with a unit.
_TEXTS = {
    "title": ("name",), "description": ("description",), "make": ("brand", "manufacturer"), "model": ("model",),
    "variant": ("vehicleConfiguration",), "vin": ("vehicleIdentificationNumber",), "url": ("url",),
    "model_year": ("vehicleModelDate", "modelDate", "productionDate"), "body_type": ("bodyType",),
    "first_registration": ("dateVehicleFirstRegistered",), "fuel_type": ("fuelType",),
    "transmission": ("vehicleTransmission",), "color_exterior": ("color",), "color_interior": ("vehicleInteriorColor",),
    "upholstery": ("vehicleInteriorType",), "emission_standard": ("meetsEmissionStandard",),
}  # fmt: skip
_MEASURES = {
    "mileage_km": ("mileageFromOdometer",), "doors": ("numberOfDoors",),
    "seats": ("vehicleSeatingCapacity", "seatingCapacity"), "gears": ("numberOfForwardGears",),
    "owners_count": ("numberOfPreviousOwners",), "co2_g_km": ("emissionsCO2",),
}  # fmt: skip
_IDS = ("sku", "productID", "identifier")
_READ = {
    *(name for names in (*_TEXTS.values(), *_MEASURES.values()) for name in names), *_IDS, "@context", "@type", "@id",
    "offers", "itemCondition", "driveWheelConfiguration", "vehicleEngine", "image", "steeringPosition", "fuelCapacity",
    "fuelConsumption", "additionalProperty",
}  # fmt: skip


def is_jsonld(item: Any) -> bool:
    """Tell a JSON-LD object from any other JSON."""
    return isinstance(item, dict) and bool({"@context", "@graph", "@type"} & item.keys())


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the cars of a document, however it wraps them: lists, @graph, ItemList, offers, the page's main entity.

    References ({"@id": …}) to other nodes of the document are replaced by those nodes.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for node in _nodes(document, _DEEPEST):
        if isinstance(node.get("@id"), str) and len(node) > 1:
            nodes.setdefault(node["@id"], node)
    for car in _cars(document, _DEEPEST):
        yield _linked(car, nodes, _LINKS)


def objects_in_page(html: str) -> Iterator[dict[str, Any]]:
    """Yield the cars in the `<script type="application/ld+json">` blocks of a page; broken blocks are passed over."""
    page = _Page()
    page.feed(html)
    page.close()
    for block in page.blocks:
        try:
            yield from objects(orjson.loads(block))
        except ValueError:
            continue


def flatten(car: Mapping[str, Any]) -> dict[str, Any]:
    """Return {field of the importer: text}; images and features are lists, and what has no field is in attributes."""
    said = _bare(dict(car))
    offer = _offer(said.get("offers"))
    engine = _first(said.get("vehicleEngine"))
    engine = engine if isinstance(engine, dict) else {"name": engine}
    record: dict[str, Any] = {"listing_id": _id(said)}
    for field, names in _TEXTS.items():
        record[field] = next(filter(None, (_text(said.get(name)) for name in names)), None)
    for field, names in _MEASURES.items():
        record[field] = next(filter(None, (_measure(said.get(name)) for name in names)), None)
    record["fuel_type"] = record["fuel_type"] or _text(engine.get("fuelType"))
    record["power_kw"] = _measure(engine.get("enginePower"))
    record["displacement_cc"] = _measure(engine.get("engineDisplacement"))
    condition = _text(said.get("itemCondition")) or _text(offer.get("itemCondition")) or ""
    record["condition"] = _CONDITIONS.get(condition.replace(" ", ""), condition)
    record["damaged"] = "true" if condition.startswith("Damaged") else None
    wheels = _text(said.get("driveWheelConfiguration")) or ""
    record["drivetrain"] = _WHEELS.get(wheels.replace(" ", ""), wheels)
    steering = _text(said.get("steeringPosition")) or ""
    record["steering"] = "left" if steering.startswith("Left") else "right" if steering.startswith("Right") else None
    tank = _measure(said.get("fuelCapacity")) or ""
    record["battery_kwh"] = tank if tank.endswith("kWh") else None
    used = (_measure(said.get("fuelConsumption")) or "").lower()
    record["consumption_kwh_100km"] = used if "kwh" in used else None
    record["consumption_l_100km"] = used if used.endswith(("l/100km", "l/100 km")) else None
    record["images"] = _images(said.get("image"))
    record["attributes"], record["features"] = _extra(said)
    record |= _sale(offer)
    record["url"] = record["url"] or _text(offer.get("url"))
    return {field: value for field, value in record.items() if value}


def number_text(value: float | Decimal) -> str:
    """Write a number as a cell; with decimals it never looks like thousands: 12.345 is "12.3450"."""
    tiny = isinstance(value, float) and abs(value) < 1e-4
    whole, _, fraction = f"{Decimal(repr(value)) if tiny else value:f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}{'0' * (len(fraction) == 3)}" if fraction else whole


def _nodes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth and isinstance(value, dict):
        yield value
    if depth and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _nodes(inner, depth - 1)


def _cars(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if not depth or not isinstance(value, dict | list):
        return
    if isinstance(value, list):
        for inner in value:
            yield from _cars(inner, depth - 1)
        return
    kinds = {_PREFIX.sub("", str(kind)) for kind in _list(value.get("@type"))}
    if kinds & _CARS:
        yield value
        return
    for name, inner in value.items():
        if name == "itemOffered" and "Offer" in kinds:
            offer = {key: v for key, v in value.items() if key != name}
            for car in _cars(inner, depth - 1):
                yield {"offers": offer, **car}
        else:
            yield from _cars(inner, depth - 1)


def _linked(value: Any, nodes: Mapping[str, dict[str, Any]], links: int, depth: int = _DEEPEST) -> Any:
    """Follow references, and leave out what lies deeper than any page."""
    if not isinstance(value, list | dict):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        return [_linked(inner, nodes, links, depth - 1) for inner in value]
    if set(value) == {"@id"} and links and isinstance(value["@id"], str):
        return _linked(nodes.get(value["@id"], value), nodes, links - 1, depth - 1)
    return {name: _linked(inner, nodes, links, depth - 1) for name, inner in value.items()}


def _bare(value: Any, depth: int = _DEEPEST) -> Any:
    """Take the vocabulary's prefix off every name: "schema:name" is "name"."""
    if isinstance(value, list | dict) and not depth:
        return None
    if isinstance(value, list):
        return [_bare(inner, depth - 1) for inner in value]
    if isinstance(value, dict):
        return {_PREFIX.sub("", name): _bare(inner, depth - 1) for name, inner in value.items()}
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    return next((item for item in _list(value) if item not in (None, "", {}, [])), None)


def _text(value: Any) -> str | None:
    """Read a text, a number, a word of the vocabulary ("https://schema.org/UsedCondition") or the name of a thing."""
    value = _first(value)
    if isinstance(value, dict):
        value = _first([value.get(k) for k in ("name", "@value", "value", "url", "@id")])
        return None if isinstance(value, dict) else _text(value)
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, float):
        return number_text(value)
    text = str(value).strip()
    word = _PREFIX.sub("", text)
    return word if word == text else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word)


def _measure(value: Any) -> str | None:
    """Read a QuantitativeValue with its unit: {"value": 12000, "unitCode": "KMT"} is "12000 km"."""
    value = _first(value)
    if not isinstance(value, dict):
        return _text(value)
    amount = _text(value.get("value"))
    unit = _text(value.get("unitCode")) or _text(value.get("unitText")) or ""
    if amount and unit.upper() == "INQ" and re.fullmatch(r"\d{1,4}(\.\d+)?", amount):
        return f"{float(amount) * _CC_PER_CUBIC_INCH:.0f} cc"
    return f"{amount} {_UNITS.get(unit.lower(), unit)}".strip() if amount else None


def _offer(value: Any) -> dict[str, Any]:
    """Return the offer with a price, else the first one."""
    offers = [offer for offer in _list(value) if isinstance(offer, dict)]
    for offer in offers:
        if "offers" in offer:  # an AggregateOffer around the real ones
            around = {name: value for name, value in offer.items() if name != "offers"}
            offers += [{**around, **inner} for inner in _list(offer["offers"]) if isinstance(inner, dict)]
    return next((offer for offer in reversed(offers) if _price(offer)[0]), next(iter(offers), {}))


def _price(offer: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return (price, list price), each with its currency."""
    listed = None
    found = _text(offer.get("price")) or _text(offer.get("lowPrice"))
    currency = _text(offer.get("priceCurrency")) or ""
    for part in _list(offer.get("priceSpecification")):
        if not isinstance(part, dict) or not (amount := _text(part.get("price"))):
            continue
        money = f"{amount} {_text(part.get('priceCurrency')) or currency}".strip()
        if (_text(part.get("priceType")) or "").replace(" ", "") in ("ListPrice", "MSRP"):
            listed = money
        elif found is None:
            return money, listed
    return (f"{found} {currency}".strip() if found else None), listed


def _sale(offer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an offer says of price, stock, seller and place."""
    seller = _first(offer.get("seller")) or _first(offer.get("offeredBy")) or {}
    seller = seller if isinstance(seller, dict) else {"name": seller}
    place = _first(offer.get("availableAtOrFrom"))
    place = place if isinstance(place, dict) else seller
    address = _first(place.get("address") or seller.get("address"))
    address = address if isinstance(address, dict) else {}
    geo = _first(place.get("geo") or seller.get("geo"))
    geo = geo if isinstance(geo, dict) else {}
    rating = _first(seller.get("aggregateRating"))
    stock = (_text(offer.get("availability")) or "").replace(" ", "")
    price, listed = _price(offer)
    kind = _PREFIX.sub("", str(_first(seller.get("@type"))))
    return {
        "price_amount": price,
        "msrp_amount": listed,
        "status": _STOCK.get(stock),
        "listed_at": _text(offer.get("validFrom")) or _text(offer.get("availabilityStarts")),
        "seller_type": "private" if kind == "Person" else "dealer" if kind in _BUSINESSES else None,
        "seller_id": _text(seller.get("identifier")),
        "seller_name": _text(seller.get("name")),
        "seller_rating": _text(rating.get("ratingValue")) if isinstance(rating, dict) else None,
        "city": _text(address.get("addressLocality")),
        "region": _text(address.get("addressRegion")),
        "postal_code": _text(address.get("postalCode")),
        "country": _text(address.get("addressCountry")),
        "lat": _text(geo.get("latitude")),
        "lon": _text(geo.get("longitude")),
    }


def _id(said: Mapping[str, Any]) -> str | None:
    """Return the shop's own number of a car, else its web address or VIN; "#car" is the same on every page."""
    for name in _IDS:
        first = _first(said.get(name))
        found = _text(first.get("value") if isinstance(first, dict) and "value" in first else first)
        if found:
            return found[:128]
    address = said.get("@id")
    if isinstance(address, str) and re.match(r"https?://", address) and len(address) <= 128:
        return address
    return _text(said.get("vehicleIdentificationNumber"))


def _images(value: Any) -> list[str]:
    found = []
    for item in _list(value):
        url = (item.get("contentUrl") or item.get("url") or item.get("@id")) if isinstance(item, dict) else item
        if isinstance(url, str):
            found.append(url)
    return found


def _extra(said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return (attributes, features): properties without a field, and those of `additionalProperty`."""
    attributes = {name: value for name, value in said.items() if name not in _READ and value not in (None, "", [], {})}
    features = []
    for item in _list(said.get("additionalProperty")):
        if not isinstance(item, dict) or (name := _text(item.get("name"))) is None:
            continue
        if item.get("propertyID") == "feature" or item.get("value") is True:
            features.append(name)
        elif (value := _measure(item)) is not None:
            attributes[name] = value
    return attributes, features


class _Page(HTMLParser):
    """Collects the JSON-LD blocks of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.blocks: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = (dict(attrs).get("type") or "").partition(";")[0].strip().lower()
        self._inside = tag == "script" and kind == "application/ld+json"
        if self._inside:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.blocks[-1] += data
