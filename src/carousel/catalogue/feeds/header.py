"""Recognise a header: which column holds which field, and in which unit.

A cell is normalised (lower case, no accents, camelCase split, the rest underscores), then looked up: what the caller
said with `--map`, the source's profile, the synonyms. A unit at the end of a cell counts: "Mileage (mi)", "power_ps".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from carousel.catalogue.feeds.profiles import Profile, recognise
from carousel.catalogue.listing import FIELD_NAMES, RATES_PER_EUR, plain
from carousel.errors import InputError, UnusableFeedError

IGNORE = "ignore"
PART_OF_A_FIELD = ("registration_month", "wanted", "make_and_model", "accident", "last_seen")
"""Columns that are no field by themselves."""

# In order of preference: of two columns for one field the earlier synonym wins, the other becomes an attribute.
SYNONYMS: dict[str, str] = {
    "listing_id": "listing_id id vehicle_id ad_id stock_id stock_number reference offer_id mobile_ad_id inzerat_id",
    "source_listing_id": "source_listing_id cross_reference",
    "vin": "vin vin_number vehicle_identification_number fin fahrgestellnummer",
    "make": "make brand manufacturer maker make_name vehicle_brand marke hersteller marka znacka marca marque company",
    "model": "model model_name vehicle_model modell baureihe modele modelo arac_tip_grubu",
    "make_and_model": "name car_name",
    "title": "title headline ad_title titel titulo titre tytul",
    "variant": "variant trim trim_name version vehicle_version modelversion model_version model_description"
    " vehicle_configuration ausstattungslinie wersja modification",
    "generation": "generation vehicle_generation",
    "model_year": "model_year year production_year manufacture_year prod_year rok rok_produkcji baujahr jahr annee ano"
    " year_of_registration model_yil",
    "first_registration": "first_registration first_registration_date registration_date date_first_registered"
    " erstzulassung ez",
    "registration_month": "month_of_registration registration_month",
    "mileage_km": "mileage km kms km_driven kms_driven kilometer kilometers kilometre kilometerstand laufleistung"
    " przebieg najeto tachometr odometer milage",
    "price_amount": "price_amount price selling_price sale_price listing_price prezzo preis cena prix precio ask_price"
    " fiyat",
    "price_currency": "price_currency currency waehrung wahrung",
    "price_type": "price_type vehicle_price_type",
    "price_negotiable": "price_negotiable negotiable",
    "vat_reclaimable": "vat_reclaimable",
    "msrp_amount": "msrp present_price vehicle_msrp new_price list_price neupreis msrp_amount",
    "fuel_type": "fuel_type fuel engine_fuel primary_fuel_type kraftstoff kraftstoffart palivo rodzaj_paliwa carburant"
    " combustible alimentazione yakit_turu",
    "transmission": "transmission transmission_type gearbox gear gear_box getriebe skrzynia_biegow prevodovka boite"
    " cambio vites shift",
    "drivetrain": "drivetrain drive drive_type driven_wheels wheel_system antrieb antriebsart naped pohon",
    "body_type": "body_type body body_style body_class vehicle_type type category karosserie fahrzeugtyp nadwozie"
    " typ_nadwozia karoserie kasa_tipi",
    "condition": "condition state_of_vehicle vehicle_offer_type is_new new_used zustand stan durum",
    "wanted": "offer_type",
    "certified": "certified certified_pre_owned is_certified",
    "power_kw": "power engine_power leistung horsepower max_power moc beygir_gucu",
    "displacement_cc": "displacement engine_displacement cylinder_capacity cubic_capacity hubraum pojemnosc engine"
    " engine_size ccm displacement_cc",
    "cylinders": "cylinders num_cylinders engine_cylinders zylinder",
    "gears": "gears num_gears gaenge",
    "doors": "doors door_count doors_number number_of_doors num_doors tueren turen",
    "seats": "seats seat_count seating_capacity maximum_seating sitze",
    "battery_kwh": "battery_kwh battery_capacity battery",
    "electric_range_km": "electric_range_km electric_range range_km",
    "consumption_l_100km": "consumption_l_100km fuel_consumption verbrauch consumption mpg fuel_economy",
    "consumption_kwh_100km": "consumption_kwh_100km",
    "co2_g_km": "co2_g_km co2 co2_emissions co2_emission",
    "emission_standard": "emission_standard emission_class schadstoffklasse euro_standard",
    "color_exterior": "color_exterior color colour exterior_color ext_col exterior paint_color color_slug farbe"
    " aussenfarbe kolor barva listing_color renk",
    "color_interior": "color_interior interior_color interior int_col innenfarbe",
    "upholstery": "upholstery polsterung",
    "metallic": "metallic",
    "owners_count": "owners_count owner owners owner_count previous_owners number_of_previous_owners fahrzeughalter",
    "damaged": "damaged not_repaired_damage damage frame_damaged",
    "accident_free": "accident_free unfallfrei collision_free",
    "accident": "accident has_accidents accidents",
    "service_history": "service_history scheckheftgepflegt aso_serviced",
    "title_status": "title_status",
    "features": "features equipment ausstattung",
    "steering": "steering steering_side",
    "seller_type": "seller_type seller anbieter verkaeufer verkaufer sprzedajacy kimden is_professional",
    "seller_id": "seller_id dealer_id",
    "seller_name": "seller_name dealer dealer_name",
    "seller_rating": "seller_rating",
    "country": "country country_code",
    "region": "region state county province bundesland",
    "city": "city location offer_location ort stadt",
    "postal_code": "postal_code postalcode postcode plz zip zip_code",
    "lat": "lat latitude",
    "lon": "lon long lng longitude",
    "status": "status availability",
    "listed_at": "listed_at date_created posting_date listed_date offer_publication_date created_at publish_date"
    " ilan_tarihi date_first_on_lot date_in_stock date_crawled",
    "last_seen": "last_seen last_seen_at date_last_seen",
    "sold_at": "sold_at sale_date removal_date sold_date",
    "updated_at": "updated_at modified_at",
    "url": "url link",
    "images": "images image_urls image_url image image_link main_picture_url",
    "image_count": "image_count photos",
    "description": "description beschreibung text",
    "attributes": "attributes",
    IGNORE: "abtest nr_of_pictures unnamed_0 sp_id region_url tax index row row_number import_warnings source make_id"
    " model_id",
}  # fmt: skip

# The units a header cell may end with.
_UNITS = {
    "mileage_km": {"km": "km", "kms": "km", "mi": "mi", "miles": "mi", "mile": "mi"},
    "power_kw": {"kw": "kw", "ps": "ps", "cv": "ps", "km": "ps", "hp": "bhp", "bhp": "bhp"},
    "displacement_cc": {"cc": "cc", "ccm": "cc", "cm3": "cc", "l": "l", "litres": "l"},
    "consumption_l_100km": {"mpg": "mpg", "l_100km": "l"},
    "price_amount": {code.lower(): code for code in RATES_PER_EUR},
    "msrp_amount": {code.lower(): code for code in RATES_PER_EUR},
}
_WHOLE_CELLS = {
    "kw": ("power_kw", "kw"), "hp": ("power_kw", "bhp"), "ps": ("power_kw", "ps"), "bhp": ("power_kw", "bhp"),
    "km": ("mileage_km", "km"), "kms": ("mileage_km", "km"), "km_driven": ("mileage_km", "km"),
    "kms_driven": ("mileage_km", "km"), "kilometer": ("mileage_km", "km"), "kilometers": ("mileage_km", "km"),
    "kilometre": ("mileage_km", "km"), "kilometerstand": ("mileage_km", "km"), "laufleistung": ("mileage_km", "km"),
    "horsepower": ("power_kw", "bhp"), "miles": ("mileage_km", "mi"),
}  # fmt: skip
_OF_CELL = {
    synonym.replace("_", ""): (name, rank)
    for name, synonyms in SYNONYMS.items()
    for rank, synonym in enumerate(synonyms.split())
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it is, what its header says, the field it holds and its unit when the header gives one."""

    index: int
    name: str
    field: str | None
    unit: str | None = None


@dataclass(frozen=True)
class Header:
    """A recognised header."""

    columns: tuple[Column, ...]
    profile: Profile | None

    def of(self, field: str) -> Column | None:
        return next((c for c in self.columns if c.field == field), None)

    @property
    def fields(self) -> dict[str, str]:
        """Return {field: column}, in the order of the columns."""
        return {c.field: c.name for c in self.columns if c.field is not None and c.field != IGNORE}


_GIVES = {
    "make_and_model": ("make", "model", "variant"),
    "registration_month": ("first_registration",),
    "accident": ("accident_free",),
    "wanted": (),
    "last_seen": ("attributes",),
}
"""The fields a column of `PART_OF_A_FIELD` gives."""


def mapping_of(header: Header) -> dict[str, str]:
    """Return {canonical field: column} for people: a column that gives several fields stands at each of them."""
    mapping = {field: column for field, column in header.fields.items() if field not in _GIVES}
    for field, column in header.fields.items():
        for given in _GIVES.get(field, ()):
            mapping.setdefault(given, column)
    return mapping


def normalise(cell: str) -> str:
    """Return a header cell in its plain form: "yearOfRegistration " is "year_of_registration"."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cell.strip())
    return re.sub(r"[^\w]+|_+", "_", plain(split).replace("ı", "i")).strip("_")


def recognise_header(
    cells: Sequence[str], *, said: Mapping[str, str] | None = None, make: str | None = None, file: str = "the file"
) -> Header:
    """Map a header's cells to fields.

    :param said: {column: field} by the caller, which wins; a field may end in a unit ("mileage_mi"), or be "ignore".
    :param make: the make of every row, when the caller or the file's name gives it.
    :raises InputError: `said` names a column the file does not have, or a field nobody knows.
    :raises UnusableFeedError: nothing says make, model or year.
    """
    normal = [normalise(c) for c in cells]
    profile = recognise(frozenset(normal))
    chosen = _said(cells, said or {}, file)
    candidates: list[tuple[int, int, str, str | None]] = []  # (rank, index, field, unit)
    for index, cell in enumerate(normal):
        if index in chosen:
            candidates.append((-2, index, *chosen[index]))
        elif profile is not None and cell in profile.fields:
            field, _, unit = profile.fields[cell].partition(":")
            candidates.append((-1, index, field, unit or None))
        elif (found := _look_up(cell)) is not None:
            candidates.append((found[2], index, found[0], found[1]))
    taken: dict[str, int] = {}
    of_index: dict[int, tuple[str, str | None]] = {}
    for _, index, field, said_unit in sorted(candidates, key=lambda c: c[:2]):
        if field == IGNORE or taken.setdefault(field, index) == index:
            of_index[index] = (field, said_unit)
    columns = tuple(Column(i, name, *of_index.get(i, (None, None))) for i, name in enumerate(cells))
    header = Header(columns, profile)
    _require(header, cells, make, file)
    return header


def _said(cells: Sequence[str], said: Mapping[str, str], file: str) -> dict[int, tuple[str, str | None]]:
    chosen: dict[int, tuple[str, str | None]] = {}
    for column, target in said.items():
        at = [i for i, c in enumerate(cells) if c.strip() == column.strip()]
        at = at or [i for i, c in enumerate(cells) if normalise(c) == normalise(column)]
        if not at:
            raise InputError(
                f"--map {column}={target}: {file} has no column {column!r}, only {_list(cells)}", field="map"
            )
        found = (target, None) if target in _TARGETS else _look_up(normalise(target))
        if found is None:
            raise InputError(
                f"--map {column}={target}: {target!r} is no field; use one of {', '.join(_TARGETS)}", field="map"
            )
        chosen[at[0]] = (found[0], found[1])
    return chosen


_TARGETS = (
    *(name for name in FIELD_NAMES if name not in ("attributes", "import_warnings", "source")),
    *PART_OF_A_FIELD,
    IGNORE,
)


def _look_up(cell: str) -> tuple[str, str | None, int] | None:
    """Return (field, unit, rank) of a normalised cell."""
    if cell in _WHOLE_CELLS:
        return (*_WHOLE_CELLS[cell], 1)
    found = _OF_CELL.get(cell.replace("_", ""))
    if found is not None:
        return found[0], None, found[1]
    for field, units in _UNITS.items():
        for ending, unit in units.items():
            base = cell.removesuffix(f"_{ending}").removesuffix("_in")
            if base != cell and (known := _OF_CELL.get(base.replace("_", ""))) is not None and known[0] == field:
                return field, unit, known[1]
    return None


def _require(header: Header, cells: Sequence[str], make: str | None, file: str) -> None:
    has = header.fields.keys()
    missing = []
    split = has & {"make_and_model", "title"}
    if "make" not in has and make is None and not split:
        missing.append("make")
    if "model" not in has and not split:
        missing.append("model")
    if not has & {"model_year", "first_registration"}:
        missing.append("model_year")
    if missing:
        cure = " ".join(f'--map "COLUMN={name}"' for name in missing)
        also = ", or --make NAME for all rows" if missing == ["make"] else ""
        raise UnusableFeedError(
            f"{file}: no column for {', '.join(missing)} among {_list(cells)}; name it with {cure}{also}", field="map"
        )


def _list(cells: Sequence[str]) -> str:
    shown = ", ".join(repr(c.strip()[:40]) for c in cells[:40])
    return shown + (f" and {len(cells) - 40} more" if len(cells) > 40 else "")
