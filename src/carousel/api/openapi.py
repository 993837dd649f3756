"""The OpenAPI document; `python -m carousel.api.openapi` prints it for the web client's generator."""

import sys
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import SecretStr
from pydantic.json_schema import models_json_schema

from carousel.api.schemas import EventsBody

_REFERENCE = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Describe the bodies that routes read themselves (event by event, so that a bad one spoils no other)."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            _, definitions = models_json_schema([(EventsBody, "validation")], ref_template=_REFERENCE)
            document["components"]["schemas"] |= definitions["$defs"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def main() -> None:
    """Print the document, sorted, so that a change shows as one."""
    from carousel.api.app import create_app
    from carousel.settings import Settings

    nowhere = Settings(database_url="postgresql:///none", valkey_url="unix:///none", token_secret=SecretStr("0" * 32))
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(create_app(nowhere).openapi(), option=options))


if __name__ == "__main__":
    main()
