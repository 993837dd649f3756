"""Serve the built web app: hashed assets for ever, the script for other sites for an hour, the API's documentation, and
on every other path the page itself (it routes in the browser)."""

from mimetypes import guess_type
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_API_PATHS = ("v1/", "assets/", "docs/", "redoc", "openapi.json", "metrics", "livez", "readyz")
# What the build wrote beside a file, the smaller first. Packing while serving costs time at every visit, and
# Starlette's middleware leaves out what the server sends from the disk itself, which is every file.
_PACKED = {"br": ".br", "gzip": ".gz"}


class _Packed(StaticFiles):
    """Files of the build, in the smallest form that the browser takes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        encoding = _encoding(Path(str(self.directory)) / path, Request(scope).headers.get("accept-encoding", ""))
        response = await super().get_response(path + _PACKED[encoding] if encoding else path, scope)
        _say_encoding(response, path, encoding)
        return response


class _Assets(_Packed):
    """Assets have a hash in their name, so a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


class _Snippet:
    """`carousel.js`, which any site may load. Its name never changes, so a browser asks again after an hour."""

    def __init__(self, folder: Path) -> None:
        self._files = _Packed(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._files.get_response("carousel.js", scope)
        response.headers["cache-control"] = "public, max-age=3600, stale-while-revalidate=86400"
        response.headers["access-control-allow-origin"] = "*"  # so that a page may ask for its integrity
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        await response(scope, receive, send)


def install(app: FastAPI, folder: Path) -> None:
    """Serve the page at `/`; an API without a built page says so instead."""
    if (folder / "assets").is_dir():
        app.mount("/assets", _Assets(directory=folder / "assets"), name="assets")
    app.router.routes.append(Route("/carousel.js", _Snippet(folder), include_in_schema=False))

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str, request: Request) -> Response:
        if path.startswith(_API_PATHS):
            raise HTTPException(404)
        try:
            file = (folder / path).resolve()
            is_ours = bool(path) and file.is_file() and file.is_relative_to(folder.resolve())
        except (OSError, ValueError) as error:  # too long for a name, or with a NUL
            raise HTTPException(404) from error
        if is_ours:
            return FileResponse(file)
        index = folder / ("docs.html" if path == "docs" else "index.html")
        if not index.is_file():
            raise HTTPException(404)
        encoding = _encoding(index, request.headers.get("accept-encoding", ""))
        name = index.name + _PACKED[encoding] if encoding else index.name
        response = FileResponse(folder / name, headers={"cache-control": "no-cache"})
        _say_encoding(response, index.name, encoding)
        return response


def _encoding(file: Path, accepted: str) -> str | None:
    """Return the name of the smallest form that lies beside a file and is accepted.

    :param accepted: the header Accept-Encoding; a coding with ";q=0" is refused by it.
    """
    codings = {part.strip() for part in accepted.lower().replace(" ", "").split(",") if not part.endswith(";q=0")}
    names = {coding.split(";", 1)[0] for coding in codings}
    try:
        return next((name for name, end in _PACKED.items() if name in names and Path(f"{file}{end}").is_file()), None)
    except (OSError, ValueError) as error:  # too long for a name, or with a NUL
        raise HTTPException(404) from error


def _say_encoding(response: Response, path: str, encoding: str | None) -> None:
    response.headers.add_vary_header("accept-encoding")
    if encoding and response.status_code == 200:
        response.headers["content-encoding"] = encoding
        response.headers["content-type"] = _type_of(path)


def _type_of(path: str) -> str:
    media_type = guess_type(path)[0] or "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
