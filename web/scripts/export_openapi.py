"""Write the API's description for the client generator: `python web/scripts/export_openapi.py && npm run generate`."""

import json
from pathlib import Path

from carousel.api.app import create_app
from carousel.settings import Settings

TARGET = Path(__file__).parents[1] / "openapi.json"


def exported() -> str:
    """Return the description as web/openapi.json holds it; nothing is started or connected."""
    settings = Settings(database_url="postgresql://nobody@/none", valkey_url="unix:///none", token_secret="-" * 32)
    description = create_app(settings).openapi()
    # The order in which the application includes its routers is no change for a client.
    description["paths"] = dict(sorted(description["paths"].items()))
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(exported(), encoding="utf-8")
