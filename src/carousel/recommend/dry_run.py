"""What a placements file would do to the stock there is: `carousel rules check`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from carousel.catalogue.snapshot import Snapshot
from carousel.recommend.placements import Placements
from carousel.recommend.query import PLACEMENTS
from carousel.recommend.rules import matches

LEAST_LISTINGS = 20
"""A placement with fewer can show every shopper the same slate only."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one rule hits: per placement of the listings that the filters before it left."""

    name: str
    action: str
    today: bool
    hits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What all rules do, and what of it is probably not meant."""

    listings: int
    rules: tuple[Tried, ...]
    left: Mapping[str, int]
    """Listings that may be shown today, per placement."""
    warnings: tuple[str, ...]


def dry_run(placements: Placements, snapshot: Snapshot, now: datetime) -> DryRun:
    """Try the rules on a catalogue. One that does not hold today is tried as if it did, but takes nothing away."""
    left = {name: snapshot.active.copy() for name in PLACEMENTS}
    tried, warnings = [], []
    for rule in placements.rules:
        matched, today = matches(rule.where, snapshot, now), rule.holds_on(now.astimezone(UTC).date())
        before: dict[str, int] = {name: int(np.count_nonzero(left[name])) for name in rule.placements}
        hits: dict[str, int] = {name: int(np.count_nonzero(left[name] & matched)) for name in rule.placements}
        tried.append(Tried(rule.name, rule.action, today, hits))
        for said, found in (
            ("nothing", [name for name in hits if not hits[name]]),
            ("everything", [name for name in hits if 0 < hits[name] == before[name]]),
        ):
            if found:
                warnings.append(f"rule {rule.name!r} hits {said} at {', '.join(found)}")
        if today and rule.action != "boost":
            for name in rule.placements:
                left[name] &= matched if rule.action == "only" else ~matched
    counts = {name: int(np.count_nonzero(rows)) for name, rows in left.items()}
    few = [f"{name} is left with {n} listings, fewer than {LEAST_LISTINGS}" for name, n in counts.items()
           if n < LEAST_LISTINGS]  # fmt: skip
    return DryRun(int(np.count_nonzero(snapshot.active)), tuple(tried), counts, (*warnings, *few))
