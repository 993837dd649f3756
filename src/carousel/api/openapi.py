"""The OpenAPI document: what FastAPI says of itself, the bodies that routes read themselves, and the errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from carousel.api.schemas import EventsBody, Problem

_REFERENCE = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Describe the bodies that routes read themselves (event by event, so that a bad one spoils no other), and the
    problem documents, which come from no route."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            _, definitions = models_json_schema(
                [(EventsBody, "validation"), (Problem, "serialization")], ref_template=_REFERENCE
            )
            document["components"]["schemas"] |= definitions["$defs"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
