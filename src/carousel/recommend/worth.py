"""What the slates of the last days were worth: read from the database, for the command line and HTTP alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from carousel.recommend import experiments as figures
from carousel.recommend.experiments import ExperimentFigures, Performance
from carousel.recommend.repository import counts, seller_impressions
from carousel.storage.postgres import Connection


@dataclass(frozen=True, slots=True)
class Worth:
    """Figures of every place of the site, of every experiment, and of how evenly sellers are seen."""

    days: int
    places: Mapping[tuple[str, str], Performance]
    """By placement and row ("" for a slate that is none)."""
    experiments: tuple[ExperimentFigures, ...]
    sellers: int
    gini: float

    def as_json(self) -> dict[str, Any]:
        """Return the object that `carousel experiments --json` prints."""
        return {
            "days": self.days,
            "places": [{"placement": p, "row": r, **asdict(own)} for (p, r), own in self.places.items()],
            "experiments": [{**asdict(one), "trustworthy": one.is_trustworthy} for one in self.experiments],
            "sellers": {"seen": self.sellers, "gini": self.gini},
        }


def worth(connection: Connection, *, days: int, placement: str | None = None) -> Worth:
    """Sum up what shoppers saw of the slates of the last `days` and what they did with it."""
    rows = counts(connection, days=days, placement=placement)
    sellers = seller_impressions(connection, days=days)
    return Worth(days, figures.by_place(rows), figures.experiments(rows), len(sellers), figures.gini(sellers.values()))
