"""Feeds that are sent to the API: kept in a temporary folder, imported by a process of their own."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import anyio.to_thread
import orjson
from starlette.requests import ClientDisconnect

from carousel.catalogue import imports
from carousel.errors import InputError, UnavailableError
from carousel.processes import leash
from carousel.settings import Settings
from carousel.storage import postgres
from carousel.telemetry import log

_logger = log(__name__)
_PREFIX = "carousel-upload-"
_AT_ONCE = 2  # importing processes of one API process; more wait with their run begun
_STOP_SECONDS = 1.5
_STALE_SECONDS = 86_400
_PIECE = 1 << 20


class BusyError(InputError):
    """Another import of the same source runs."""

    status = 409
    title = "Conflict"


class Uploads:
    """The imports this process has started. A client that goes away changes nothing; a stop of the API ends them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def receive(self, body: AsyncIterator[bytes], filename: str) -> Path:
        """Write a body to a temporary file and return it; nothing is left of a body that breaks off.

        :raises InputError: it is empty, or breaks off.
        :raises UnavailableError: there is no room for it.
        """
        folder = await anyio.to_thread.run_sync(_new_folder)
        try:
            if not await _write(body, folder / filename):
                raise InputError("the body is empty; send the file itself as the body", field="body")
        except ClientDisconnect as error:
            discard(folder / filename)
            raise InputError("the body broke off; send the file again", field="body") from error
        except OSError as error:
            discard(folder / filename)
            raise UnavailableError(f"the file cannot be kept: {error.strerror or error}") from error
        except BaseException:
            discard(folder / filename)
            raise
        return folder / filename

    async def start(self, file: Path, source: str, options: dict[str, object]) -> UUID:
        """Begin to import a received file, which then is no longer the caller's, and return the id of the run.

        :raises BusyError: an import of this source runs.
        """
        connection, import_id = await anyio.to_thread.run_sync(self._begin, file, source, options)
        task = asyncio.create_task(self._run(connection, import_id, file, options), name=f"import {import_id}")
        self._tasks[import_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(import_id, None))
        return import_id

    async def wait(self, import_id: UUID, seconds: float) -> None:
        """Wait for an import's end, but no longer than so many seconds."""
        if import_id in self._tasks:
            await asyncio.wait([self._tasks[import_id]], timeout=seconds)

    async def close(self) -> None:
        """End what still runs: it is undone and recorded as interrupted."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, file: Path, source: str, options: dict[str, object]) -> tuple[postgres.Connection, UUID]:
        connection = postgres.connect(str(self._settings.database_url), vectors=False)
        try:
            if not imports.hold_source(connection, source):
                raise BusyError(
                    f"an import of source {source!r} runs already, and two would undo each other's work; "
                    "GET /v1/imports shows it, send this one when it is done",
                    field="source",
                )
            dry_run = bool(options.get("dry_run"))
            import_id = imports.start(connection, [file.name], requested_by="api", source=source, dry_run=dry_run)
        except BaseException:
            connection.close()
            raise
        return connection, import_id

    async def _run(
        self, connection: postgres.Connection, import_id: UUID, file: Path, options: dict[str, object]
    ) -> None:
        recorder = imports.RunRecorder(connection, import_id, {str(file): file.name})
        try:
            async with self._turn:
                why = await self._import(import_id, file, options)
            # What the process has recorded itself stays: only a run still open is closed here.
            await anyio.to_thread.run_sync(recorder.close, f"the importing process ended: {why}")
        except asyncio.CancelledError:
            recorder.close("the API was stopped; send the file again", state="interrupted")
            raise
        except Exception as error:
            _logger.exception("an upload could not be imported", import_id=str(import_id))
            recorder.close(f"the importing process could not be started: {type(error).__name__}")
        finally:
            connection.close()
            discard(file)

    async def _import(self, import_id: UUID, file: Path, options: dict[str, object]) -> str:
        """Run the importing process to its end and say how it ended."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "carousel", "import-upload", str(import_id), str(file),
            orjson.dumps(options).decode(),
            env=_environment(self._settings),
            cwd=file.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            preexec_fn=leash(signal.SIGTERM),
        )  # fmt: skip
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def filename_of(text: str) -> str:
    """Return the name a sent file gets: its stem may be the make or the source.

    :raises InputError: it is a path.
    """
    if not re.fullmatch(r"[^/\\\x00-\x1f]{1,100}", text) or text.strip(". ") == "":
        raise InputError(f"filename is {text[:60]!r}; use a name without folders, such as cars.csv", field="filename")
    return text


def discard(file: Path) -> None:
    """Remove a received file and its folder."""
    shutil.rmtree(file.parent, ignore_errors=True)


def _new_folder() -> Path:
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):  # of an API that was killed
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PREFIX))


async def _write(body: AsyncIterator[bytes], file: Path) -> int:
    size = 0
    waiting = bytearray()
    with await anyio.to_thread.run_sync(file.open, "wb") as out:
        async for piece in body:
            waiting += piece
            size += len(piece)
            if len(waiting) >= _PIECE:
                await anyio.to_thread.run_sync(out.write, bytes(waiting))
                waiting.clear()
        await anyio.to_thread.run_sync(out.write, bytes(waiting))
    return size


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    """Return this process's variables with the servers and limit it uses; a metrics folder belongs to the API alone."""
    variables = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
    return variables | {
        "CAROUSEL_DATABASE_URL": str(settings.database_url),
        "CAROUSEL_VALKEY_URL": str(settings.valkey_url),
        "CAROUSEL_IMPORT_MB": str(settings.import_mb),
        "CAROUSEL_LOG_LEVEL": settings.log_level,
        "CAROUSEL_LOG_FORMAT": settings.log_format,
    }
