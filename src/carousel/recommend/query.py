"""What a request for recommendations is made of, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.search import Filters
from carousel.taste.taste import Taste

if TYPE_CHECKING:
    from carousel.recommend.factors import Factors

Placement = Literal["home", "detail", "search", "saved", "email"]
PLACEMENTS: tuple[str, ...] = get_args(Placement)

Rows = NDArray[np.intp]
"""Rows of the snapshot (m,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Who asks, where the slate will be shown, and within which limits."""

    shopper_id: str
    taste: Taste
    now: datetime
    placement: str = "home"
    n: int = 20
    filters: Filters = field(default_factory=Filters)
    currency: str = "EUR"
    hidden: frozenset[str] = frozenset()
    """Listings hidden so recently that the taste may not know yet; the taste's own come on top."""
    listing_id: str | None = None
    """The listing on whose page the slate will stand: what the shopper looks at now."""
    same_car: frozenset[str] = frozenset()
    """The listings of that car, which are not shown beside it."""
    factors: "Factors | None" = None
    """The interests as they were found ahead of the request, of this very taste or an older one."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a listing is in the slate: `code` names the trait or source, `text` says it to the shopper."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Served:
    """One listing of a slate; `position` starts at 1."""

    listing_id: str
    position: int
    score: float
    source: str
    reasons: tuple[Reason, ...]
    propensity: float = 1.0
    """The chance it had to be shown here: below 1 where it was explored, to be drawn times to be chosen of the draw."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """The parts of its score before their weights, what a blend is learned from."""


@dataclass(frozen=True, slots=True)
class Slate:
    """What is shown, best first, and for operators how many candidates each filter removed."""

    listings: tuple[Served, ...]
    taste_version: int
    removed: dict[str, int]
