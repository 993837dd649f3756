"""The page has a word for every code of a listing in every language but the codes' own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carousel.catalogue.listing import ENUMS
from carousel.market.listings import make_listings

LOCALES = Path(__file__).parents[2] / "web" / "src" / "locales"


@pytest.fixture(scope="module")
def codes() -> set[str]:
    """The codes the catalogue allows, and those the demo's market has for what the catalogue leaves open."""
    market = make_listings(5_000, now=datetime(2026, 3, 1, tzinfo=UTC))
    found = {code for values in ENUMS.values() for code in values}
    for car in market:
        found.update(car.features)
        found.update(code for code in (car.upholstery, car.color_interior, car.emission_standard) if code)
    return {code for code in found if not code.startswith("euro")}  # "euro6d" is "Euro 6d" everywhere


@pytest.mark.parametrize("language", ["de", "cs"])
def test_no_code_of_a_listing_is_left_in_english(codes: set[str], language: str) -> None:
    words = json.loads((LOCALES / language / "words.json").read_text(encoding="utf-8"))
    assert codes - set(words) == set()
