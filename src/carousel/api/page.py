"""Serve the built web app: hashed assets for ever, the script for other sites for an hour, every other path the page
itself (it routes in the browser)."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_API_PATHS = ("v1/", "assets/", "docs", "redoc", "openapi.json", "metrics", "livez", "readyz")


class _Assets(StaticFiles):
    """Assets have a hash in their name, so a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


class _Snippet:
    """`carousel.js`, which any site may load. Its name never changes, so a browser asks again after an hour."""

    def __init__(self, folder: Path) -> None:
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._files.get_response("carousel.js", scope)
        response.headers["cache-control"] = "public, max-age=3600, stale-while-revalidate=86400"
        response.headers["access-control-allow-origin"] = "*"  # so that a page may ask for its integrity
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        await response(scope, receive, send)


def install(app: FastAPI, folder: Path) -> None:
    """Serve the page at `/`; an API without a built page says so instead."""
    if (folder / "assets").is_dir():
        app.mount("/assets", GZipMiddleware(_Assets(directory=folder / "assets")), name="assets")
    app.router.routes.append(Route("/carousel.js", GZipMiddleware(_Snippet(folder)), include_in_schema=False))

    @app.get("/{path:path}", include_in_schema=False)
    def page(path: str) -> Response:
        if path.startswith(_API_PATHS):
            raise HTTPException(404)
        file = (folder / path).resolve()
        if path and file.is_file() and file.is_relative_to(folder.resolve()):
            return FileResponse(file)
        index = folder / "index.html"
        if not index.is_file():
            raise HTTPException(404)
        return FileResponse(index, headers={"cache-control": "no-cache"})
