"""docs/listings.md keeps up with the code."""

import re
from pathlib import Path

import pytest

from carousel.catalogue.feeds.profiles import PROFILES
from carousel.catalogue.listing import ENUMS, FIELD_NAMES

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "listings.md").read_text(encoding="utf-8")


def test_every_field_has_a_line_with_its_values(page: str) -> None:
    lines = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, flags=re.MULTILINE))
    assert [name for name in FIELD_NAMES if name not in lines] == []
    for name, values in ENUMS.items():
        assert [value for value in values if f"`{value}`" not in lines[name]] == []


def test_every_profile_has_a_line(page: str) -> None:
    assert [p.name for p in PROFILES if f"| `{p.name}` |" not in page] == []


def test_every_reason_a_row_is_rejected_for_is_explained(page: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/carousel/catalogue/feeds").glob("*.py"))
    reasons = set(re.findall(r'(?:Rejected\(|return |problem=\()"([a-z_]+)",', code))
    assert len(reasons) > 8
    assert [reason for reason in reasons if f"`{reason}`" not in page] == []
