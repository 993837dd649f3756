"""What a caller is told of an error, and what the OpenAPI document says of it."""

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from carousel.api.errors import install
from carousel.api.schemas import MyData, Problem


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


async def test_every_error_is_described_as_the_problem_document_it_is(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            for status, answer in call["responses"].items():
                if status >= "400":
                    assert answer["content"] == {"application/problem+json": problem}, (method, path, status)
    assert {"status", "detail", "errors"} <= document["components"]["schemas"]["Problem"]["properties"].keys()
    answer = await api.get("/v1/listings", params={"min_price": "much"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert Problem.model_validate(answer.json(), extra="forbid").errors[0].field == "min_price"


async def test_what_is_held_about_a_shopper_is_described(api: httpx.AsyncClient, shopper: dict[str, str]) -> None:
    call = (await api.get("/openapi.json")).json()["paths"]["/v1/me/export"]["get"]
    schema = call["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/MyData"}
    await api.get("/v1/recommendations", headers=shopper)
    exported = (await api.get("/v1/me/export", headers=shopper)).json()
    assert MyData.model_validate(exported, extra="forbid").shopper.ids == [exported["shopper"]["shopper_id"]]
    assert exported.keys() == MyData.model_fields.keys()


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v1/me/taste", "GET, PUT"),
        ("POST", "/v1/listings/a", "DELETE, GET, PATCH, PUT"),
        ("PUT", "/v1/events", "POST"),
        ("POST", "/elsewhere", "GET"),
    ],
)
async def test_a_method_that_there_is_not_is_told_all_that_there_are(
    api: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await api.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
