"""Who sells: two dealers in every city, always the same ones, and private people."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import cos, hypot, radians
from random import Random

from carousel.catalogue.listing import slug
from carousel.market.facts import City, Town, cities, models, towns

_NAMES = {
    "DE": (("Autohaus {}", "{} Automobile GmbH", "Auto {} GmbH & Co. KG", "Autozentrum {}", "Autohaus {} & Sohn"),
           ("Lindner", "Hartmann", "Brückner", "Seidel", "Wiesner", "Kellermann", "Ahrens", "Petersen", "Vogt",
            "Reimers", "Schönfeld", "Dietz", "Kramer", "Bachmann", "Holzer", "Jansen", "Nolte", "Ebert", "Riedl",
            "Stadler")),
    "AT": (("Autohaus {}", "{} Automobile", "Auto {} GmbH"),
           ("Gruber", "Leitner", "Pichler", "Moosbrugger", "Haslinger")),
    "CZ": (("Auto {} s.r.o.", "Autocentrum {}", "{} Car s.r.o."),
           ("Novotný", "Dvořáček", "Procházka", "Beneš", "Kolář", "Vaníček", "Hájek")),
    "PL": (("Auto {} Sp. z o.o.", "Autosalon {}", "{} Auto Centrum"),
           ("Kowalczyk", "Zieliński", "Wójcik", "Lewandowski", "Mazur", "Pawlak")),
    "SK": (("Auto {} s.r.o.", "Autodom {}"), ("Horváth", "Kováč", "Baláž")),
    "NL": (("Autobedrijf {}", "{} Auto's"), ("De Vries", "Van den Berg", "Bakker", "Visser")),
    "BE": (("Garage {}", "{} Motors"), ("Peeters", "Janssens", "Lambert", "Dubois")),
    "FR": (("Garage {}", "{} Automobiles"), ("Lefèvre", "Moreau", "Garnier", "Chevalier")),
    "IT": (("Autosalone {}", "{} Auto S.r.l."), ("Bianchi", "Ferraro", "Colombo", "Marchetti")),
    "CH": (("Garage {} AG", "{} Automobile AG"), ("Zürcher", "Ammann", "Brunner")),
    "HU": (("{} Autóház", "Autó {} Kft."), ("Szabó", "Kiss", "Tóth")),
    "SI": (("Avtohiša {}", "Avto {} d.o.o."), ("Novak", "Zupan", "Kranjc")),
}  # fmt: skip
DEALERS_PER_CITY = 2
_IN_THE_CITY = 0.45
_NEAR = 45 / 111  # degrees of latitude, for 45 km
_OWN_MAKE = 4.0  # a franchise has more of its own makes, and takes others in part exchange


@dataclass(frozen=True, slots=True)
class Dealer:
    """A dealer with the makes it stands for."""

    seller_id: str
    name: str
    city: City
    rating: float
    makes: tuple[str, ...]


@lru_cache(maxsize=1)
def dealers() -> tuple[Dealer, ...]:
    """Return every dealer; they do not depend on the market's seed."""
    # The makes sold most come up as a dealer's own more often.
    pool = sorted(((m.popularity, m.make) for m in models()), reverse=True)[:80]
    own = list(dict.fromkeys(make for _, make in pool)) + [make for _, make in pool]
    found = []
    for at, city in enumerate(cities()):
        patterns, surnames = _NAMES[city.country]
        for side in range(DEALERS_PER_CITY):
            number = at * DEALERS_PER_CITY + side
            name = patterns[(at + side) % len(patterns)].format(surnames[number % len(surnames)])
            rng = Random(f"dealer {number}")  # noqa: S311 - a simulation, not a secret
            stands_for = (own[number % len(own)], own[(number * 7 + 3) % len(own)])
            rating = round(min(5.0, max(3.2, rng.gauss(4.5, 0.3))), 1)
            found.append(Dealer(f"{slug(name)}-{slug(city.name)}", name, city, rating, stands_for))
    return tuple(found)


def pick_dealer(rng: Random, make: str) -> Dealer:
    """Return a dealer who could have a car of this make."""
    return rng.choices(dealers(), cum_weights=_weights(make))[0]


def pick_city(rng: Random) -> City:
    """Return where a private seller lives: in a city, or as often in a town near it."""
    city = rng.choices(cities(), cum_weights=_city_weights())[0]
    near = _towns_near(city)
    if not near or rng.random() < _IN_THE_CITY:
        return city
    town = rng.choices(near, [t.population for t in near])[0]
    return City(town.name, city.region, city.country, None, town.lat, town.lon, city.weight)


@lru_cache(maxsize=256)
def _towns_near(city: City) -> tuple[Town, ...]:
    return tuple(
        t for t in towns()
        if t.country == city.country and hypot(t.lat - city.lat, (t.lon - city.lon) * cos(radians(city.lat))) < _NEAR
    )  # fmt: skip


@lru_cache(maxsize=256)
def _weights(make: str) -> list[float]:
    return list(accumulate(d.city.weight * (_OWN_MAKE if make in d.makes else 1.0) for d in dealers()))


@lru_cache(maxsize=1)
def _city_weights() -> list[float]:
    return list(accumulate(c.weight for c in cities()))
