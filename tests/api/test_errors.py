"""What a shopper is told when the database fails, by how it does."""

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from carousel.api.errors import install


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (psycopg.OperationalError("the connection is closed"), 503),
        (psycopg.DatabaseError("server closed the connection unexpectedly"), 503),
        (psycopg.ProgrammingError("the query has 2 placeholders but 1 parameters were passed"), 500),
    ],
)
async def test_only_a_database_that_is_away_is_worth_another_try(error: psycopg.Error, status: int) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def fails() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://carousel.test") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert str(error) not in answer.text
