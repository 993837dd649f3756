"""Cars come out of JSON-LD however a page wraps them, with the importer's names and with their units."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.catalogue.exchange.jsonld import _READ, flatten, is_jsonld, objects, objects_in_page
from carousel.catalogue.listing import FIELD_NAMES

CAR = {"@type": "Car", "sku": "1", "brand": "Skoda", "model": "Fabia"}


@pytest.mark.parametrize(
    "document",
    [
        CAR,
        [CAR],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, CAR]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": CAR}]},
        {"@type": "ItemList", "itemListElement": [CAR]},
        {"@type": "OfferCatalog", "itemListElement": [{"@type": "Offer", "price": 5, "itemOffered": CAR}]},
        {"@type": "AutoDealer", "makesOffer": [{"@type": "Offer", "itemOffered": [CAR]}]},
        {"@type": "WebPage", "mainEntity": {**CAR, "@type": ["Product", "https://schema.org/Car"]}},
    ],
)  # fmt: skip
def test_a_car_is_found_in_every_wrapping(document: Any) -> None:
    (car,) = objects(document)
    assert flatten(car)["listing_id"] == "1"
    assert is_jsonld(document[0] if isinstance(document, list) else document)


def test_other_things_are_no_cars() -> None:
    assert list(objects([{"@type": "Product", "name": "Mug"}, {"name": "plain JSON"}, None, "Car", 7])) == []
    assert not is_jsonld({"make": "Skoda", "model": "Fabia"})
    assert not is_jsonld([CAR])


def test_an_offer_around_a_car_is_the_cars_offer() -> None:
    offer = {"@type": "Offer", "price": 7000, "priceCurrency": "CZK", "itemOffered": CAR}
    assert flatten(next(objects(offer)))["price_amount"] == "7000 CZK"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"mileageFromOdometer": {"value": 12000, "unitCode": "KMT"}}, {"mileage_km": "12000 km"}),
        ({"mileageFromOdometer": {"value": 12.345, "unitCode": "KMT"}}, {"mileage_km": "12.3450 km"}),
        ({"mileageFromOdometer": {"value": "7,500", "unitText": "miles"}}, {"mileage_km": "7,500 mi"}),
        ({"mileageFromOdometer": "12000 km"}, {"mileage_km": "12000 km"}),
        ({"mileageFromOdometer": {"value": 12000}}, {"mileage_km": "12000"}),  # the importer asks for the unit
        ({"vehicleEngine": {"enginePower": {"value": 110, "unitCode": "KWT"}}}, {"power_kw": "110 kW"}),
        ({"vehicleEngine": [{"engineDisplacement": {"value": 999, "unitCode": "CMQ"}}]}, {"displacement_cc": "999 cc"}),
        ({"vehicleEngine": "2.0 TDI"}, {}),
        ({"fuelConsumption": {"value": 5.5, "unitText": "l/100 km"}}, {"consumption_l_100km": "5.5 l/100km"}),
        ({"fuelConsumption": {"value": 16.7, "unitText": "kWh/100km"}}, {"consumption_kwh_100km": "16.7 kwh/100km"}),
        ({"fuelConsumption": 5.5}, {}),  # of what, says nobody
        ({"itemCondition": "NewCondition"}, {"condition": "new"}),
        ({"itemCondition": {"@id": "http://schema.org/DamagedCondition"}}, {"condition": "used", "damaged": "true"}),
        ({"driveWheelConfiguration": "https://schema.org/AllWheelDriveConfiguration"}, {"drivetrain": "awd"}),
        ({"driveWheelConfiguration": "4x4"}, {"drivetrain": "4x4"}),
        ({"steeringPosition": "https://schema.org/RightHandDriving"}, {"steering": "right"}),
        ({"bodyType": {"@type": "QualitativeValue", "name": "SUV"}}, {"body_type": "SUV"}),
        ({"schema:color": [{"@value": "red"}]}, {"color_exterior": "red"}),
        ({"offers": {"lowPrice": 900.5, "priceCurrency": "EUR"}}, {"price_amount": "900.5 EUR"}),
        ({"offers": {"price": 1, "seller": {"@type": "Person"}}}, {"price_amount": "1", "seller_type": "private"}),
        ({"offers": {"availability": "https://schema.org/OutOfStock"}}, {"status": "withdrawn"}),
        ({"image": {"url": "https://x.example/1.jpg"}}, {"images": ["https://x.example/1.jpg"]}),
        ({"roofLoad": 75, "award": ""}, {"attributes": {"roofLoad": 75}}),
        ({"additionalProperty": [{"name": "abs", "value": True}, {"name": "torque", "value": 250, "unitText": "Nm"}]},
         {"features": ["abs"], "attributes": {"torque": "250 Nm"}}),
    ],
)  # fmt: skip
def test_a_property_becomes_a_field_with_its_unit(properties: dict[str, Any], expected: dict[str, Any]) -> None:
    known = {"listing_id": "1", "make": "Skoda", "model": "Fabia"}
    assert flatten({**CAR, **properties}) == known | expected


def test_without_a_number_of_its_own_a_car_is_known_by_its_address_or_vin() -> None:
    assert flatten({"@type": "Car", "@id": "https://x.example/car/1"})["listing_id"] == "https://x.example/car/1"
    assert "listing_id" not in flatten({"@type": "Car", "@id": "#car"})
    vin = "TMBJJ7NE0F0123456"
    assert flatten({"@type": "Car", "@id": "#car", "vehicleIdentificationNumber": vin})["listing_id"] == vin
    number = {"@type": "PropertyValue", "name": "stock", "value": "A-7"}
    assert flatten({"@type": "Car", "identifier": number})["listing_id"] == "A-7"


def test_a_shops_page_becomes_listings(samples: Path, converted: Callable[..., list[Any]]) -> None:
    octavia, truck = converted(map(flatten, objects_in_page((samples / "shop.html").read_text(encoding="utf-8"))))
    assert (octavia.listing_id, octavia.make, octavia.model, octavia.vin) == (
        "AH-1",
        "Skoda",
        "Octavia",
        "TMBJJ7NE0F0123456",
    )
    assert (octavia.mileage_km, octavia.power_kw, octavia.displacement_cc) == (98_500, 77, 1600)
    assert (octavia.price_amount, octavia.price_currency, octavia.first_registration) == (9990, "EUR", "2015-03")
    assert (octavia.body_type, octavia.fuel_type, octavia.transmission, octavia.drivetrain) == (
        "wagon",
        "diesel",
        "manual",
        "fwd",
    )
    assert (octavia.seller_name, octavia.seller_type, octavia.city, octavia.country, octavia.lat) == (
        "Autohaus Muster",
        "dealer",
        "Dresden",
        "DE",
        51.05,
    )
    assert octavia.images == ("https://autohaus.example/1.jpg", "https://autohaus.example/2.jpg")
    assert octavia.attributes == {"numberOfAirbags": 7}
    assert octavia.import_warnings == ()
    assert (truck.listing_id, truck.make, truck.model, truck.model_year) == ("F-77", "Ford", "F-150", 2019)
    assert (truck.mileage_km, truck.power_kw, truck.displacement_cc) == (98_492, 216, 2687)
    assert (truck.price_amount, truck.price_currency, truck.msrp_amount) == (28_900, "USD", 41_000)
    assert (truck.status, truck.seller_type) == ("sold", "private")
    assert (truck.drivetrain, truck.transmission) == ("4wd", "automatic")


def test_the_offers_of_an_aggregate_offer_are_looked_through() -> None:
    inner = [{"@type": "Offer", "url": "https://x.example/1"}, {"@type": "Offer", "price": 700}]
    offer = {"@type": "AggregateOffer", "priceCurrency": "EUR", "offers": inner}
    assert flatten({**CAR, "offers": offer})["price_amount"] == "700 EUR"


@pytest.mark.parametrize("where", ["around", "inside"])
def test_a_document_nested_without_end_is_no_crash(where: str) -> None:
    deep: Any = CAR if where == "around" else "the end"
    for _ in range(900):
        deep = {"item": [deep]}
    document = deep if where == "around" else {**CAR, "hasPart": deep}
    found = [orjson.dumps(flatten(car)) for car in objects(document)]
    assert len(found) == (0 if where == "around" else 1)


def test_things_that_name_each_other_are_no_loop() -> None:
    loop = {"@graph": [{"@type": "Car", "@id": "#a", "offers": {"@id": "#b"}}, {"@id": "#b", "seller": {"@id": "#a"}}]}
    (car,) = objects(loop)
    assert flatten(car) == {}


NAMES = sorted(_READ | {"@graph", "name", "value", "unitCode", "price", "priceCurrency", "seller", "address", "geo",
                        "priceSpecification", "itemOffered", "enginePower", "aggregateRating"})  # fmt: skip
SAID = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(("INQ", "KMT"))
ANYTHING = st.recursive(
    SAID, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=8))
def test_whatever_a_car_says_it_becomes_text_lists_and_attributes(said: dict[str, Any]) -> None:
    (car,) = objects([{**said, "@type": "Car"}])
    for field, value in flatten(car).items():
        assert field in FIELD_NAMES
        assert isinstance(value, dict if field == "attributes" else list if field in ("images", "features") else str)


def test_a_place_keeps_all_its_decimals() -> None:
    place = {"@type": "Place", "geo": {"latitude": 51.050409, "longitude": 13.737}}
    found = flatten({**CAR, "offers": {"availableAtOrFrom": place}})
    assert (found["lat"], found["lon"]) == ("51.050409", "13.7370")
