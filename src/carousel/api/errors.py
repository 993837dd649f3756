"""Errors as RFC 9457 problem documents."""

from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
import psycopg_pool
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from carousel.errors import AccessError, CarouselError, InputError, UnavailableError, unknown_name
from carousel.telemetry import log

MEDIA_TYPE = "application/problem+json"
_TITLES = {400: "Bad request", 404: "Not found"}
_logger = log(__name__)


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer with a problem document; `errors` names fields."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)


def from_error(error: CarouselError) -> Response:
    headers = {}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = "1"
    if isinstance(error, AccessError) and error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    errors = [{"field": error.field, "message": str(error)}] if error.field else None
    return problem(error.status, error.title, str(error), errors=errors, headers=headers)


def install(app: FastAPI, routes: Sequence[BaseRoute] = ()) -> None:
    """Make every error of the application a problem document, without a stack trace.

    :param routes: those of the interface, to say which methods a path has.
    """

    @app.exception_handler(CarouselError)
    async def carousel_error(_: Request, error: CarouselError) -> Response:
        if error.status >= 500:
            cause = error.__cause__  # addresses and the like, which are the operator's business alone
            _logger.warning("request failed", error=str(error), cause=repr(cause) if cause else None)
        return from_error(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        errors = [
            {
                "field": ".".join(str(part) for part in e["loc"][1:]) or str(e["loc"][0]),
                "message": _explained(e, request),
            }
            for e in error.errors()[:50]
        ]
        return problem(422, InputError.title, f"{errors[0]['field']}: {errors[0]['message']}", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if error.status_code == 404:
            detail = f"there is nothing at {request.url.path[:200]}; the API's pages are listed at /docs"
        headers = dict(error.headers or {})
        if error.status_code == 405:
            detail = f"{request.method} is not possible at {request.url.path[:200]}"
            headers["Allow"] = ", ".join(_methods(routes, request)) or headers.get("Allow", "")
        if error.status_code == 400:
            detail = "the body cannot be read; send JSON in UTF-8"
        title = _TITLES.get(error.status_code, str(error.detail))
        return problem(error.status_code, title, detail, headers=headers)

    # The database or the event log went away under a request: it may work in a moment.
    for kind in (psycopg.OperationalError, psycopg.InterfaceError, psycopg_pool.PoolTimeout, RedisError):
        app.add_exception_handler(kind, _dependency_away)
    app.add_exception_handler(psycopg.DatabaseError, _database_error)
    app.add_exception_handler(Exception, unexpected)


async def _dependency_away(_: Request, error: Exception) -> Response:
    _logger.warning("dependency away", error=f"{type(error).__name__}: {error}".splitlines()[0])
    return from_error(UnavailableError("a part of the service does not answer just now; retry"))


async def _database_error(request: Request, error: Exception) -> Response:
    # libpq's own errors, of a connection that breaks within an answer, have no SQLSTATE and so no class of their own.
    is_libpqs = type(error) is psycopg.DatabaseError
    return await (_dependency_away(request, error) if is_libpqs else unexpected(request, error))


async def unexpected(request: Request, error: Exception) -> Response:
    """Answer what is a fault of ours, and log it."""
    _logger.error("unexpected error", path=request.url.path, exc_info=error)
    return problem(500, CarouselError.title, "something went wrong on our side; the log has the details")


def _methods(routes: Sequence[BaseRoute], request: Request) -> list[str]:
    """Return what is possible at a path: Starlette names the methods of the first route there alone."""
    there = (r for r in routes if isinstance(r, Route) and r.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in there for method in route.methods or ()})


def _explained(error: dict[str, Any], request: Request) -> str:
    where, given = error["loc"], error.get("input")
    if error["type"] == "extra_forbidden" and where[:-1] == ("body",):
        body = request.scope["route"].body_field
        return unknown_name(str(where[-1]), body.field_info.annotation.model_fields)
    if where == ("body",) and isinstance(given, bytes):  # FastAPI reads it as JSON only when it is said to be
        return "the body was not read as JSON; send Content-Type: application/json"
    message = str(error["msg"])
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        message += f" (it is {str(given)[:60]!r})"
    return message
