"""Search: filters, text, facets with counts, sort orders and keyset paging over the snapshot.

Filters and facets are exact masks over the snapshot's columns (145,000 listings: about 1 ms); words are looked up in
PostgreSQL's full-text index. The rows shown are read from PostgreSQL by the caller.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from carousel.catalogue.listing import RATES_PER_EUR, name_key
from carousel.catalogue.snapshot import Snapshot
from carousel.errors import InputError

Sort = Literal[
    "recommended", "newest", "price_asc", "price_desc", "mileage_asc", "year_desc", "distance",
]  # fmt: skip

CHOICES = ("make", "model", "body", "fuel", "transmission", "drivetrain", "color", "seller", "condition")
"""Filters that take several values and come back as facets."""

_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a search asks for; an empty field asks for nothing. Prices are in `currency`.

    :ivar listed_after: first offered after that moment: a car its seller lists again is not new to a shopper.
    """

    make: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    fuel: tuple[str, ...] = ()
    transmission: tuple[str, ...] = ()
    drivetrain: tuple[str, ...] = ()
    color: tuple[str, ...] = ()
    seller: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    min_price: float | None = None
    max_price: float | None = None
    currency: str | None = None
    min_year: int | None = None
    max_year: int | None = None
    max_mileage_km: int | None = None
    min_power_kw: int | None = None
    listed_after: datetime | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None

    def __post_init__(self) -> None:
        for low, high in (("min_price", "max_price"), ("min_year", "max_year")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise InputError(f"{low} is {least:g}, above {high} {most:g}; swap them", field=low)
        if self.listed_after is not None and self.listed_after.tzinfo is None:
            raise InputError(
                f"listed_after is {self.listed_after.isoformat()}; add a time zone, for example Z", field="listed_after"
            )
        if self.radius_km is not None and self.near is None:
            raise InputError("radius_km needs near=LAT,LON to say around where", field="near")
        if self.currency is not None and self.currency not in RATES_PER_EUR:
            raise InputError(f"currency is {self.currency!r}; use one of {', '.join(RATES_PER_EUR)}", field="currency")

    def is_empty(self) -> bool:
        return all(getattr(self, f.name) in (None, ()) for f in fields(self) if f.name != "currency")


def masks(snapshot: Snapshot, filters: Filters, currency: str) -> dict[str, NDArray[np.bool_]]:
    """Return one mask (size,) per filter that asks for something, so that a facet can leave out its own."""
    found: dict[str, NDArray[np.bool_]] = {}
    for block in CHOICES:
        wanted = getattr(filters, block)
        if wanted:
            found[block] = _any_of(snapshot, block, wanted)
    if filters.min_price is not None or filters.max_price is not None:
        prices = snapshot.prices_in(filters.currency or currency)
        found["price"] = _between(prices, filters.min_price, filters.max_price)
    if filters.min_year is not None or filters.max_year is not None:
        found["year"] = _between(snapshot.numbers("year"), filters.min_year, filters.max_year)
    if filters.max_mileage_km is not None:
        found["mileage"] = snapshot.numbers("mileage") <= filters.max_mileage_km
    if filters.min_power_kw is not None:
        found["power"] = snapshot.numbers("power") >= filters.min_power_kw
    if filters.listed_after is not None:
        found["listed"] = snapshot.numbers("first_listed_at") > filters.listed_after.timestamp()
    if filters.near is not None and filters.radius_km is not None:
        found["near"] = distances_km(snapshot, filters.near) <= filters.radius_km
    return found


def _any_of(snapshot: Snapshot, block: str, wanted: Sequence[str]) -> NDArray[np.bool_]:
    vocabulary = snapshot.vocabularies[block]
    meant = np.zeros(len(vocabulary), dtype=bool)
    for value in wanted:
        meant[vocabulary.named(value)] = True
    return meant[snapshot.codes(block)]


def _between(values: NDArray[np.float64], low: float | None, high: float | None) -> NDArray[np.bool_]:
    """Return where a value lies within the limits; a missing one (NaN) does not."""
    return (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))


def distances_km(
    snapshot: Snapshot, near: tuple[float, float], rows: NDArray[np.intp] | slice = slice(None)
) -> NDArray[np.float64]:
    """Return the distance of listings to a point (haversine), infinite where a listing has no place."""
    lat, lon = np.radians(near[0]), np.radians(near[1])
    lats, lons = np.radians(snapshot.numbers("lat")[rows]), np.radians(snapshot.numbers("lon")[rows])
    a = np.sin((lats - lat) / 2) ** 2 + np.cos(lat) * np.cos(lats) * np.sin((lons - lon) / 2) ** 2
    distances: NDArray[np.float64] = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(a, 0, 1)))
    return np.nan_to_num(distances, nan=np.inf)


def matching(
    snapshot: Snapshot, found: dict[str, NDArray[np.bool_]], *, without: str | None = None
) -> NDArray[np.bool_]:
    """Combine masks with "still on sale"."""
    mask = snapshot.active.copy()
    for name, own in found.items():
        if name != without:
            mask &= own
    return mask


def facets(
    snapshot: Snapshot, found: dict[str, NDArray[np.bool_]], *, most: int = 200
) -> dict[str, list[dict[str, Any]]]:
    """Count values per facet under all filters but its own, so that a second value can be added.

    Models are listed only for the makes that match, which is when they can be read.
    """
    everything = np.flatnonzero(matching(snapshot, found))

    def rows_without(name: str) -> NDArray[np.intp]:
        return np.flatnonzero(matching(snapshot, found, without=name)) if name in found else everything

    counted: dict[str, list[dict[str, Any]]] = {}
    for block in CHOICES:
        values = snapshot.vocabularies[block].values
        counts = np.bincount(snapshot.codes(block)[rows_without(block)], minlength=len(values))
        counts[0] = 0
        some = np.flatnonzero(counts)
        top = some[np.argsort(-counts[some], kind="stable")][:most]
        counted[block] = [{"value": values[c], "count": n} for c, n in zip(top, counts[top].tolist(), strict=True)]
    years = snapshot.numbers("year")[rows_without("year")]
    distinct, counts = np.unique(years[~np.isnan(years)].astype(np.intp), return_counts=True)
    counted["year"] = [
        {"value": str(y), "count": n} for y, n in zip(distinct[::-1], counts[::-1].tolist(), strict=True)
    ]
    return counted


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page in order, and the cursor of the next."""

    rows: NDArray[np.intp]
    next_cursor: str | None


def page(
    keys: NDArray[np.float64], mask: NDArray[np.bool_], no: NDArray[np.int64], *, cursor: str | None, n: int
) -> Page:
    """Return the n listings after a cursor, by ascending key, then by `no`.

    :param keys: sort key of every listing (size,); NaN sorts last.
    :param n: 0 for whoever only wants to count.
    :param cursor: where the previous page ended. Keyset paging: a listing that appears or leaves moves no other.
    """
    rows = np.flatnonzero(mask)
    if n == 0:
        return Page(rows[:0], None)
    # A missing value is last in every order; ±inf could not be written into a cursor.
    keys = np.nan_to_num(keys[rows], nan=1e300, posinf=1e300, neginf=-1e300)
    if cursor is not None:
        last_key, last_no = _read_cursor(cursor)
        after = (keys > last_key) | ((keys == last_key) & (no[rows] > last_no))
        rows, keys = rows[after], keys[after]
    more = len(rows) > n
    if more:
        # Everything up to the n-th key, ties included, is enough to sort.
        first = keys <= np.partition(keys, n - 1)[n - 1]
        rows, keys = rows[first], keys[first]
    order = np.lexsort((no[rows], keys))[:n]
    rows, keys = rows[order], keys[order]
    return Page(rows, _write_cursor(float(keys[-1]), int(no[rows[-1]])) if more else None)


def sort_keys(
    snapshot: Snapshot, sort: Sort, *, currency: str, near: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """Return ascending keys (size,) for a sort order that needs no shopper."""
    match sort:
        case "price_asc":
            return snapshot.prices_in(currency)
        case "price_desc":
            return -snapshot.prices_in(currency)
        case "mileage_asc":
            return snapshot.numbers("mileage")
        case "year_desc":
            return -snapshot.numbers("year")
        case "distance":
            if near is None:
                raise InputError("sort=distance needs near=LAT,LON to say from where", field="near")
            return distances_km(snapshot, near)
        case _:
            return -snapshot.numbers("listed_at")


def _write_cursor(key: float, no: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key, no])).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[float, int]:
    try:
        key, no = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return float(key), int(no)
    except (ValueError, TypeError) as error:
        raise InputError(f"cursor is {cursor[:40]!r}; use next_cursor of the previous page", field="cursor") from error


def suggestions(snapshot: Snapshot, typed: str, n: int) -> list[tuple[Literal["make", "model"], str, int]]:
    """Return (field, value, listings) of makes and models whose words begin with the words typed; makes first, then by
    how many there are."""
    key = name_key(typed)
    if not key:
        return []
    words = key.split("-")
    found: list[tuple[Literal["make", "model"], str, int]] = []
    active = np.flatnonzero(snapshot.active)
    fields: tuple[Literal["make", "model"], ...] = ("make", "model")
    for field in fields:
        values = snapshot.vocabularies[field].values
        counts = np.bincount(snapshot.codes(field)[active], minlength=len(values))
        for code in np.flatnonzero(counts):
            own = name_key(values[code]).split("-")
            if code and _begins(own, words):
                found.append((field, values[code], int(counts[code])))
    return sorted(found, key=lambda one: (one[0], -one[2]))[:n]


def _begins(own: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether each word begins one of the value's, in their order."""
    at = 0
    for word in words:
        while at < len(own) and not own[at].startswith(word):
            at += 1
        if at == len(own):
            return False
        at += 1
    return True
