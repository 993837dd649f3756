"""The API's processes: Granian in front of `create_app`, sharing one port."""

import importlib
import os
import resource
from collections.abc import Callable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes

from carousel.processes import die_with_parent
from carousel.settings import Settings
from carousel.telemetry import configure_logging

# A live page holds one request open (server-sent events), so this is also how many pages a worker keeps in touch.
# 5,000 were measured (benchmarks/live.py); the rest is for everything else.
_REQUESTS_PER_WORKER = 8192
# What is still open then are live streams: browsers connect again by themselves.
STOP_SECONDS = 3


def serve(settings: Settings, app: str = "carousel.api.app:create_app") -> None:
    """Serve until SIGTERM or SIGINT; workers that die are replaced.

    A worker that dies again within seconds ends the whole process, so that a supervisor sees it.
    """
    _allow_open_files()
    # Workers are forked from here: what is imported now, each of them and its replacement has at once.
    importlib.import_module(app.partition(":")[0])
    own_loggers = {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")}
    Granian(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        workers=settings.api_workers,
        runtime_mode=RuntimeModes.st,
        loop=Loops.uvloop,
        websockets=False,
        backlog=1024,
        backpressure=_REQUESTS_PER_WORKER,
        log_dictconfig={"formatters": {}, "handlers": {}, "loggers": own_loggers},
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        factory=True,
    ).serve(target_loader=partial(_load, os.getpid()))


def _allow_open_files() -> None:
    """Raise the limit of open files to what the system lets us; the usual 1,024 would be the most open pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _REQUESTS_PER_WORKER * 2
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _load(parent: int, target: str) -> Callable[..., Any]:
    """Make the app, in a worker."""
    die_with_parent(parent)  # else a killed parent leaves workers that keep the port
    settings = Settings()
    configure_logging("api", level=settings.log_level, log_format=settings.log_format)  # Granian has set its own
    module, _, factory = target.partition(":")
    app: Callable[..., Any] = getattr(importlib.import_module(module), factory)()
    return app
