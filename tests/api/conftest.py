"""The real API over the real servers, in this process; events are folded by the dataflow's own sink when asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from uuid_utils import uuid7

from carousel.api.app import create_app
from carousel.embedded.servers import Servers
from carousel.settings import Settings
from carousel.storage import postgres
from carousel.storage.valkey import Valkey

KEY = "a secret key for tests"
WRITER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def settings(servers: Servers, database: postgres.Connection, valkey: Valkey) -> Settings:
    """Settings of a demo over empty stores."""
    return Settings(
        database_url=servers.database_url,
        valkey_url=servers.valkey_url,
        demo=True,
        secret_key=SecretStr(KEY),
        token_secret=SecretStr("t" * 40),
        log_level="ERROR",
    )


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running API."""
    async with _running(settings) as client:
        yield client


@pytest.fixture
async def second_api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another API process's state over the same stores."""
    async with _running(settings) as client:
        yield client


@pytest.fixture
def running() -> Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Start an API with settings of one's own."""
    return _running


class _running:  # noqa: N801 - reads as a verb
    def __init__(self, settings: Settings) -> None:
        self._app = create_app(settings)

    async def __aenter__(self) -> httpx.AsyncClient:
        self._lifespan = self._app.router.lifespan_context(self._app)
        await self._lifespan.__aenter__()
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://carousel.test")
        return self._client

    async def __aexit__(self, *error: Any) -> None:
        await self._client.aclose()
        await self._lifespan.__aexit__(*error)


@pytest.fixture
async def shopper(api: httpx.AsyncClient) -> dict[str, str]:
    """The headers of a new anonymous shopper."""
    token = (await api.post("/v1/session")).json()["token"]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def car() -> Callable[..., dict[str, Any]]:
    """Make a listing as a client would send it."""

    def make(listing_id: str, **fields: Any) -> dict[str, Any]:
        return {
            "listing_id": listing_id, "make": "Škoda", "model": "Octavia", "model_year": 2019, "mileage_km": 50_000,
            "price_amount": 15_000, "price_currency": "EUR", "body_type": "wagon", "fuel_type": "diesel", **fields,
        }  # fmt: skip

    return make


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Make an event as a browser would send it."""

    def make(kind: str = "view", **fields: Any) -> dict[str, Any]:
        occurred_at = datetime.now(UTC) - timedelta(seconds=1)
        return {"event_id": str(uuid7()), "type": kind, "occurred_at": occurred_at.isoformat(), **fields}

    return make
