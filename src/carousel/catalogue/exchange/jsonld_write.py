"""Write a listing as a schema.org Car with its Offer; docs/exchange.md has every property."""

from collections.abc import Mapping
from typing import Any

from carousel.catalogue.exchange.tables import name, year

# What search engines want of a car on sale; JSON-LD itself requires nothing.
WANTED = ("url", "image", "vehicleIdentificationNumber", "mileageFromOdometer", "offers.price")

_WHEELS = {"fwd": "FrontWheelDrive", "rwd": "RearWheelDrive", "awd": "AllWheelDrive", "4wd": "FourWheelDrive"}
_STOCK = {"active": "InStock", "reserved": "Reserved", "sold": "SoldOut", "expired": "Discontinued",
          "withdrawn": "Discontinued"}  # fmt: skip


def car(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a listing as JSON-LD and what search engines want and it lacks."""
    said = document.get
    condition = "NewCondition" if said("condition") == "new" else "UsedCondition"
    thing = _some({
        "@type": "Car",
        "sku": document["listing_id"],
        "name": name(document),
        "url": said("url"),
        "image": said("images"),
        "description": said("description"),
        "brand": {"@type": "Brand", "name": document["make"]},
        "model": document["model"],
        "vehicleConfiguration": said("variant"),
        "vehicleModelDate": year(document),
        "dateVehicleFirstRegistered": said("first_registration"),
        "vehicleIdentificationNumber": said("vin"),
        "itemCondition": f"https://schema.org/{condition}",
        "mileageFromOdometer": _quantity(said("mileage_km"), "KMT"),
        "bodyType": said("body_type"),
        "fuelType": said("fuel_type"),
        "vehicleTransmission": said("transmission"),
        "driveWheelConfiguration": _term(_WHEELS, said("drivetrain"), "Configuration"),
        "vehicleEngine": _engine(document),
        "numberOfDoors": said("doors"),
        "vehicleSeatingCapacity": said("seats"),
        "numberOfForwardGears": said("gears"),
        "numberOfPreviousOwners": said("owners_count"),
        "color": said("color_name") or said("color_exterior"),
        "vehicleInteriorColor": said("color_interior"),
        "vehicleInteriorType": said("upholstery"),
        "emissionsCO2": said("co2_g_km"),
        "meetsEmissionStandard": said("emission_standard"),
        "fuelCapacity": _quantity(said("battery_kwh"), "KWH"),
        "fuelConsumption": _quantity(said("consumption_l_100km"), None, "l/100km")
        or _quantity(said("consumption_kwh_100km"), None, "kWh/100km"),
        "steeringPosition": _term({"left": "LeftHand", "right": "RightHand"}, said("steering"), "Driving"),
        "additionalProperty": [
            {"@type": "PropertyValue", "propertyID": "feature", "name": feature} for feature in said("features", ())
        ],
        "offers": _offer(document),
    })  # fmt: skip
    lacking = [prop for prop in WANTED if prop != "offers.price" and prop not in thing]
    return thing, lacking + (["offers.price"] if "price" not in thing["offers"] else [])


def _offer(document: Mapping[str, Any]) -> dict[str, Any]:
    said = document.get
    address = _some({
        "@type": "PostalAddress",
        "addressLocality": said("city"),
        "addressRegion": said("region"),
        "postalCode": said("postal_code"),
        "addressCountry": said("country"),
    })  # fmt: skip
    geo = {"@type": "GeoCoordinates", "latitude": said("lat"), "longitude": said("lon")}
    place = _some({
        "@type": "Place",
        "address": address if len(address) > 1 else None,
        "geo": geo if said("lat") is not None and said("lon") is not None else None,
    })  # fmt: skip
    seller = _some({
        "@type": {"dealer": "AutoDealer", "private": "Person"}.get(said("seller_type", "")),
        "name": said("seller_name"),
        "identifier": said("seller_id"),
    })  # fmt: skip
    listed = said("msrp_amount")
    return _some({
        "@type": "Offer",
        "url": said("url"),
        "price": said("price_amount"),
        "priceCurrency": said("price_currency"),
        "priceSpecification": None if listed is None else _some({
            "@type": "UnitPriceSpecification",
            "priceType": "https://schema.org/MSRP",
            "price": listed,
            "priceCurrency": said("price_currency"),
        }),
        "availability": f"https://schema.org/{_STOCK[document['status']]}",
        "validFrom": document["listed_at"],
        "seller": seller or None,
        "availableAtOrFrom": place if len(place) > 1 else None,
    })  # fmt: skip


def _engine(document: Mapping[str, Any]) -> dict[str, Any] | None:
    engine = _some({
        "@type": "EngineSpecification",
        "enginePower": _quantity(document.get("power_kw"), "KWT"),
        "engineDisplacement": _quantity(document.get("displacement_cc"), "CMQ"),
    })  # fmt: skip
    return engine if len(engine) > 1 else None


def _quantity(value: float | None, code: str | None, text: str | None = None) -> dict[str, Any] | None:
    if value is None:
        return None
    return _some({"@type": "QuantitativeValue", "value": value, "unitCode": code, "unitText": text})


def _term(words: Mapping[str, str], value: str | None, ending: str) -> str | None:
    return f"https://schema.org/{words[value]}{ending}" if value is not None and value in words else None


def _some(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], ())}
