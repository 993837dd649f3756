"""Under more load than a process can carry, pages are refused instead of kept waiting."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from carousel.api import turns
from carousel.api.turns import LEAST, LONG_SECONDS, MOST, Page, Turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only entry."""
    now = [100.0]
    monkeypatch.setattr(turns.time, "perf_counter", lambda: now[0])
    return now


def at_once(queue: Turns, clock: list[float], count: int, seconds: float, *, was_made: bool = True) -> None:
    """Let pages be under way together, each for so long."""
    with ExitStack() as under_way:
        for _ in range(count):
            under_way.enter_context(queue.one()).was_made = was_made
        clock[0] += seconds


def test_fewer_are_made_at_once_the_longer_they_take(clock: list[float]) -> None:
    queue = Turns()
    for _ in range(100):  # a page takes 20 ms, so fifty at once take a second
        at_once(queue, clock, int(queue.limit), 0.02 * queue.limit)
    assert 25 <= queue.limit <= 51
    with ExitStack() as under_way:
        while not queue.is_full:
            under_way.enter_context(queue.one())
        assert queue.is_busy
    assert not queue.is_full
    assert not queue.is_busy


def test_some_are_always_made_and_an_outage_is_forgotten(clock: list[float]) -> None:
    queue = Turns()
    for _ in range(1_000):
        at_once(queue, clock, 1, 30 * LONG_SECONDS)
    assert queue.limit == LEAST
    for _ in range(4_000):
        at_once(queue, clock, 1, 0.02)
    assert queue.limit == MOST


def test_what_was_no_page_does_not_raise_the_limit(clock: list[float]) -> None:
    queue = Turns()
    for _ in range(100):
        at_once(queue, clock, 1, 0.001, was_made=False)
    assert queue.limit == 128


async def test_a_request_without_a_token_is_no_page(
    api: httpx.AsyncClient, shopper: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []
    one = Turns.one

    @contextmanager
    def noticed(queue: Turns) -> Iterator[Page]:
        with one(queue) as page:
            yield page
        made.append(page.was_made)

    monkeypatch.setattr(Turns, "one", noticed)
    for headers in ({}, shopper):
        await api.get("/v1/recommendations", headers=headers)
    assert made == [False, True]


async def test_a_refused_page_says_when_to_come_back_and_all_else_is_answered(
    api: httpx.AsyncClient, shopper: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await api.get("/v1/recommendations", headers=shopper)).status_code == 200
    monkeypatch.setattr(Turns, "is_full", True)
    for path in ("/v1/recommendations", "/v1/recommendations/rows"):
        refused = await api.get(path, headers=shopper)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "retry" in refused.json()["detail"]
    assert (await api.get("/v1/listings", headers=shopper)).status_code == 200
