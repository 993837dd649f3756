"""One process of `carousel up`: started, started again whenever it ends, and stopped."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from carousel.embedded.account import Account
from carousel.errors import CarouselError
from carousel.processes import leash
from carousel.telemetry import log

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
HEALTHY_SECONDS = 30.0
_logger = log(__name__)

ReadLine = Callable[[str], tuple[str, str]]


@dataclass(frozen=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    prepare: Callable[[], None] = lambda: None
    """Runs before every start, in a thread."""
    folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    """What it gets when the supervisor dies first."""
    read_line: ReadLine | None = None
    """Splits a line that is not JSON into level and message; None: its log is not ours to change."""


@dataclass
class Child:
    program: Program
    failures: int = 0
    """How often it ended since it was last healthy."""
    last_words: str = ""
    """The latest line of its log that was not JSON and no mere information."""
    _process: asyncio.subprocess.Process | None = None
    _stopping: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_running(), name=f"keep {self.name} running")

    async def stop(self, grace: float) -> None:
        """Ask it to end, wait `grace` seconds, then make it."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(self.program.stop_signal)
            try:
                await asyncio.wait_for(self._process.wait(), grace)
            except TimeoutError:
                _logger.warning("did not stop in time, killed", child=self.name, seconds=round(grace, 1))
                _kill_group(self._process.pid)
            assert self._task is not None
            await asyncio.wait([self._task], timeout=1.5)  # it passes on the last lines of the log
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            started = time.monotonic()
            why = await self._run_once()
            if self._stopping:
                return
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause, self.failures = FIRST_PAUSE, 0
            self.failures += 1
            _logger.error("ended, will be started again", child=self.name, why=why, pause_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self) -> str:
        """Run the program to its end and return how it ended."""
        program = self.program
        try:
            await asyncio.to_thread(program.prepare)
            self._process = process = await self._spawn()
        except Exception as error:  # whatever it is, the next try may do better
            self.last_words = str(error)
            if not isinstance(error, CarouselError):
                _logger.exception("could not be started", child=self.name)
            return str(error)
        _logger.info("started", child=self.name, pid=process.pid)
        forward = asyncio.create_task(self._forward(process.stdout)) if process.stdout else None
        code = await process.wait()
        _kill_group(process.pid)  # what it started itself
        if forward is not None:
            await asyncio.wait([forward], timeout=1)  # its own children may hold the pipe for longer
            forward.cancel()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        output = sys.stderr.fileno() if program.read_line is None else subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *program.command,
            env=dict(program.environment),
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,  # standard output says "ready" once and nothing else
            stderr=sys.stderr.fileno() if program.read_line is None else subprocess.STDOUT,
            limit=1 << 20,
            preexec_fn=leash(program.orphan_signal),
            **(program.account.run_as() if program.account else {}),
        )

    async def _forward(self, lines: asyncio.StreamReader) -> None:
        """Pass on its lines of JSON, and wrap every other line in one, under the child's name."""
        assert self.program.read_line is not None
        logger = log("output").bind(process=self.name)
        while True:
            try:
                raw = await lines.readline()
            except ValueError:  # longer than the limit: that part of it is dropped
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            if line.startswith("{"):
                sys.stderr.write(f"{line}\n")
                sys.stderr.flush()
            elif line:
                level, message = self.program.read_line(line)
                if level != "info":
                    self.last_words = message.removeprefix("carousel: ")
                getattr(logger, level)(message)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
