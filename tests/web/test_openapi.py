"""The page's client is generated from what the API really says."""

import runpy
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"


def test_the_description_the_client_is_generated_from_is_the_apis_own() -> None:
    """Cure: `python web/scripts/export_openapi.py`, then `npm run generate` in web/."""
    exported = runpy.run_path(str(WEB / "scripts" / "export_openapi.py"))["exported"]()
    assert (WEB / "openapi.json").read_text(encoding="utf-8") == exported
