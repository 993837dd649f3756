"""A process that does one thing and ends: loading the market, importing a file."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from carousel.errors import StartError
from carousel.processes import leash
from carousel.telemetry import log

_logger = log(__name__)


STOP_SECONDS = 2.0
"""How long an errand may take to undo what it began and to remove its temporary files, when `up` stops."""


async def run_errand(what: str, command: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a command to its end and return what it printed; its JSON log lines join ours.

    :raises StartError: it failed; the message holds its last plain line.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=1 << 20,
        preexec_fn=leash(signal.SIGKILL),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        output, last_words = await asyncio.gather(process.stdout.read(), _forward(process.stderr))
        code = await process.wait()
    finally:
        if process.returncode is None:  # cancelled: we are stopping
            await _end(process)
    said = output.decode(errors="replace").strip()
    if code:
        raise StartError(f"{what} failed: {last_words.removeprefix('carousel: ') or said or f'exit code {code}'}")
    _logger.info(f"{what} done")
    return said


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, then make it, and whatever it started itself."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _forward(lines: asyncio.StreamReader) -> str:
    """Pass its log on and return the last line that was not JSON."""
    last = ""
    async for raw in lines:
        line = raw.decode(errors="replace").strip()
        if line.startswith("{"):
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - already a line of our log
        elif line:
            last = line
            _logger.info(line)
    return last
