"""Make listings a marketplace could have: each is drawn by itself, from its number and the market's seed.

A car's age decides most of the rest: model and engine by what was sold that year, mileage by age, fuel and use,
price by what such a car keeps of its new price, then by its mileage and its story.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from random import Random

from carousel.catalogue.listing import RATES_PER_EUR, Color, Condition, Drivetrain, Listing, ListingId, Transmission
from carousel.market.descriptions import describe
from carousel.market.equipment import pick_features
from carousel.market.facts import City, Engine, Model, models
from carousel.market.sellers import Dealer, pick_city, pick_dealer

SOURCE = "market"
LISTED_DAYS = 60
OLDEST_YEARS = 21

_NEW_SHARE, _DEMO_SHARE, _PRE_REGISTERED_SHARE = 0.05, 0.05, 0.04  # of the models still sold
_DEALER_SHARE = 0.74

_KM_BY_FUEL = {"diesel": 1.18, "petrol": 0.86, "electric": 0.95, "plugin_hybrid": 1.08, "hybrid": 1.05, "cng": 1.3,
               "lpg": 1.2, "mild_hybrid": 0.95}  # fmt: skip
_OFF_THE_LOT = 0.88
"""Share of the list price a car keeps the day it is registered."""
_NEW_DISCOUNT = 0.93
_DEMO_DISCOUNT = 0.94
_MOST_OF_NEW = 0.95  # nobody asks more for a used car
_PRE_REGISTERED_MONTHS = 6
_PRICE_PER_KM = 2.3e-6  # a car 20,000 km above what is usual is worth 4.5% less
_NOISE = 0.055  # sellers disagree by about this much
_LEAST_EUR = 700.0
_WORN_KM = 200_000  # few cars get much further

_COLORS: tuple[tuple[Color, float], ...] = (
    ("grey", 23), ("black", 22), ("white", 19), ("blue", 11), ("silver", 9), ("red", 8), ("green", 3), ("brown", 2),
    ("orange", 1.4), ("beige", 1), ("yellow", 0.8),
)  # fmt: skip
_COLORFUL = {"red": 2.2, "blue": 1.5, "yellow": 4.0, "orange": 3.0, "green": 1.6}  # small and sports cars
_AWD_NAMES = {"Audi": "quattro", "BMW": "xDrive", "Mercedes-Benz": "4MATIC", "Volkswagen": "4MOTION", "Škoda": "4x4",
              "SEAT": "4Drive", "Cupra": "4Drive", "Dacia": "4x4", "Fiat": "4x4", "Jeep": "4x4", "MINI": "ALL4",
              "Suzuki": "ALLGRIP", "Renault": "4x4", "Opel": "4x4", "Alfa Romeo": "Q4", "DS": "4x4"}  # fmt: skip
_SAYS_AWD = ("AWD", "4x4", "quattro", "xDrive", "4MATIC", "4MOTION", "4Drive", "ALL4", "Q4")
_SAYS_TWO_WHEELS = ("sDrive", "eD4")
# Their hybrids drive through a planetary gear, and Subaru and Nissan automatics through a belt.
_CVT_HYBRIDS = {"Toyota", "Lexus", "Honda", "Suzuki", "Mitsubishi", "Nissan", "Ford", "Subaru"}
_CVT_PETROLS = {"Subaru", "Nissan", "Mitsubishi", "Honda", "Toyota"}
_GEARS = {"BMW": 8, "MINI": 7, "Volvo": 8, "Jaguar": 8, "Land Rover": 9, "Alfa Romeo": 8, "Jeep": 8, "Porsche": 8,
          "Peugeot": 8, "Citroën": 8, "Opel": 8, "DS": 8, "Mazda": 6, "Fiat": 6, "Suzuki": 6, "RAM": 8, "Dodge": 8,
          "Ford": 8, "Maserati": 8, "Genesis": 8, "Chevrolet": 8}  # fmt: skip
# The part of a currency in what is offered in a country; the rest is in euros.
_LOCAL_CURRENCY = {"CZ": ("CZK", 0.45), "PL": ("PLN", 0.5), "CH": ("CHF", 1.0), "HU": ("HUF", 0.4)}
_EMISSION_STANDARDS = (
    (2024.67, "euro6e"), (2019.67, "euro6d"), (2018.67, "euro6c"), (2015.67, "euro6b"), (2010.67, "euro5"),
)  # fmt: skip
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_VIN_MAKER = "0CR"  # no region of the world was given the 0: no real car can have it


@dataclass(frozen=True, slots=True)
class _Car:
    """What is decided before the offer: which car it is and what it went through."""

    model: Model
    engine: Engine
    trim: str
    trim_level: float
    condition: Condition
    year: int
    month: int
    age: float
    mileage_km: int
    automatic: bool
    awd: bool
    owners: int
    damaged: bool


def make_listings(count: int = 2_000, *, seed: int = 1, now: datetime) -> list[Listing]:
    """Return listings, the same for the same seed and month; a longer market starts with the shorter one.

    :param now: aware; no listing is listed after it.
    """
    return [_listing(number, seed, now) for number in range(count)]


def _listing(number: int, seed: int, now: datetime) -> Listing:
    rng = Random(f"{seed}/{number}")  # noqa: S311 - a simulation, not a secret
    car = _car(rng, now)
    dealer = pick_dealer(rng, car.model.make) if _is_from_dealer(rng, car) else None
    city = dealer.city if dealer else pick_city(rng)
    features = pick_features(rng, car.model, car.engine, car.year, car.trim_level)
    amount, currency = _asked(rng, _value_eur(rng, car, dealer is None, now.year), dealer, city)
    transmission, gears = _transmission(car)
    drivetrain: Drivetrain = car.model.drivetrain
    if car.awd and drivetrain != "4wd":
        drivetrain = "awd"
    color, metallic = _color(rng, car.model)
    variant = " ".join(p for p in (car.model.body, _engine_name(car), car.engine.trim or car.trim) if p)
    used = car.condition == "used"
    return Listing(
        listing_id=ListingId(f"market-{number:06d}"),
        source=SOURCE,
        make=car.model.make,
        model=car.model.model,
        variant=variant,
        generation=car.model.generation_in(car.year),
        title=f"{car.model.brand} {car.model.model} {variant}",
        condition=car.condition,
        certified=True if dealer and used and car.age < 6 and car.model.make in dealer.makes else None,
        model_year=car.year,
        first_registration=None if car.condition == "new" else f"{car.year}-{car.month:02d}",
        mileage_km=car.mileage_km,
        price_amount=Decimal(amount),
        price_currency=currency,
        price_type="gross",
        price_negotiable=rng.random() < (0.15 if dealer else 0.65),
        vat_reclaimable=True if dealer and car.age < 4 and rng.random() < 0.35 else None,
        msrp_amount=None if used else Decimal(_round(_list_price(car) * RATES_PER_EUR[currency], 3)),
        body_type=car.model.body_type,
        fuel_type=car.engine.fuel_type,
        transmission=transmission,
        gears=gears,
        drivetrain=drivetrain,
        power_kw=car.engine.power_kw,
        displacement_cc=car.engine.displacement_cc,
        cylinders=car.engine.cylinders,
        doors=car.model.doors,
        seats=car.model.seats_option if car.model.seats_option and rng.random() < 0.45 else car.model.seats,
        battery_kwh=car.engine.battery_kwh,
        electric_range_km=car.engine.electric_range_km,
        consumption_l_100km=car.engine.consumption_l_100km,
        consumption_kwh_100km=car.engine.consumption_kwh_100km,
        co2_g_km=car.engine.co2_g_km,
        emission_standard=_emission_standard(car),
        color_exterior=color,
        metallic=metallic,
        color_interior=rng.choices(("black", "grey", "beige", "brown"), (80, 12, 5, 3))[0],
        upholstery=_upholstery(rng, features, car.trim_level),
        owners_count=car.owners,
        accident_free=None if rng.random() < 0.2 else not car.damaged and rng.random() > 0.012 * car.age,
        damaged=car.damaged,
        service_history=None if rng.random() < 0.15 else rng.random() < 0.97 - 0.035 * car.age,
        features=features,
        steering="left",
        seller_type="dealer" if dealer else "private",
        seller_id=dealer.seller_id if dealer else None,
        seller_name=dealer.name if dealer else None,
        seller_rating=dealer.rating if dealer else None,
        country=city.country,
        region=city.region,
        city=city.name,
        postal_code=city.postal_code,
        # Private sellers live around the city, and nobody's door is shown.
        lat=round(city.lat + (0 if dealer else rng.uniform(-0.06, 0.06)), 3),
        lon=round(city.lon + (0 if dealer else rng.uniform(-0.09, 0.09)), 3),
        vin=_vin(rng) if rng.random() < 0.6 else None,
        listed_at=_listed_at(rng, car, now),
        description=describe(
            rng, condition=car.condition, owners=car.owners, damaged=car.damaged, features=features,
            fuel_type=car.engine.fuel_type, range_km=car.engine.electric_range_km, dealer=dealer is not None,
            city=city.name, body_type=car.model.body_type,
        ),
    )  # fmt: skip


# --- which car --------------------------------------------------------------------------------------------------------


def _car(rng: Random, now: datetime) -> _Car:
    model, condition, year = _model_and_year(rng, now)
    engines = model.engines_in(year)
    engine = rng.choices(engines, [e.share for e in engines])[0]
    level = _trim_level(rng, engine, engines)
    trims = model.trims_in(year)
    month, age = _age(rng, condition, year, now)
    return _Car(
        model=model,
        engine=engine,
        trim=trims[min(int(level * len(trims)), len(trims) - 1)],
        trim_level=level,
        condition=condition,
        year=year,
        month=month,
        age=age,
        mileage_km=_mileage_km(rng, condition, age, model, engine),
        automatic=_is_automatic(rng, model, engine, engines, year),
        awd=_is_awd(rng, model, engine, engines),
        owners=_owners(rng, condition, age),
        damaged=condition == "used" and age > 3 and rng.random() < 0.02,
    )


def _model_and_year(rng: Random, now: datetime) -> tuple[Model, Condition, int]:
    stock = models()
    while True:
        model = rng.choices(stock, cum_weights=_popularity())[0]
        # Reading of the tables ends with a year: what is sold in the last one is sold today.
        on_sale = model.engines_in(now.year)
        draw = rng.random() if on_sale else 1.0
        if draw < _NEW_SHARE:
            return model, "new", now.year
        if draw < _NEW_SHARE + _DEMO_SHARE:
            return model, "demo", now.year
        if draw < _NEW_SHARE + _DEMO_SHARE + _PRE_REGISTERED_SHARE:
            return model, "pre_registered", now.year
        years, weights = _years(model, now.year, now.month > 1)
        if years:
            return model, "used", rng.choices(years, weights)[0]


@lru_cache(maxsize=1)
def _popularity() -> list[float]:
    return list(accumulate(m.popularity for m in models()))


@lru_cache(maxsize=4_096)
def _years(model: Model, this_year: int, begun: bool) -> tuple[list[int], list[float]]:
    """Return the years a used one can be from and how often: most are three to five years old."""
    years = [y for y in range(this_year - OLDEST_YEARS, this_year + int(begun)) if model.engines_in(y)]
    return years, [(this_year - y + 0.4) * math.exp(-(this_year - y) / 3.3) for y in years]


def _age(rng: Random, condition: Condition, year: int, now: datetime) -> tuple[int, float]:
    """Return the month of the first registration and the age in years; both change with the month, not the hour."""
    if condition == "new":
        return now.month, 0.0
    lately = {"demo": 7, "pre_registered": _PRE_REGISTERED_MONTHS}.get(condition)
    first, last = (1, 12) if lately is None else (max(1, now.month - lately), now.month)
    if year == now.year:
        last = min(last, max(1, now.month - 1))
    month = rng.randint(min(first, last), last)
    return month, max(0.05, now.year - year + (now.month - month) / 12)


def _trim_level(rng: Random, engine: Engine, engines: Sequence[Engine]) -> float:
    """Return 0 (plainest) to 1 (best): strong engines are ordered with better trims."""
    if engine.trim:
        return 0.95
    return min(0.999, max(0.0, rng.gauss(0.34 + 0.32 * _power_rank(engine, engines), 0.24)))


def _power_rank(engine: Engine, engines: Sequence[Engine]) -> float:
    """Return where an engine's power lies among those of its model: 0 weakest, 1 strongest."""
    powers = [e.power_kw for e in engines]
    low, high = min(powers), max(powers)
    return (engine.power_kw - low) / (high - low) if high > low else 0.4


def _mileage_km(rng: Random, condition: Condition, age: float, model: Model, engine: Engine) -> int:
    if condition == "new":
        return rng.randint(5, 50)
    if condition == "demo":
        return rng.randint(15, 120) * 100 + rng.randint(0, 99)
    if condition == "pre_registered":
        return rng.randint(5, 99)
    per_year = model.annual_km * _KM_BY_FUEL[engine.fuel_type] * rng.lognormvariate(0, 0.32)
    km = max(1_100.0, _years_of_use(age) * per_year)
    km = min(km, _WORN_KM) + 0.45 * max(0.0, km - _WORN_KM)
    return int(_round(km, 2 if rng.random() < 0.3 else 5))


def _years_of_use(age: float) -> float:
    """Return the years at full annual mileage: an old car is driven less every year.

    What is sold young was driven little: company cars, which are driven most, come back after three years.
    """
    return float(1.12 * age**0.86 * min(1.0, 0.3 + 0.23 * age))


def _is_automatic(rng: Random, model: Model, engine: Engine, engines: Sequence[Engine], year: int) -> bool:
    if engine.fuel_type in ("electric", "plugin_hybrid", "hybrid"):
        return True
    if model.automatic_share >= (0.97 if year < 2022 else 0.75):
        return True  # large cars lost the manual in the end
    # The share differs among the engines, strong ones have more, and it has grown by about 3 points a year.
    share = model.automatic_share * (0.6 + 0.8 * _power_rank(engine, engines))
    return model.automatic_share > 0 and rng.random() < share + 0.03 * (year - 2019)


def _is_awd(rng: Random, model: Model, engine: Engine, engines: Sequence[Engine]) -> bool:
    if model.drivetrain in ("awd", "4wd") or any(word in engine.name for word in _SAYS_AWD):
        return True
    if engine.fuel_type in ("electric", "plugin_hybrid") or any(word in engine.name for word in _SAYS_TWO_WHEELS):
        return False
    rank = _power_rank(engine, engines)
    return rank >= 0.3 and rng.random() < min(0.9, model.awd_share * (0.8 + rank))


def _owners(rng: Random, condition: Condition, age: float) -> int:
    if condition == "new":
        return 0
    if condition in ("demo", "pre_registered") or age < 1:
        return 1
    return 1 + sum(rng.random() < 0.19 for _ in range(min(int(age), 8)))


# --- what is asked for it ---------------------------------------------------------------------------------------------


def _list_price(car: _Car) -> float:
    """Return the new price in euros of this engine and trim today, or in the model's last year."""
    low, high = car.model.price_from_eur, car.model.price_to_eur
    rank = _power_rank(car.engine, car.model.engines_in(car.year))
    extras = 0.04 if car.automatic and car.model.automatic_share < 0.9 else 0.0
    extras += 0.05 if car.awd and car.model.drivetrain not in ("awd", "4wd") else 0.0
    return (low + (high - low) * (0.6 * rank + 0.4 * car.trim_level)) * (1 + extras)


def _inflation(model: Model, this_year: int) -> float:
    """Return what today's prices are to those of a model's last year: an older used car follows the new ones."""
    return float(min(1.35, 1.03 ** max(0, this_year - model.to_year)))


def kept_value(age: float, kept: float) -> float:
    """Return the share of its new price a car is worth.

    :param age: in years.
    :param kept: the share at five years; what holds its value early also holds it later.
    """
    early = (kept / _OFF_THE_LOT) ** (1 / 5)
    late = 0.78 + 0.21 * kept
    return float(_OFF_THE_LOT * early ** min(age, 5) * late ** max(age - 5, 0))


def _value_eur(rng: Random, car: _Car, private: bool, this_year: int) -> float:
    if car.condition == "new":
        return _list_price(car) * _NEW_DISCOUNT * rng.lognormvariate(0, 0.02)
    usual_km = car.model.annual_km * _years_of_use(car.age)
    when_new = _list_price(car) * _inflation(car.model, this_year)
    value = when_new * kept_value(car.age, car.model.kept)
    value *= min(1.25, max(0.68, math.exp(-_PRICE_PER_KM * (car.mileage_km - usual_km))))
    if car.condition == "demo":
        value *= _DEMO_DISCOUNT
    if private:
        value *= 0.95
    if car.damaged:
        value *= 0.6
    value *= 1.015 - 0.015 * (car.owners - 1)
    return max(_LEAST_EUR, min(value * rng.lognormvariate(0, _NOISE), _MOST_OF_NEW * when_new))


def _asked(rng: Random, value_eur: float, dealer: Dealer | None, city: City) -> tuple[int, str]:
    """Return the amount as sellers write it ("12,490", "9,500") and its currency."""
    local, share = _LOCAL_CURRENCY.get(city.country, ("EUR", 1.0))
    currency = local if rng.random() < share else "EUR"
    value = value_eur * RATES_PER_EUR[currency]
    if currency in ("CZK", "HUF"):
        return _round(value, 3) - (100 if dealer and currency == "CZK" and value > 50_000 else 0), currency
    if dealer is None:
        step = 50 if value < 3_000 else 100 if value < 10_000 else 500
        return max(step, round(value / step) * step), currency
    return max(600, round(value / 100) * 100 - rng.choice((0, 10, 10, 20, 50))), currency


def _is_from_dealer(rng: Random, car: _Car) -> bool:
    # Old cars change hands in private.
    return car.condition != "used" or rng.random() < _DEALER_SHARE + 0.12 - 0.035 * max(0.0, car.age - 4)


# --- the rest of the offer --------------------------------------------------------------------------------------------


def _engine_name(car: _Car) -> str:
    name = car.engine.name
    if not car.awd or car.model.drivetrain in ("awd", "4wd") or any(word in name for word in _SAYS_AWD):
        return name
    return f"{name} {_AWD_NAMES.get(car.model.brand, 'AWD')}"


def _transmission(car: _Car) -> tuple[Transmission, int | None]:
    fuel, brand = car.engine.fuel_type, car.model.brand
    if not car.automatic:
        weak = car.engine.power_kw < (60 if fuel == "diesel" else 78)
        return "manual", 5 if weak or car.model.segment == "A" else 6
    if fuel == "electric":
        return "automatic", 1
    if fuel == "hybrid" and brand in _CVT_HYBRIDS:
        return "cvt", None
    if fuel in ("petrol", "mild_hybrid") and brand in _CVT_PETROLS:
        return "cvt", None
    if car.model.segment == "A":
        return "semi_automatic", 5
    if fuel == "hybrid":
        return "automatic", None
    if brand == "Mercedes-Benz":
        return "automatic", 9 if car.year >= 2016 and car.engine.power_kw > 125 else 7
    gears = _GEARS.get(brand, 7)
    return "automatic", min(gears, 6) if car.year < 2016 and brand not in ("BMW", "Volvo", "Jaguar") else gears


def _emission_standard(car: _Car) -> str:
    if car.engine.fuel_type == "electric":
        return "zero"
    registered = car.year + (car.month - 1) / 12
    return next((standard for since, standard in _EMISSION_STANDARDS if registered >= since), "euro4")


def _color(rng: Random, model: Model) -> tuple[Color, bool]:
    colorful = model.segment in ("A", "B", "S")
    weights = [w * (_COLORFUL.get(c, 1.0) if colorful else 1.0) for c, w in _COLORS]
    color = rng.choices([c for c, _ in _COLORS], weights)[0]
    return color, rng.random() < (0.35 if color in ("white", "red", "yellow") else 0.85)


def _upholstery(rng: Random, features: Sequence[str], trim: float) -> str:
    if "leather_seats" in features:
        return "leather"
    return rng.choices(("fabric", "part_leather", "alcantara"), (1.0, 0.25 * trim, 0.12 * trim))[0]


def _vin(rng: Random) -> str:
    return _VIN_MAKER + "".join(rng.choices(_VIN_LETTERS, k=14))


def _listed_at(rng: Random, car: _Car, now: datetime) -> datetime:
    """Most offers are recent: what is priced well is sold within weeks. No used car is offered before it was new."""
    registered = datetime(car.year, car.month, 1, tzinfo=now.tzinfo)
    longest = timedelta(days=LISTED_DAYS)
    if car.condition != "new":
        longest = min(longest, now - registered)
    return (now - longest * float(rng.random() ** 1.5)).replace(microsecond=0)


def _round(value: float, digits: int) -> int:
    """Round to significant digits."""
    magnitude = max(0, len(str(int(value))) - digits)
    return int(round(value, -magnitude))
