"""Around every request: an id, a log line, metrics, headers that protect the page, a limit for the body, an answer."""

import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carousel.api.errors import from_error, unexpected
from carousel.errors import TooLargeError
from carousel.telemetry import http_requests, http_seconds, log

LARGEST_BODY = 2 * 1024 * 1024
LARGEST_BATCH = 32 * 1024 * 1024
_BATCH_PATHS = ("/v1/listings:batch",)
_UPLOAD_PATHS = ("/v1/imports",)
_QUIET = ("/livez", "/readyz", "/metrics")
_SLOW_SECONDS = 1.0
_LONG = ("/v1/live", *_UPLOAD_PATHS)  # as long as the client likes, or as its file takes

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        # Pictures of listings are on whatever hosts the feeds name; nothing else comes from another one.
        b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; object-src 'none'; "
        b"base-uri 'self'; frame-ancestors 'none'",
    ),
]
_logger = log("carousel.http")


class Observe:
    """Count, time and log requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = headers.get(b"x-request-id", b"").decode("latin-1")[:64]
        if not request_id.isascii() or not request_id.isprintable() or not request_id:
            request_id = uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode("latin-1")),
                    *_HEADERS,
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            _record(scope, status, time.perf_counter() - started)


class Answer:
    """Answer 413 before a body too large is read, and 500 to what nobody expected: under what adds headers for pages of
    other origins, which could not read these answers else."""

    def __init__(self, app: ASGIApp, *, largest_upload: int) -> None:
        """:param largest_upload: bytes of a feed sent to be imported."""
        self._app = app
        self._largest = dict.fromkeys(_BATCH_PATHS, LARGEST_BATCH) | dict.fromkeys(_UPLOAD_PATHS, largest_upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limited = _Limited(receive, self._largest.get(scope["path"], LARGEST_BODY))
        has_begun = False
        instead: Response | None = None

        async def send_unless_refused(message: Message) -> None:
            nonlocal has_begun
            if limited.refused and not has_begun:
                return  # the route took it for a body that cannot be read
            has_begun = True
            await send(message)

        try:
            limited.check_length(dict(scope["headers"]).get(b"content-length"))
            await self._app(scope, limited, send_unless_refused)
        except Exception as error:
            if has_begun:
                raise
            if not limited.refused:
                instead = await unexpected(Request(scope), error)
        if limited.refused and not has_begun:
            instead = from_error(limited.refused)
        if instead:
            await instead(scope, receive, send)


class _Limited:
    """A `receive` that stops at a limit, whatever Content-Length said."""

    refused: TooLargeError | None = None

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0

    def check_length(self, declared: bytes | None) -> None:
        if declared and declared.isdigit() and int(declared) > self._most:
            self._refuse(int(declared))

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            self._refuse(self._size)
        return message

    def _refuse(self, size: int) -> None:
        self.refused = TooLargeError(
            f"the body has {size:,} bytes; at most {self._most:,} are allowed, send it in parts", field="body"
        )
        raise self.refused


def _record(scope: Scope, status: int, seconds: float) -> None:
    route: Any = scope.get("route")
    name = getattr(route, "path", "none")
    method = scope["method"] if scope["method"] in ("GET", "POST", "PUT", "PATCH", "DELETE") else "other"
    http_requests.labels(method, name, str(status)).inc()
    if name not in _LONG:
        http_seconds.labels(method, name).observe(seconds)
    if name in _QUIET:
        return
    # Whatever answers 503 says why itself, or is counted: pages refused in a crowd would fill the log.
    is_wrong = status >= 500 and status != 503
    line = _logger.warning if is_wrong or (seconds > _SLOW_SECONDS and name not in _LONG) else _logger.debug
    line("request", method=method, route=name, status=status, ms=round(seconds * 1000, 1))
