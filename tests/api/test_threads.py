"""Threads of one kind of work: who waits, who is refused, and what does not begin."""

import asyncio
import threading
from collections.abc import Callable

from carousel.api.threads import Threads
from carousel.errors import UnavailableError


async def test_no_more_wait_for_a_thread_than_may() -> None:
    threads = Threads("exports", 1, waiting=2)
    go_on = threading.Event()

    def work(begin: Callable[[], None]) -> bool:
        begin()
        return go_on.wait(5)

    tasks = [asyncio.create_task(threads.run(work)) for _ in range(6)]
    refused, _ = await asyncio.wait(tasks, timeout=0.3)
    assert [type(task.exception()) for task in refused] == [UnavailableError] * 3
    go_on.set()
    assert await asyncio.gather(*(task for task in tasks if task not in refused)) == [True] * 3


async def test_what_nobody_waits_for_any_more_does_not_begin() -> None:
    threads = Threads("catalogue writes", 1)
    got_its_connection, done = threading.Event(), []

    def work(begin: Callable[[], None]) -> None:
        got_its_connection.wait(5)
        begin()
        done.append("written")

    task = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait({task})
    got_its_connection.set()
    await asyncio.sleep(0.2)
    assert done == []
