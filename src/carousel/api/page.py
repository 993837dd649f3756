"""Serve the built web app: hashed assets for ever, every other path the page itself (it routes in the browser)."""

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_API_PATHS = ("v1/", "assets/", "docs", "redoc", "openapi.json", "metrics", "livez", "readyz")


class _Assets(StaticFiles):
    """Assets have a hash in their name, so a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI, folder: Path) -> None:
    """Serve the page at `/`; an API without a built page says so instead."""
    if (folder / "assets").is_dir():
        app.mount("/assets", GZipMiddleware(_Assets(directory=folder / "assets")), name="assets")

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
