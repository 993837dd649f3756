"""docs/operations.md says what every setting does."""

import re
from pathlib import Path

from carousel.settings import Settings

TEXT = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()


def test_every_setting_has_a_line_with_its_description_and_no_line_is_of_the_past() -> None:
    described = dict(re.findall(r"^\| `CAROUSEL_(\w+)` \| .* \| (.*) \|$", TEXT, flags=re.MULTILINE))
    assert described == {name.upper(): field.description for name, field in Settings.model_fields.items()}
