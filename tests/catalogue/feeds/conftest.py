"""Small made-up twins of six real sources, and a way to see what becomes of a file without a database."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.feeds.run import ImportOptions, open_input, outcomes
from carousel.catalogue.feeds.seen import Seen
from carousel.catalogue.listing import Listing

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def twins() -> Path:
    """The folder of made-up files."""
    return Path(__file__).parent / "data"


@pytest.fixture
def convert() -> Callable[..., list[Listing | Rejected | None]]:
    """Turn a file into one outcome a row: a listing, a rejection, or None for a duplicate."""

    def run(path: Path, **options: Any) -> list[Listing | Rejected | None]:
        return [outcome for _, outcome in outcomes(open_input(path, ImportOptions(**options), NOW), Seen())]

    return run


@pytest.fixture
def cars(tmp_path: Path) -> Callable[..., Path]:
    """Write a file and return its path."""

    def write(content: str | bytes, name: str = "cars.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, where files of rejected rows appear."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real listing files."""
    path = Path(os.environ.get("CAROUSEL_REAL_DATA", Path(__file__).parents[4] / "shared" / "data")) / "listings"
    if not path.is_dir():
        pytest.skip(f"no real listing files in {path}; set CAROUSEL_REAL_DATA")
    return path
