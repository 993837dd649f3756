"""Sources we know by their header, and what their header does not say: units, currency, country.

A profile is a fact about a source, so importing with it assumes nothing. A file that fits none is read by the synonyms
alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DistanceUnit = Literal["km", "mi"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is known of a source beyond its header.

    `fingerprint`: normalised header cells that together give it away. `fields`: cells that mean something else here
    than elsewhere, as `field` or `field:unit`. `keeps_trim_in_model`: its model column reads "silverado 1500 lt".
    """

    name: str
    fingerprint: frozenset[str]
    currency: str | None = None
    distance_unit: DistanceUnit | None = None
    gallon: Literal["uk", "us"] | None = None
    country: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    makes: Mapping[str, str] = field(default_factory=dict)
    signs_are_true: bool = True
    keeps_trim_in_model: bool = False
    postal_code_digits: int | None = None


PROFILES = (
    Profile(
        name="cardekho",
        fingerprint=frozenset({"name", "selling_price", "km_driven", "seller_type", "owner"}),
        currency="INR",
        distance_unit="km",
        country="IN",
        # Fuel economy, "23.4 kmpl"; the distance is km_driven.
        fields={"mileage": "consumption_l_100km", "max_power": "power_kw:bhp"},
    ),
    Profile(
        name="uk_100k",
        fingerprint=frozenset({"mileage", "fuel_type", "tax", "mpg", "engine_size"}),
        currency="GBP",
        distance_unit="mi",
        gallon="uk",
        country="GB",
    ),
    Profile(
        name="autoscout24_de",
        fingerprint=frozenset({"mileage", "make", "model", "fuel", "gear", "offer_type", "price", "hp", "year"}),
        currency="EUR",
        distance_unit="km",
        country="DE",
        fields={"hp": "power_kw:ps", "offer_type": "condition"},
    ),
    Profile(
        name="ebay_kleinanzeigen",
        fingerprint=frozenset({"abtest", "power_ps", "not_repaired_damage", "offer_type"}),
        currency="EUR",
        distance_unit="km",
        country="DE",
        fields={"name": "title"},
        # The copy in circulation writes every euro price as "$5,000".
        signs_are_true=False,
        postal_code_digits=5,
    ),
    Profile(
        name="craigslist",
        fingerprint=frozenset({"title_status", "paint_color", "odometer", "manufacturer"}),
        currency="USD",
        distance_unit="mi",
        gallon="us",
        country="US",
        # Its region is the city whose page an ad stands on.
        fields={"region": "city", "state": "region"},
        makes={"rover": "Land Rover"},
        keeps_trim_in_model=True,
    ),
    Profile(
        name="coches_es",
        fingerprint=frozenset({"version", "price_financed", "kms", "shift", "is_professional", "province"}),
        currency="EUR",
        distance_unit="km",
        country="ES",
        fields={"power": "power_kw:ps"},
    ),
    Profile(
        name="truecar",
        fingerprint=frozenset({"exterior", "interior", "modification", "mpg", "vin", "location"}),
        currency="USD",
        distance_unit="mi",
        gallon="us",
        country="US",
    ),
    Profile(
        name="turkey_2020",
        fingerprint=frozenset({"ilan_tarihi", "arac_tip_grubu", "arac_tip", "beygir_gucu", "kasa_tipi", "fiyat"}),
        currency="TRY",
        distance_unit="km",
        country="TR",
        fields={"arac_tip": "variant"},
    ),
    Profile(
        name="otomoto",
        fingerprint=frozenset({"production_year", "country_of_origin", "aso_serviced", "collision_free"}),
        currency="PLN",
        distance_unit="km",
        country="PL",
    ),
    Profile(
        name="mobile_de",
        # The Search API's JSON, whose objects hold their values as @key and @value.
        fingerprint=frozenset({"key", "price_consumer_price_amount_value"}),
        currency="EUR",
        distance_unit="km",
        fields={
            "key": "listing_id",
            "creation_date_value": "listed_at",
            "modification_date_value": "updated_at",
            "detail_page_url": "url",
            "vehicle_make_key": "make",
            "vehicle_model_key": "model",
            "vehicle_model_description": "title",
            "vehicle_model_description_value": "title",
            "vehicle_category": "body_type",
            "vehicle_category_key": "body_type",
            "vehicle_damage_and_unrepaired_value": "damaged",
            "vehicle_specifics_condition_key": "condition",
            "vehicle_specifics_cubic_capacity_value": "displacement_cc:cc",
            "vehicle_specifics_exterior_color_key": "color_exterior",
            "vehicle_specifics_fuel_key": "fuel_type",
            "vehicle_specifics_gearbox_key": "transmission",
            "vehicle_specifics_num_seats_value": "seats",
            "vehicle_specifics_power": "power_kw:kw",
            "vehicle_specifics_power_value": "power_kw:kw",
            "price_type": "price_negotiable",
            "price_vatable_value": "vat_reclaimable",
            "seller_key": "seller_id",
            "seller_type_value": "seller_type",
        },
    ),
    Profile(
        name="mobile_de",
        # The newer JSON of the same.
        fingerprint=frozenset({"mobile_ad_id", "price_consumer_price_gross"}),
        currency="EUR",
        distance_unit="km",
        fields={
            "power": "power_kw:kw",
            "model_description": "title",
            "category": "body_type",
            "price_type": "price_negotiable",
        },
    ),
    Profile(
        name="uk_scraped",
        fingerprint=frozenset({"mileage2", "fuel_type2", "engine_size2", "reference"}),
        currency="GBP",
        distance_unit="mi",
        gallon="uk",
        country="GB",
    ),
)


def recognise(cells: frozenset[str]) -> Profile | None:
    """Return the profile whose fingerprint a header has; of several, the one that asks for most."""
    fitting = [p for p in PROFILES if p.fingerprint <= cells]
    return max(fitting, key=lambda p: len(p.fingerprint), default=None)
