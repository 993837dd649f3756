"""What reading a file gives: its columns, and its rows as text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    :param line: the line it starts on, 1 for the first line of the file (a row of Parquet or JSON: its number).
    :param cells: text per column, "" where the source has nothing.
    :param raw: the source's own object, where it is one.
    :param problem: (reason, detail) of a row that cannot be read.
    """

    line: int
    cells: Sequence[str]
    raw: dict[str, Any] | None = None
    problem: tuple[str, str] | None = None


@dataclass
class Progress:
    """How much of a file was read, in bytes or rows."""

    size: int
    at: int = 0

    @property
    def share(self) -> float:
        return min(self.at / self.size, 1.0) if self.size else 1.0


@dataclass(frozen=True)
class Feed:
    """An open file: its columns and, once, its rows.

    :param form: what it turned out to be, for people: "CSV, UTF-8, comma".
    """

    path: Path
    form: str
    columns: tuple[str, ...]
    rows: Iterable[Row]
    progress: Progress

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def read(self) -> float:
        """The share of the file read so far, 0 to 1."""
        return self.progress.share
