"""docs/exchange.md keeps up with the code."""

import re
from pathlib import Path

import pytest

from carousel.catalogue.exchange import google, meta
from carousel.catalogue.exchange.jsonld import _READ
from carousel.catalogue.exchange.jsonld_write import WANTED
from carousel.catalogue.exchange.write import FORMATS


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Everything the page writes as code."""
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([^`\n]+)`", page))


def test_every_format_column_and_property_has_a_place(words: set[str]) -> None:
    images = {f"image[{n}].url" for n in range(1, meta.IMAGES - 1)}  # said as "image[0].url to image[9].url"
    assert set(google.COLUMNS) | set(meta.COLUMNS) - images | set(FORMATS) | set(WANTED) <= words
    assert _READ - {"@context", "@type", "@id", "offers", "seatingCapacity"} <= words


def test_every_word_that_is_not_ours_in_another_case_has_a_place(words: set[str]) -> None:
    for table in (google.BODY, google.ENGINE, meta.FUEL, meta.TRANSMISSION, meta.DRIVETRAIN, meta.AVAILABILITY):
        assert {theirs for ours, theirs in table.items() if ours != theirs} <= words
