"""An API that would not be safe does not start, and outside the demo nobody is believed without a proof."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from carousel.api.app import create_app
from carousel.errors import StartError
from carousel.settings import Settings

Running = Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ({"token_secret": "t" * 31}, "CAROUSEL_TOKEN_SECRET is too short; use at least 32"),
        ({"token_secret": "t" * 32, "secret_key": "k" * 15}, "CAROUSEL_SECRET_KEY is too short; use at least 16"),
        ({}, "nobody can be told apart"),
        ({"oidc_issuer": "https://login.example"}, "needs CAROUSEL_OIDC_AUDIENCE"),
        ({"valkey_url": None}, "CAROUSEL_VALKEY_URL are needed"),
    ],
)
def test_an_api_that_would_not_be_safe_does_not_start(said: dict[str, str | None], cure: str) -> None:
    servers = {"database_url": "postgresql://h/d", "valkey_url": "redis://h"}
    with pytest.raises(StartError, match=cure):
        create_app(Settings.model_validate(servers | said))


async def test_outside_the_demo_nobody_logs_in_by_email_alone(settings: Settings, running: Running) -> None:
    async with running(settings.model_copy(update={"demo": False})) as api:
        assert (await api.post("/v1/token", json={"email": "me@example.org"})).status_code == 404
