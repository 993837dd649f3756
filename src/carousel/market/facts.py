"""The tables of facts the simulated market is made from: car models, their engines, and cities.

`models.csv` has a row per model and body, `engines.csv` the engines each model was sold with, `cities.csv` where
sellers are. Names, years, engines and prices follow what was really on sale in Europe, rounded; nothing is copied
from a listing of anybody.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import cast

from carousel.catalogue.feeds.makes import makes
from carousel.catalogue.listing import BodyType, Drivetrain, FuelType

OPEN_YEAR = 9999  # an engine or model without a last year is still sold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Engine:
    """An engine of a model; consumption and range are WLTP combined. `share` is relative to the model's others."""

    name: str
    trim: str
    fuel_type: FuelType
    power_kw: int
    displacement_cc: int | None
    cylinders: int | None
    battery_kwh: float | None
    electric_range_km: float | None
    consumption_l_100km: float | None
    consumption_kwh_100km: float | None
    co2_g_km: int
    share: float
    from_year: int
    to_year: int

    def is_sold_in(self, year: int) -> bool:
        return self.from_year <= year <= self.to_year


@dataclass(frozen=True, slots=True)
class Trim:
    """A level of equipment under the name it had in some years."""

    name: str
    from_year: int
    to_year: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A car model in one body. Prices are those of a new one today, or in its last year, from the plainest to
    the best equipped.

    :ivar make: spelled as the importer spells it, so that imported and simulated cars share a make.
    :ivar brand: as the maker writes itself: "Škoda".
    :ivar kept: share of the new price after five years.
    :ivar popularity: listings of it, relative to the others.
    :ivar engines: a year without one of them, before the table begins, has no cars.
    """

    make: str
    brand: str
    model: str
    body: str
    body_type: BodyType
    segment: str
    from_year: int
    to_year: int
    generations: tuple[tuple[str, int], ...]
    seats: int
    seats_option: int | None
    doors: int
    drivetrain: Drivetrain
    awd_share: float
    automatic_share: float
    price_from_eur: float
    price_to_eur: float
    kept: float
    annual_km: float
    popularity: float
    trims: tuple[Trim, ...]
    engines: tuple[Engine, ...] = field(repr=False)

    def engines_in(self, year: int) -> list[Engine]:
        """Return what could be ordered in a year."""
        if not self.from_year <= year <= self.to_year:
            return []
        return [e for e in self.engines if e.is_sold_in(year)]

    def trims_in(self, year: int) -> list[str]:
        """Return the names of the trims of a year, the plainest first."""
        return [t.name for t in self.trims if t.from_year <= year <= t.to_year]

    def generation_in(self, year: int) -> str | None:
        """Return the name of the generation sold in a year: "IV", "G20"."""
        return next((name for name, since in reversed(self.generations) if since <= year), None)


@dataclass(frozen=True, slots=True)
class City:
    """A place with sellers; `weight` is relative to the others."""

    name: str
    region: str
    country: str
    postal_code: str | None
    lat: float
    lon: float
    weight: float


@dataclass(frozen=True, slots=True)
class Town:
    """A town where private sellers live."""

    name: str
    country: str
    lat: float
    lon: float
    population: int


@lru_cache(maxsize=1)
def models() -> tuple[Model, ...]:
    """Return every model in every body, read once."""
    engines: dict[tuple[str, str], list[tuple[str, Engine]]] = defaultdict(list)
    for row in _rows("engines.csv"):
        engines[row["make"], row["model"]].append((row["body"], _engine(row)))
    return tuple(_model(row, engines[row["make"], row["model"]]) for row in _rows("models.csv"))


@lru_cache(maxsize=1)
def cities() -> tuple[City, ...]:
    """Return the cities, read once."""
    return tuple(
        City(
            r["city"], r["region"], r["country"], r["postal_code"], float(r["lat"]), float(r["lon"]), float(r["weight"])
        )
        for r in _rows("cities.csv")
    )


@lru_cache(maxsize=1)
def towns() -> tuple[Town, ...]:
    """Return towns around the cities, read once: those of 15,000 people and more in GeoNames (CC BY 4.0)."""
    return tuple(
        Town(r["town"], r["country"], float(r["lat"]), float(r["lon"]), int(r["population"]))
        for r in _rows("towns.csv")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader((files(__package__) / name).read_text(encoding="utf-8").splitlines())


def _model(row: dict[str, str], engines: list[tuple[str, Engine]]) -> Model:
    generations = (g.rpartition(" ") for g in row["generations"].split("|") if g)
    # An engine names a body when only that one has it ("Elektro"); "-" is the body without a name.
    from_year, to_year = int(row["from_year"]), int(row["to_year"] or OPEN_YEAR)
    fitting = tuple(
        e for body, e in engines
        if body in ("", row["body"] or "-") and e.from_year <= to_year and e.to_year >= from_year
    )  # fmt: skip
    return Model(
        make=makes().make(row["make"]) or row["make"],
        brand=row["make"],
        model=row["model"],
        body=row["body"],
        body_type=cast("BodyType", row["body_type"]),
        segment=row["segment"],
        from_year=from_year,
        to_year=to_year,
        generations=tuple((name, int(since)) for name, _, since in generations),
        seats=int(row["seats"]),
        seats_option=int(row["seats_option"]) if row["seats_option"] else None,
        doors=int(row["doors"]),
        drivetrain=cast("Drivetrain", row["drivetrain"]),
        awd_share=float(row["awd_percent"]) / 100,
        automatic_share=float(row["automatic_percent"]) / 100,
        price_from_eur=float(row["price_from_eur"]),
        price_to_eur=float(row["price_to_eur"]),
        kept=float(row["kept_percent"]) / 100,
        annual_km=float(row["annual_km"]),
        popularity=float(row["popularity"]),
        trims=tuple(_trim(text) for text in row["trims"].split("|")),
        engines=fitting,
    )


def _trim(text: str) -> Trim:
    """Read "Style", "Life 2020-", "Trendline -2019"."""
    name, since, until = re.fullmatch(r"(.+?)(?: (\d{4})?-(\d{4})?)?", text).groups()  # type: ignore[union-attr]
    return Trim(name, int(since or 0), int(until or OPEN_YEAR))


def _engine(row: dict[str, str]) -> Engine:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return Engine(
        name=row["engine"],
        trim=row["trim"],
        fuel_type=cast("FuelType", row["fuel_type"]),
        power_kw=int(row["power_kw"]),
        displacement_cc=int(row["displacement_cc"]) if row["displacement_cc"] else None,
        cylinders=int(row["cylinders"]) if row["cylinders"] else None,
        battery_kwh=number("battery_kwh"),
        electric_range_km=number("electric_range_km"),
        consumption_l_100km=number("consumption_l_100km"),
        consumption_kwh_100km=number("consumption_kwh_100km"),
        co2_g_km=int(row["co2_g_km"]),
        share=float(row["share"]),
        from_year=int(row["from_year"] or 0),
        to_year=int(row["to_year"] or OPEN_YEAR),
    )
