"""Why a listing is in a slate, or why it is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.query import Reason, Served, Slate

Outcome = Literal["shown", "removed", "not_found", "no_room", "outranked"]
"""`removed` by a filter, `not_found` by any source, `no_room` because of caps or likeness to others, `outranked`."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of one listing."""

    listing_id: str
    outcome: Outcome
    removed_by: str | None
    full: tuple[str, ...]
    """What it shares with as many listings of the slate as may: make, model, merchant."""
    sources: tuple[str, ...]
    rank: int | None
    """Among the candidates by score, from 1; None where it is none."""
    candidates: int
    position: int | None
    score: float | None
    terms: Mapping[str, float]
    reasons: tuple[Reason, ...]


def outcome_of(shown: Served | None, removed_by: str | None, rank: int | None, n: int) -> Outcome:
    """Say in a word why a listing is shown or not."""
    if shown:
        return "shown"
    if removed_by:
        return "removed"
    if rank is None:
        return "not_found"
    return "no_room" if rank <= n else "outranked"


def full_groups(snapshot: Snapshot, row: int, slate: Slate, caps: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of a listing has reached its cap within the slate."""
    rows = [snapshot.row_of[served.listing_id] for served in slate.listings]
    tens = max(1, -(-len(rows) // 10))
    full = []
    for block, cap in caps.items():
        code = int(snapshot.codes(block)[row])
        if code and int((snapshot.codes(block)[rows] == code).sum()) >= cap * tens:
            full.append(block)
    return tuple(full)
