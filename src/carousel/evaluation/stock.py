"""What could be shown at a time, and what the listings of a file say about the items of a log."""

import itertools
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.embedding import embed
from carousel.catalogue.feeds.run import ImportOptions, open_input, outcomes
from carousel.catalogue.feeds.seen import Seen
from carousel.catalogue.listing import Listing
from carousel.catalogue.snapshot import Snapshot
from carousel.catalogue.traits import Described, describe, fit_knots, values_of
from carousel.errors import UnusableFeedError
from carousel.evaluation.columns import is_an_id
from carousel.evaluation.dataset import Dataset, Log
from carousel.processes import temporary_folder

MARGIN_SHARE = 0.05
"""How long after its last interaction an item without dates counts as available, as a share of the log's time."""
_FEW_MATCHED = 0.5
_SURE = 0.5
"""Share of the items above which a column of the listings holds their ids, whatever it is called."""
_LONGEST_ID = 128

Cells = Mapping[str, Sequence[str]]
"""The columns of a feed, a cell for each listing; "" for a text too long for an id."""


@dataclass(frozen=True)
class Stock:
    """When each item could be shown: from `since` to `until` (items,), seconds; ±∞ where nobody knows.

    `dated` says whether that comes from the listings; else it was read off the interactions, and an item's own first
    interaction must not give away that it is new.
    """

    since: NDArray[np.float64]
    until: NDArray[np.float64]
    dated: NDArray[np.bool_]

    def at(self, moments: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return what is available at some times (q, items)."""
        there: NDArray[np.bool_] = (self.since <= moments[:, None]) & (self.until >= moments[:, None])
        return there


@dataclass(frozen=True)
class Listings:
    """The listings of a dataset as the recommender knows them.

    :ivar rows: (items,) row of the snapshot, -1 for an item nobody described.
    :ivar embeddings: (rows, d) float32, :ivar described: per row what a taste learns from it.
    """

    snapshot: Snapshot
    rows: NDArray[np.intp]
    embeddings: NDArray[np.float32]
    described: tuple[Described, ...]
    groups: NDArray[np.intp]
    matched: float


def read_listings(path: Path) -> tuple[list[Listing], bool, Cells]:
    """Read a feed of listings as `carousel import` does, whether it says when they were listed, and its own cells.

    :raises UnusableFeedError: it is no feed, or no row is a car.
    """
    with temporary_folder("carousel-evaluate-") as folder:
        item = open_input(path, ImportOptions(), datetime.now(UTC), folder)
        listings: list[Listing] = []
        columns: list[list[str]] = [[] for _ in item.feed.columns]
        for row, outcome in outcomes(item, Seen()):
            if isinstance(outcome, Listing):
                listings.append(outcome)
                for column, cell in zip(columns, itertools.chain(row.cells, itertools.repeat("")), strict=False):
                    column.append(sys.intern(cell.strip()) if len(cell) <= _LONGEST_ID else "")  # most cells come again
    if not listings:
        raise UnusableFeedError(f"{path}: no row is a car that could be imported; try `carousel import --dry-run`")
    return listings, item.header.of("listed_at") is not None, dict(zip(item.feed.columns, columns, strict=True))


def join(
    dataset: Dataset, listings: Sequence[Listing], *, dated: bool, cells: Cells | None = None
) -> tuple[Dataset, Listings]:
    """Match listings to items by their id, and add those nobody touched: they were stock too.

    :param cells: what stands in the listings' own columns, in the order of the listings; one may hold the items' ids.
    :raises UnusableFeedError: not one id is in both files.
    """
    by_id, how = _matched(dataset.item_ids, listings, cells or {})
    if not by_id:
        raise UnusableFeedError(
            f"no item of the interactions is among the listings: items look like {dataset.item_ids[0]!r}, listings like"
            f" {listings[0].listing_id!r}"
            + "".join(f", {name} {column[0]!r}" for name, column in list((cells or {}).items())[:30])
            + "; name the column of the same ids with --item"
        )
    used = {id(listing) for listing in by_id.values()}
    untouched = [listing for listing in listings if id(listing) not in used]
    item_ids = [*dataset.item_ids, *(x.listing_id for x in untouched)]
    row_of = {id(listing): row for row, listing in enumerate(listings)}
    of_item = [*map(by_id.get, dataset.item_ids), *untouched]
    rows = np.array([-1 if x is None else row_of[id(x)] for x in of_item], dtype=np.intp)
    counts = np.bincount(dataset.log.items, minlength=dataset.item_count)
    share = float(counts[rows[: dataset.item_count] >= 0].sum() / counts.sum())
    notes = [
        f"{len(by_id):,} of {dataset.item_count:,} items ({share:.0%} of the interactions) are among the"
        f" {len(listings):,} listings{how}."
    ]
    if share < _FEW_MATCHED:
        notes.append("Most interactions are with items that no listing describes: the taste cannot learn from them.")
    if not dated:
        notes.append("The listings do not say since when: their stock is read off the interactions.")
    snapshot = _snapshot(listings)
    body = snapshot.codes("body")
    groups = np.where(rows >= 0, body[rows], 0) - 1
    embeddings = embed(listings)
    described = tuple(
        Described(listing.listing_id, describe(values_of(listing), snapshot.knots), vector)
        for listing, vector in zip(listings, embeddings, strict=True)
    )
    joined = replace(dataset, item_ids=item_ids, notes=(*dataset.notes, *notes))
    return joined, Listings(snapshot, rows, embeddings, described, groups, share)


def _matched(item_ids: Sequence[str], listings: Sequence[Listing], cells: Cells) -> tuple[dict[str, Listing], str]:
    """Return the listing of each item that has one, by the ids and the spelling that match most, and how."""
    ids = [*((str(x.listing_id), x) for x in listings), *((x.source_listing_id or "", x) for x in listings)]
    candidates = {"": ids}
    for name, column in cells.items():
        if len({cell for cell in column if cell}) >= _SURE * len(listings):  # ids seldom come twice
            candidates[name] = list(zip(column, listings, strict=True))
    best: dict[str, Listing] = {}
    how = ""
    for spelling, spelt in _SPELLINGS.items():
        items = dict(zip(item_ids, spelt(item_ids), strict=True))
        for name, pairs in candidates.items():
            known = dict(zip(spelt([cell for cell, _ in pairs]), (listing for _, listing in pairs), strict=True))
            found = {item: known[key] for item, key in items.items() if key and key in known}
            enough = 1 if not name or is_an_id(name) else _SURE * len(item_ids)
            if len(found) > len(best) and len(found) >= enough:
                best, how = found, (f", matched by {name!r}" if name else ", matched" if spelling else "") + spelling
        if len(best) >= _SURE * len(item_ids):
            break
    return best, how


def _without_zeros(ids: Sequence[str]) -> list[str]:
    return [re.sub(r"\.0$", "", name).lstrip("0") for name in ids]


def _without_prefix(ids: Sequence[str]) -> list[str]:
    prefixes = {re.sub(r"\d.*", "", name) for name in ids if name}
    return _without_zeros([name.removeprefix(*prefixes) for name in ids] if len(prefixes) == 1 else ids)


_SPELLINGS: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "": list,
    " without zeros before and '.0' behind": _without_zeros,
    " without what stands before the number": _without_prefix,
}


def stock_of(dataset: Dataset, *, all_stock: bool, listings: Sequence[Listing] = (), joined: Listings | None = None,
             dated: bool = False) -> Stock:  # fmt: skip
    """Return when each item was available.

    Without dates an item is there from its first interaction until a while after its last; one that nobody touched
    is always there.
    """
    count = dataset.item_count
    since, until = np.full(count, -np.inf), np.full(count, np.inf)
    known = np.zeros(count, dtype=bool)
    if all_stock or not dataset.timed:
        return Stock(since, until, known)
    log = dataset.log
    first, last = first_and_last(log, count)
    touched = np.isfinite(first)
    margin = MARGIN_SHARE * (log.at[-1] - log.at[0])
    since[touched], until[touched] = first[touched], last[touched] + margin
    if joined is not None and dated:
        for item in np.flatnonzero(joined.rows >= 0).tolist():
            listing = listings[joined.rows[item]]
            known[item] = True
            since[item] = listing.listed_at.timestamp()
            until[item] = listing.sold_at.timestamp() if listing.sold_at else np.inf
    return Stock(since, until, known)


def first_and_last(log: Log, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the times of each item's first and last interaction (count,); ∞ and −∞ for one without."""
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, log.items, log.at)
    np.maximum.at(last, log.items, log.at)
    return first, last


def _snapshot(listings: Sequence[Listing]) -> Snapshot:
    """Build the in-memory catalogue of listings; all count as on offer, `Stock` says when."""
    columns: dict[str, list[float | None]] = {
        "price": [x.price_eur for x in listings],
        "year": [x.year for x in listings],
        "mileage": [x.mileage_km for x in listings],
        "power": [x.power_kw for x in listings],
    }
    numbers = {name: np.array([np.nan if v is None else v for v in c], dtype=np.float64) for name, c in columns.items()}
    snapshot = Snapshot(knots=fit_knots(numbers), revision=1)
    snapshot.apply([_row(no, listing) for no, listing in enumerate(listings, 1)])
    return snapshot


def _row(no: int, x: Listing) -> tuple[object, ...]:
    return (
        no, x.listing_id, "active", x.make, x.model, x.body_type, x.fuel_type, x.transmission, x.drivetrain,
        x.seller_type, x.color_exterior, x.condition, x.region, x.seller_id, x.price_amount, x.price_currency, x.year,
        x.mileage_km, x.power_kw, x.lat, x.lon, x.listed_at, None, x.listed_at,
    )  # fmt: skip
