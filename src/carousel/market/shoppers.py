"""Shoppers who choose: each has one or two wishes, a utility over listings, and a little history that follows it.

A choice is a mixed logit: utility plus Gumbel noise, the largest wins (McFadden & Train 2000). A shopper weighs price,
running cost, acceleration, powertrain and origin as one person of a study did (choice.py); needs, a budget that ends,
brand feelings and distance come on top. Utilities are look-ups over the columns of a `Stock`, so thousands of shoppers
over a large catalogue are one numpy call each.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from numpy.typing import NDArray

from carousel.activity.events import Event, EventType
from carousel.activity.shoppers import demo_shopper_id
from carousel.catalogue.listing import Listing
from carousel.catalogue.traits import values_of
from carousel.market import choice

Rows = NDArray[np.intp]
Likes = Mapping[str, float]
"""Utility of the values of one field; a value that is not named has none."""

_CATEGORICAL = ("make", "model", "body", "fuel", "transmission", "drivetrain", "color", "seller", "condition")
_NUMERIC = ("price", "year", "mileage", "power")
_EARTH_KM = 6371.0
_STATED = 0.5  # people were torn more between a study's three cars than they are between cars they searched for
_LENT, _BEYOND_MEANS = 1.3, -6.0  # what can be had above the budget, and what is lost beyond it
_IMPOSSIBLE = -50.0  # a listing without a price, or dearer than anybody would pay


class Stock:
    """Listings as columns, made once and shared by all shoppers.

    :ivar listings: in the order of the rows.
    :ivar numbers: per numeric field its values (n,), NaN where the listing does not say.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = tuple(listings)
        values = [values_of(x) for x in self.listings]
        self.numbers = {
            name: np.array([np.nan if v[name] is None else v[name] for v in values], dtype=np.float64)
            for name in _NUMERIC
        }
        self.seats = np.array([x.seats or 5 for x in self.listings])
        self.lat = np.array([np.nan if x.lat is None else x.lat for x in self.listings])
        self.lon = np.array([np.nan if x.lon is None else x.lon for x in self.listings])
        self.listed_at = np.array([x.listed_at.timestamp() for x in self.listings])
        self.stated = choice.attributes(self.listings)
        self._away: dict[tuple[float, float], NDArray[np.float64]] = {}
        self._codes: dict[str, Rows] = {}
        self._values: dict[str, list[str]] = {}
        for name in _CATEGORICAL:
            known, codes = np.unique([str(v[name] or "") for v in values], return_inverse=True)
            self._values[name], self._codes[name] = known.tolist(), codes

    def __len__(self) -> int:
        return len(self.listings)

    def away_km(self, home: tuple[float, float]) -> NDArray[np.float64]:
        """Return distances (n,) on a flat map, which is near enough inside Europe; 500 km where the place is unknown.

        Homes are few: those of all shoppers are kept.
        """
        if home not in self._away:
            north = np.radians(self.lat - home[0])
            east = np.radians(self.lon - home[1]) * np.cos(np.radians(home[0]))
            self._away[home] = np.nan_to_num(_EARTH_KM * np.hypot(north, east), nan=500.0)
        return self._away[home]

    def liked(self, name: str, likes: Likes) -> NDArray[np.float64]:
        """Return the utility (n,) of one categorical field."""
        table = np.array([likes.get(value, 0.0) for value in self._values[name]])
        return table[self._codes[name]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One car somebody looks for. Likes are in units of utility: 1 makes a choice e times as likely.

    :ivar budget_eur: what it may cost; much more is out of the question, much less seems too cheap.
    :ivar per_year, per_100k_km: what a year of age and 100,000 km take away.
    :ivar least_seats: fewer seats are a strong minus.
    """

    budget_eur: float
    likes: Mapping[str, Likes] = field(default_factory=dict)
    per_year: float = 0.1
    per_100k_km: float = 0.8
    least_power_kw: float = 0.0
    least_seats: int = 0
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Somebody who looks for one car, or for two at a time.

    :ivar archetype: what kind of shopper, for people who read the data.
    :ivar decided: how sharply utility decides; 0 chooses at random.
    :ivar activity: how much they did lately, as a share of what is usual.
    :ivar home: latitude and longitude; a distant car is a little less attractive.
    :ivar person: how they trade what a car costs and does; None: as everybody.
    :ivar patience: sessions before they give up.
    """

    email: str
    archetype: str
    wishes: tuple[Wish, ...]
    decided: float = 1.3
    activity: float = 1.0
    home: tuple[float, float] = (50.1, 10.0)
    per_100_km: float = 0.12
    person: choice.Coefficients | None = None
    patience: int = 8

    @property
    def shopper_id(self) -> str:
        return demo_shopper_id(self.email)


def utility(shopper: Shopper, stock: Stock) -> NDArray[np.float64]:
    """Return how attractive each listing is (n,): 0 for the best of each wish, less for the others.

    Of two wishes none is more urgent, whatever its likes add up to; a listing counts for the one it serves better.
    """
    of_each = np.stack([wanted(shopper, wish, stock) for wish in shopper.wishes])
    best: NDArray[np.float64] = of_each.max(axis=0)
    return best


def wanted(shopper: Shopper, wish: Wish, stock: Stock, *, best: Stock | None = None) -> NDArray[np.float64]:
    """Return how attractive each listing (n,) is for one wish: 0 for the best, less for the others.

    :param best: the stock whose best listing is 0, where it is not the one at hand.
    """
    total = _attraction(shopper, wish, stock)
    reference = total if best is None else _attraction(shopper, wish, best)
    if len(reference):
        total -= reference.max()
    return total


def _attraction(shopper: Shopper, wish: Wish, stock: Stock) -> NDArray[np.float64]:
    total = wish_utility(wish, stock) - shopper.per_100_km * stock.away_km(shopper.home) / 100
    if shopper.person is not None:
        stated = choice.utility_of(shopper.person, stock.stated, stock.numbers["price"], wish.budget_eur)
        total += _STATED * stated
    return total


def wish_utility(wish: Wish, stock: Stock) -> NDArray[np.float64]:
    """Return how well each listing (n,) serves one wish."""
    total = _price_utility(wish, stock.numbers["price"])
    for name, likes in wish.likes.items():
        total += stock.liked(name, likes)
    newest = np.nanmax(stock.numbers["year"]) if len(stock) else 0.0
    total -= wish.per_year * np.nan_to_num(newest - stock.numbers["year"], nan=8.0)
    total -= wish.per_100k_km * np.nan_to_num(stock.numbers["mileage"], nan=100_000.0) / 100_000
    if wish.least_power_kw:
        total -= 3.0 * np.clip(1 - np.nan_to_num(stock.numbers["power"]) / wish.least_power_kw, 0, 1)
    if wish.least_seats:
        total -= 3.0 * (stock.seats < wish.least_seats)
    return total


def choose(
    shopper: Shopper,
    stock: Stock,
    rng: np.random.Generator,
    *,
    n: int = 1,
    among: NDArray[np.bool_] | None = None,
    utilities: NDArray[np.float64] | None = None,
) -> Rows:
    """Return the rows of up to n different listings, in the order they were chosen.

    The n largest of utility plus Gumbel noise are n choices of a multinomial logit without putting back.

    :param among: the listings (n,) that can be seen; None means all.
    :param utilities: those of `utility`, when the caller has them already.
    """
    known = utility(shopper, stock) if utilities is None else utilities
    # Minus the logarithm of an exponential is Gumbel, in half the time.
    noisy = shopper.decided * known - np.log(rng.standard_exponential(len(stock)))
    if among is not None:
        noisy[~among] = -np.inf
    n = min(n, len(stock))
    best = (
        np.argpartition(-noisy, n - 1)[:n] if n else np.empty(0, dtype=np.intp)
    )  # a sort of all takes six times as long
    best = best[np.argsort(-noisy[best], kind="stable")]
    return best[np.isfinite(noisy[best])]


def history(
    shopper: Shopper, stock: Stock, rng: np.random.Generator, now: datetime, *, days: float = 12.0
) -> list[Event]:
    """Return what a shopper did lately, oldest first: sessions of searches, views and what followed from them.

    Event ids depend on the shopper and the order alone, so the same history is never counted twice.
    """
    diary = _Diary(shopper, now)
    of_wishes = [wanted(shopper, wish, stock) for wish in shopper.wishes]
    contents = [np.quantile(utilities, 0.98) if len(stock) else 0.0 for utilities in of_wishes]
    count = max(2, round(shopper.activity * int(rng.integers(2, 5))))
    # The last session was a few hours ago at least: a demo begins with somebody coming back.
    starts = sorted(now - timedelta(hours=3) - timedelta(days=days) * float(x) for x in rng.random(count))
    for number, start in enumerate(starts):
        # One session is about one car: whoever looks for two does it in turns.
        turn = number % len(of_wishes)
        wish, utilities, content = shopper.wishes[turn], of_wishes[turn], contents[turn]
        at = start
        session = f"{shopper.shopper_id[:10]}-{number + 1}"
        if rng.random() < 0.6 * shopper.activity:
            diary.write("search", at, session, context=_search(wish))
            at += timedelta(seconds=float(rng.uniform(5, 25)))
        seen = stock.listed_at < start.timestamp()
        views = max(2, round(shopper.activity * int(rng.integers(3, 8))))
        rows = choose(shopper, stock, rng, n=views, among=seen, utilities=utilities)
        for row in rows:
            pleased = float(1 / (1 + np.exp(-(utilities[row] - content))))
            at = _look(diary, stock.listings[row], at, session, pleased * shopper.activity, rng)
    return [event for event in diary.events if event.occurred_at < now]


def _look(
    diary: "_Diary", listing: Listing, at: datetime, session: str, pleased: float, rng: np.random.Generator
) -> datetime:
    """Write what somebody does on one page; return when they left it."""
    about = {"listing_id": listing.listing_id}
    diary.write("view", at, session, **about)
    seconds = float(np.round(min(rng.lognormal(2.6 + 1.3 * pleased, 0.6), 400), 1))
    at += timedelta(seconds=seconds)
    diary.write("dwell", at, session, value=seconds, **about)
    mood = rng.random()
    if mood < 0.22 * pleased:
        diary.write("favourite", at, session, **about)
    if mood < 0.05 * pleased:
        diary.write("contact", at, session, reason="message", **about)
    return at + timedelta(seconds=float(rng.uniform(4, 30)))


def _search(wish: Wish) -> dict[str, Any]:
    """Return the query and filters somebody with this wish would set."""
    filters: dict[str, Any] = {"max_price": round(wish.budget_eur * 1.2 / 500) * 500, "currency": "EUR"}
    for name in ("make", "body", "fuel", "transmission"):
        liked = [value for value, likes in wish.likes.get(name, {}).items() if likes >= 1.5]
        if liked:
            filters[name] = liked[:3]
    return {"query": wish.search, "filters": filters} if wish.search else {"filters": filters}


class _Diary:
    """Collects events and numbers them."""

    def __init__(self, shopper: Shopper, now: datetime) -> None:
        self._shopper, self._now = shopper, now
        self.events: list[Event] = []

    def write(self, kind: EventType, at: datetime, session: str, **details: Any) -> None:
        name = f"carousel-market/{self._shopper.email}/{len(self.events)}"
        self.events.append(
            Event(
                event_id=str(uuid5(NAMESPACE_URL, name)),
                type=kind,
                shopper_id=self._shopper.shopper_id,
                occurred_at=at,
                received_at=self._now,
                session_id=session,
                **details,
            )
        )


def _price_utility(wish: Wish, prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Above the budget it falls steeply and then ends, as nobody lends more; below it gently: a car at half the budget
    is suspected to be worse.
    """
    distance = np.log(np.maximum(np.nan_to_num(prices, nan=1e9), 1.0) / wish.budget_eur)
    steepness = np.where(distance > 0, 18.0, 2.5)
    beyond = np.where(distance > np.log(_LENT), _BEYOND_MEANS, 0.0)
    falling: NDArray[np.float64] = np.maximum(beyond - steepness * distance**2, _IMPOSSIBLE)
    return falling


# --- who they are -----------------------------------------------------------------------------------------------------

Make = Callable[[np.random.Generator], tuple[Wish, ...]]

_HOMES = ((52.52, 13.40), (48.14, 11.58), (53.55, 9.99), (50.94, 6.96), (50.08, 14.44), (48.21, 16.37), (51.34, 12.37),
          (49.20, 16.61), (50.11, 8.68), (48.78, 9.18))  # fmt: skip


def _some(rng: np.random.Generator, values: Sequence[str], utility: float, n: int = 2) -> dict[str, float]:
    """Like a few of several values, the first the most."""
    picked = rng.permutation(len(values))[:n]
    return {values[i]: utility * 0.8**rank for rank, i in enumerate(picked)}


def _budget(rng: np.random.Generator, low: float, high: float) -> float:
    return float(round(np.exp(rng.uniform(np.log(low), np.log(high))) / 500) * 500)


def _young_family(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 17_000, 30_000),
            likes={
                "body": {"wagon": 2.2, "suv": 1.8, "minivan": 1.4},
                "make": _some(rng, ("Skoda", "Volkswagen", "SEAT", "Hyundai", "Kia", "Ford", "Toyota"), 1.5, 3),
                "fuel": {"petrol": 0.5, "mild_hybrid": 0.5, "hybrid": 0.5},
            },
            least_power_kw=80,
        ),
    )


def _large_family(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 14_000, 34_000),
            likes={"body": {"minivan": 3.0, "suv": 1.4, "van": 1.6}, "fuel": {"diesel": 0.8}},
            least_seats=7,
        ),
    )


def _commuter(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 12_000, 24_000),
            likes={
                "fuel": {"diesel": 2.2, "mild_hybrid": 0.6},
                "body": {"wagon": 1.8, "sedan": 0.8},
                "transmission": {"automatic": 1.0},
                "make": _some(rng, ("Skoda", "Volkswagen", "Opel", "Ford", "Peugeot", "Audi", "BMW"), 1.3, 3),
            },
            per_100k_km=0.4,
        ),
    )


def _weekend_sports_car(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 22_000, 65_000),
            likes={
                "body": {"convertible": 4.5, "coupe": 4.2},
                "make": _some(rng, ("Porsche", "BMW", "Mazda", "Audi", "Ford", "Mercedes-Benz"), 1.6, 3),
                "fuel": {"petrol": 1.2},
                "color": {"red": 0.5, "blue": 0.4},
            },
            least_power_kw=120,
            per_year=0.05,
            search="roadster",
        ),
    )


def _ev_convert(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 19_000, 40_000),
            likes={
                "fuel": {"electric": 5.0},
                "make": _some(rng, ("Tesla", "Hyundai", "Kia", "Volkswagen", "Polestar", "MG", "BYD"), 1.4, 3),
                "body": {"suv": 0.8, "crossover": 0.8, "sedan": 0.4},
            },
            per_year=0.25,
            search="electric",
        ),
    )


def _retiree(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 14_000, 27_000),
            likes={
                "transmission": {"automatic": 2.0, "cvt": 1.6},
                "body": {"crossover": 1.4, "suv": 1.4, "hatchback": 0.8},
                "make": _some(rng, ("Toyota", "Mazda", "Honda", "Opel", "Volkswagen", "Suzuki"), 1.4, 3),
                "seller": {"dealer": 0.8},
                "fuel": {"hybrid": 0.8, "petrol": 0.6},
            },
            per_100k_km=2.0,
        ),
    )


def _tradesman(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 11_000, 32_000),
            likes={
                "body": {"van": 4.0, "pickup": 3.4},
                "fuel": {"diesel": 1.6},
                "make": _some(rng, ("Volkswagen", "Ford", "Renault", "Citroën", "Toyota"), 0.8),
            },
            per_100k_km=0.5,
        ),
    )


def _first_car(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 4_000, 8_500),
            likes={
                "body": {"city_car": 2.4, "hatchback": 2.2},
                "make": _some(rng, ("Volkswagen", "Fiat", "Opel", "Ford", "Renault", "Hyundai", "Skoda"), 1.2, 3),
                "fuel": {"petrol": 1.2},
            },
            per_year=0.05,
            per_100k_km=0.6,
        ),
    )


def _business_saloon(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 26_000, 52_000),
            likes={
                "make": _some(rng, ("BMW", "Audi", "Mercedes-Benz", "Volvo"), 3.4),
                "body": {"wagon": 1.8, "sedan": 2.2},
                "transmission": {"automatic": 1.6},
                "fuel": {"diesel": 0.8, "mild_hybrid": 0.8, "plugin_hybrid": 0.8},
            },
            least_power_kw=130,
            per_year=0.2,
        ),
    )


def _bargain_hunter(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 5_000, 11_000),
            likes={"make": _some(rng, ("Dacia", "Kia", "Hyundai", "Skoda", "Citroën", "Opel"), 1.5, 3)},
            per_year=0.03,
            per_100k_km=0.4,
        ),
    )


def _outdoors(rng: np.random.Generator) -> tuple[Wish, ...]:
    return (
        Wish(
            budget_eur=_budget(rng, 20_000, 45_000),
            likes={
                "drivetrain": {"awd": 3.2, "4wd": 3.4},
                "body": {"suv": 1.6, "wagon": 1.0, "pickup": 0.8},
                "make": _some(rng, ("Subaru", "Toyota", "Skoda", "Volvo", "Land Rover", "Jeep"), 1.5, 3),
            },
            search="4x4",
        ),
    )


def _two_cars(rng: np.random.Generator) -> tuple[Wish, ...]:
    """A car for every day and one for the weekend."""
    everyday = (_young_family, _commuter, _ev_convert, _outdoors)[int(rng.integers(4))]
    return (*everyday(rng), *_weekend_sports_car(rng))


def _small_and_large(rng: np.random.Generator) -> tuple[Wish, ...]:
    """A family that needs a large car, and a small one for its eldest."""
    return (*_young_family(rng), *_first_car(rng))


_KINDS: tuple[Make, ...] = (
    _young_family, _commuter, _weekend_sports_car, _ev_convert, _retiree, _tradesman, _first_car, _two_cars,
    _business_saloon, _bargain_hunter, _outdoors, _large_family, _small_and_large,
)  # fmt: skip

# The tour logs in as this one and then looks for Skodas: what was recommended before must be something else, and
# plain to see. Little is known of them, so that one look at another car is news.
_COMPACT = Wish(
    budget_eur=15_500,
    likes={
        "make": {"Volkswagen": 3.2, "SEAT": 2.8, "Skoda": -4.0},
        "model": {"Volkswagen Golf": 2.0, "SEAT Leon": 1.8, "Volkswagen Polo": 0.6},
        "body": {"hatchback": 3.0},
        "fuel": {"petrol": 1.5},
        "condition": {"used": 0.5},
    },
    per_year=0.05,
    search="golf",
)
_TOUR = Shopper(
    email="john1@example.com",
    archetype="compact_hatchback",
    wishes=(_COMPACT,),
    decided=2.5,
    activity=0.5,
    home=_HOMES[0],
)


def make_shoppers(count: int = 50, *, first: int = 0, seed: int = 1) -> list[Shopper]:
    """Return `john0@example.com` (or the number `first`) and so on, the same for the same seed; kinds of shoppers take
    turns."""
    return [_shopper(number, seed) for number in range(first, first + count)]


def _shopper(number: int, seed: int) -> Shopper:
    if number == 1:
        return _TOUR
    rng = np.random.default_rng([seed, number])
    # The tour's shopper stands outside the turns, so that nothing depends on its number.
    kind = _KINDS[(number if number == 0 else number - 1) % len(_KINDS)]
    return Shopper(
        email=f"john{number}@example.com",
        archetype=kind.__name__.removeprefix("_"),
        wishes=kind(rng),
        decided=float(rng.uniform(1.2, 2.0)),
        home=_HOMES[int(rng.integers(len(_HOMES)))],
        person=choice.draw(rng),
        patience=2 + int(rng.geometric(0.25)),
    )


def without_noise(shopper: Shopper) -> Shopper:
    """Return a shopper who always takes the best: for tests and for the upper bound of an evaluation."""
    return replace(shopper, decided=1e6)
