"""The files of the web app, and the script that other sites load."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from carousel.api.app import create_app
from carousel.api.tokens import Tokens
from carousel.settings import Settings

SHOP = "https://cars.example"
ORIGIN = {"Origin": SHOP}
SCRIPT = "window.carousel = () => {};" * 100


@pytest.fixture
def web(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Carousel</title>")
    (tmp_path / "docs.html").write_text("<!doctype html><title>The API</title>")
    (tmp_path / "carousel.js").write_text(SCRIPT)
    (tmp_path / "carousel.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "assets" / "index-1.js").write_text(SCRIPT)
    (tmp_path / "assets" / "index-1.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "assets" / "index-1.js.br").write_bytes(b"brotli")
    return tmp_path


@asynccontextmanager
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://carousel.test") as calls,
    ):
        yield calls


async def test_any_site_may_load_the_script_and_asks_again_after_an_hour(settings: Settings, web: Path) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        answer = await calls.get("/carousel.js", headers=ORIGIN)
        assert answer.text == SCRIPT
        assert "javascript" in answer.headers["content-type"]
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["cache-control"].startswith("public, max-age=3600")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        again = await calls.get("/carousel.js", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
async def test_an_asset_comes_in_the_smallest_form_the_browser_takes(
    settings: Settings, web: Path, accepted: str, encoding: str | None
) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        async with calls.stream("GET", "/assets/index-1.js", headers={"Accept-Encoding": accepted}) as answer:
            assert answer.headers.get("content-encoding") == encoding
            assert "javascript" in answer.headers["content-type"]
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["vary"] == "accept-encoding"
        plain = await calls.get("/", headers={"Accept-Encoding": accepted})
        assert plain.text.startswith("<!doctype html>")
        assert plain.headers["vary"] == "accept-encoding"


async def test_the_page_of_the_api_is_of_the_build_and_under_the_same_policy(settings: Settings, web: Path) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        docs = await calls.get("/docs")
        assert "<title>The API</title>" in docs.text
        assert docs.headers["cache-control"] == "no-cache"
        assert docs.headers["content-security-policy"] == (await calls.get("/")).headers["content-security-policy"]
        assert (await calls.get("/redoc")).status_code == 404


async def test_from_other_hosts_a_page_may_load_pictures_and_nothing_else(settings: Settings, web: Path) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        policy = (await calls.get("/listings/stock-4711")).headers["content-security-policy"]
        rules = {name: sources for name, *sources in (rule.split() for rule in policy.split(";"))}
        assert rules.pop("img-src") == ["'self'", "data:", "https:"]
        assert {source for sources in rules.values() for source in sources} == {"'self'", "'none'", "'unsafe-inline'"}


async def test_a_file_outside_the_build_is_not_served(settings: Settings, web: Path) -> None:
    (web.parent / "secret.js.br").write_text("treasure")
    (web.parent / "secret.js").write_text("treasure")
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        for path in ("/assets/../../secret.js", "/assets/%2e%2e/%2e%2e/secret.js", "/..%2fsecret.js"):
            assert "treasure" not in (await calls.get(path)).text


@pytest.mark.parametrize("path", ["/%00", "/" + "a" * 300, "/assets/" + "a" * 300, "/assets/%00", "/%ff"])
async def test_what_can_be_no_file_is_not_found(settings: Settings, web: Path, path: str) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        for accepted in ("gzip", "identity"):
            answer = await calls.get(path, headers={"Accept-Encoding": accepted})
            assert answer.status_code == (200 if path == "/%ff" else 404)


async def test_other_sites_may_read_that_a_body_was_too_large_and_that_something_went_wrong(
    settings: Settings, web: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    async with client(settings.model_copy(update={"web_dir": web, "cors_origins": [SHOP]})) as calls:
        token = (await calls.post("/v1/session")).json()["token"]
        headers = ORIGIN | {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answers = [
            await calls.post("/v1/me/merge", content=b"x" * 3_000_000, headers=headers),
            await calls.post("/v1/me/merge", content=pieces(), headers=headers),
            await calls.post("/v1/events", content=pieces(), headers=headers),
        ]
        monkeypatch.setattr(Tokens, "check", None)  # which nobody can call
        answers.append(await calls.get("/v1/me", headers=headers))
        assert [answer.status_code for answer in answers] == [413, 413, 413, 500]
        for answer in answers:
            assert answer.json()["status"] == answer.status_code
            assert answer.headers["access-control-allow-origin"] == SHOP
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-request-id"]


async def test_no_page_can_be_framed_or_run_the_scripts_of_others(api: httpx.AsyncClient) -> None:
    headers = (await api.get("/livez")).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = set(headers["content-security-policy"].split("; "))
    assert policy >= {"default-src 'self'", "object-src 'none'", "base-uri 'self'", "frame-ancestors 'none'"}
    assert not any(part.startswith("script-src") for part in policy)


async def test_without_a_build_there_is_no_script(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carousel.api.app.packaged_web", lambda: tmp_path / "none")
    async with client(settings) as calls:
        assert (await calls.get("/carousel.js")).status_code == 404


async def test_only_the_pages_of_named_origins_may_call_the_api(settings: Settings, web: Path) -> None:
    async with client(settings.model_copy(update={"web_dir": web, "cors_origins": [SHOP]})) as calls:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        allowed = await calls.options("/v1/events", headers=ORIGIN | asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == SHOP
        refused = await calls.options("/v1/events", headers={"Origin": "https://other.example"} | asked)
        assert refused.status_code == 400
        assert (await calls.post("/v1/session", headers=ORIGIN)).headers["access-control-allow-origin"] == SHOP
        # An error must be readable as well, or the page could not know what to do.
        assert (await calls.get("/v1/me", headers=ORIGIN)).headers["access-control-allow-origin"] == SHOP


async def test_unless_told_otherwise_no_other_site_may_call_the_api(settings: Settings, web: Path) -> None:
    async with client(settings.model_copy(update={"web_dir": web})) as calls:
        assert "access-control-allow-origin" not in (await calls.post("/v1/session", headers=ORIGIN)).headers
