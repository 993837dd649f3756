"""Is the process alive, do its dependencies answer, what does it count."""

import os

import psycopg
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from carousel.activity import partitions
from carousel.api.dependencies import Use
from carousel.api.schemas import PROBLEMS
from carousel.errors import UnavailableError
from carousel.telemetry import forget_dead_processes

router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz", operation_id="readyz", responses={503: PROBLEMS[503]})
async def readyz(use: Use) -> dict[str, str]:
    """PostgreSQL and Valkey answer, and the catalogue is in memory."""
    part = "PostgreSQL"
    try:  # waits for a connection as long as a shopper's request would: a busy process is ready
        async with use.pool.connection() as connection:
            # An API that was started before its database has not asked yet.
            await partitions.check_async(connection, use.settings.partitions)
            await use.live.current(connection)
        part = "Valkey"
        await use.valkey.ping()
    except (psycopg.Error, PoolTimeout, RedisError) as error:
        raise UnavailableError(f"{part} does not answer") from error
    return {"status": "ready"}


@router.get("/metrics", operation_id="metrics", response_class=Response)
def metrics() -> Response:
    """Prometheus metrics of all API processes behind this port."""
    registry = REGISTRY
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        forget_dead_processes(folder)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
