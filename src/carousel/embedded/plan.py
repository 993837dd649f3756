"""What `carousel up` was asked for."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carousel.settings import Settings


@dataclass(frozen=True)
class Commands:
    """The command lines of the children; tests put small programs in their place."""

    interpreter: Sequence[str] = (sys.executable, "-P", "-m", "carousel")  # -P: no module of the current folder
    api: Sequence[str] = ("api",)
    dataflows: Sequence[Sequence[str]] = (("dataflow", "taste"), ("dataflow", "factors"))
    train: Sequence[str] = ("train", "--every")
    load_market: Sequence[str] = ("load-market",)
    import_file: Sequence[str] = ("import", "--json")

    def line(self, command: Sequence[str], *more: str) -> list[str]:
        return [*self.interpreter, *command, *more]


@dataclass(frozen=True)
class Plan:
    settings: Settings
    demo: bool | None = None
    """None: as this home was started before, else whether the catalogue is empty."""
    import_file: Path | None = None
    workers: int = 1
    """Processes of each dataflow, each with its share of the partitions."""
    commands: Commands = field(default_factory=Commands)
