"""Under more load than a process can carry, pages are refused instead of kept waiting."""

from contextlib import ExitStack

import httpx
import pytest

from carousel.api import turns
from carousel.api.turns import LEAST, LONG_SECONDS, MOST, Turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only entry."""
    now = [100.0]
    monkeypatch.setattr(turns.time, "perf_counter", lambda: now[0])
    return now


def at_once(queue: Turns, clock: list[float], count: int, seconds: float) -> None:
    """Let pages be under way together, each for so long."""
    with ExitStack() as under_way:
        for _ in range(count):
            under_way.enter_context(queue.one())
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
