"""docs/events.md says what the code does."""

import re
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from carousel.activity.events import LENGTHS, MOST_LISTING_IDS, SERVER_TYPES, WEIGHTS, Event, parse

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
ROWS = {name: row for row in PAGE.splitlines() if (name := re.match(r"\| `(\w+)` \|", row) and row.split("`")[1])}


@pytest.mark.parametrize("kind", SERVER_TYPES)
def test_every_type_is_documented_with_its_weight(kind: str) -> None:
    weight = f"{abs(WEIGHTS[kind]):g}"  # type: ignore[index]
    assert re.search(rf"\b{re.escape(weight)}\b", ROWS[kind].rsplit("|", 2)[1])


def test_every_field_is_documented_with_its_limit() -> None:
    fields = (set(Event.__dataclass_fields__) | {"sent_at"}) - {"shopper_id", "received_at"}
    documented = {name for name, row in ROWS.items() if name not in SERVER_TYPES and name not in STATUSES}
    assert documented == fields
    for name in fields & LENGTHS.keys():
        assert f"up to {LENGTHS[name]} characters" in ROWS[name]
    assert f"up to {MOST_LISTING_IDS}" in ROWS["listing_ids"]


STATUSES = {"accepted", "duplicate", "rejected"}


def test_the_examples_are_events() -> None:
    blocks = re.findall(r"```(?:http|json)\n(.*?)```", PAGE, re.DOTALL)
    bodies = [orjson.loads(text[text.index("{") :]) for text in blocks]
    examples = [e for body in bodies for e in body.get("events", [body] if "type" in body else [])]
    assert {e["type"] for e in examples} == {"view", "search"}
    for example in examples:
        parse(example, shopper_id="john", received_at=datetime.now(UTC))
