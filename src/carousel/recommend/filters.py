"""What must not be shown. Each filter says what it removed, so "why was this car not shown?" has an answer."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from carousel.recommend.query import Rows
from carousel.recommend.sources import View


class Filter(Protocol):
    """Decides which candidates may be shown."""

    name: str

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]: ...


class SoldFilter:
    name = "sold"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return view.snapshot.active[rows]


class OutsideLimitsFilter:
    """Removes what the request's own filters or the placement's rules exclude."""

    name = "outside_limits"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return np.ones(len(rows), dtype=bool) if view.mask is None else view.mask[rows]


class StatedFilter:
    """Removes what the shopper said is never wanted, or is not the only thing wanted, or is outside their budget."""

    name = "stated"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return np.ones(len(rows), dtype=bool) if view.stated is None else view.stated[rows]


class HiddenFilter:
    """Removes what the shopper does not want to see again."""

    name = "hidden"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return _without(view, rows, view.query.hidden)


class OnPageFilter:
    """Removes the car on whose page the slate will stand."""

    name = "on_page"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return _without(view, rows, view.query.same_car)


class AlreadySeenFilter:
    """Removes what the shopper has opened already: it stands under "recently viewed"."""

    name = "already_seen"

    def allowed(self, view: View, rows: Rows) -> NDArray[np.bool_]:
        return _without(view, rows, [r.listing_id for r in view.query.taste.recent])


def _without(view: View, rows: Rows, listing_ids: Sequence[str] | frozenset[str]) -> NDArray[np.bool_]:
    unwanted = [row for i in listing_ids if (row := view.snapshot.row_of.get(i)) is not None]
    if not unwanted:
        return np.ones(len(rows), dtype=bool)
    return ~np.isin(rows, unwanted)


MUST: tuple[Filter, ...] = (SoldFilter(), StatedFilter(), OutsideLimitsFilter(), HiddenFilter(), OnPageFilter())
"""Filters without exception."""

PREFER: tuple[Filter, ...] = (AlreadySeenFilter(),)
"""Filters that give way when too little would be left to show."""


def preferred(view: View) -> tuple[Filter, ...]:
    """Return the filters that give way, of the placement."""
    return () if view.placement.seen else PREFER


def by_rules(
    kept: Mapping[str, NDArray[np.bool_]], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Apply a placement's rules to the whole market, so that the sources look only where something may be shown.

    :param kept: per rule the rows (size,) it leaves.
    :param inside: the rows on sale and inside the request's filters.
    :returns: the rows left, and how many listings each rule removed.
    """
    removed: dict[str, int] = {}
    left = int(np.count_nonzero(inside))
    for name, own in kept.items():
        inside = inside & own
        before, left = left, int(np.count_nonzero(inside))
        if left < before:
            removed[f"rule:{name}"] = before - left
    return inside, removed


def apply(filters: Sequence[Filter], view: View, rows: Rows) -> tuple[Rows, dict[str, int]]:
    """Run filters in turn; return the rows kept and how many each filter removed."""
    removed: dict[str, int] = {}
    for rule in filters:
        kept = rows[rule.allowed(view, rows)]
        if len(kept) < len(rows):
            removed[rule.name] = len(rows) - len(kept)
        rows = kept
    return rows, removed


def removing(view: View, row: int, *, all_hold: bool) -> str | None:
    """Return which filter keeps a listing out, or None.

    :param all_hold: whether the filters that may give way hold.
    """
    for name, kept in view.rules.kept.items():
        if not kept[row]:
            return f"rule:{name}"
    at = np.array([row], dtype=np.intp)
    own = (*MUST, *preferred(view)) if all_hold else MUST
    return next((rule.name for rule in own if not rule.allowed(view, at)[0]), None)
