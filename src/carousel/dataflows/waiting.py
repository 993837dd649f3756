"""Waiting for a server that is away, without ever missing that the process shall end."""

import random
import threading


class Stop(Exception):  # noqa: N818 - the end of a healthy run
    """The process was asked to end while it waited."""


class Backoff:
    """Wait 0.05 s, then twice as long each time, up to 2 s, with a fifth of jitter."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.attempts = 0

    def reset(self) -> None:
        self.attempts = 0

    def wait(self) -> None:
        """Wait.

        :raises Stop: the process was asked to end.
        """
        delay = min(2.0, 0.05 * 2**self.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        self.attempts = min(self.attempts + 1, 10)
        if self._stop.wait(delay):
            raise Stop
