"""Assemble the API: every resource is opened here, in one lifespan, and closed in reverse."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psycopg
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pgvector.psycopg import register_vector
from psycopg_pool import ConnectionPool, PoolTimeout
from redis.exceptions import RedisError

from carousel import __version__
from carousel.activity import partitions
from carousel.activity.log import ERASED_KNOWN, append
from carousel.api import errors, openapi, page
from carousel.api.checks import check
from carousel.api.dependencies import Resources, refuse_unknown_parameters
from carousel.api.live import Hub
from carousel.api.middleware import Answer, Observe
from carousel.api.routes import (
    events,
    experiments,
    health,
    imports,
    listings,
    live,
    recommendations,
    session,
    taste,
    trace,
)
from carousel.api.slates import SlateLog
from carousel.api.spool import Spool
from carousel.api.threads import BEGIN_SECONDS, Threads
from carousel.api.tokens import Tokens
from carousel.api.turns import TakeTurns, Turns
from carousel.api.uploads import Uploads
from carousel.catalogue.snapshot import LiveSnapshot
from carousel.recommend import placements
from carousel.recommend.crowd import serve_newest
from carousel.recommend.pipeline import Recommender
from carousel.recommend.sources import Neighbours
from carousel.rights.erase import refuse_again
from carousel.settings import Settings
from carousel.storage import postgres, valkey
from carousel.telemetry import configure_logging, log

_logger = log(__name__)
_WRITERS = 2


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings they are read from the environment, as in a worker process.

    :raises StartError: a setting is missing or unsafe.
    """
    settings = settings or Settings()
    check(settings)
    configure_logging("api", level=settings.log_level, log_format=settings.log_format)
    app = FastAPI(
        title="Carousel",
        version=__version__,
        summary="A real-time recommender for car marketplaces",
        description=(
            "Search, listings and recommendations for shoppers; events from shoppers; with the secret key catalogue "
            "writes, and the same in the name of any shopper. Errors are RFC 9457 problem documents."
        ),
        lifespan=_lifespan,
        docs_url=None,  # its page loads scripts from other hosts; page.py serves one of the build
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.turns = Turns()
    openapi.install(app)
    # Asked in this order, busiest first.
    modules = (recommendations, events, listings, session, taste, live, imports, trace, experiments)
    for module in modules:
        app.include_router(module.router, dependencies=[Depends(refuse_unknown_parameters)])
    errors.install(app, [route for module in modules for route in module.router.routes])
    app.include_router(health.router)
    page.install(app, settings.web_dir or packaged_web())
    app.add_middleware(TakeTurns, turns=app.state.turns)
    app.add_middleware(Answer, largest_upload=settings.import_mb * 2**20)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
            max_age=7_200,  # the longest Chromium keeps a preflight: the last events of a page then need none
        )
    app.add_middleware(Observe)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    database_url, valkey_url = str(settings.database_url), str(settings.valkey_url)
    async with AsyncExitStack() as stack:
        pool = postgres.make_pool(database_url, size=settings.database_pool)
        await pool.open()
        stack.push_async_callback(pool.close)
        writers = ConnectionPool(
            postgres.lasting(database_url),
            min_size=0,
            max_size=_WRITERS,
            timeout=BEGIN_SECONDS,
            kwargs={"autocommit": True},
            configure=register_vector,
            check=ConnectionPool.check_connection,
            open=True,
        )
        stack.callback(writers.close)
        client = valkey.make_async(valkey_url)
        stack.push_async_callback(client.aclose)
        hub = Hub(client)
        spool = Spool(settings.spool, limit=settings.spool_mb * 2**20) if settings.spool else None
        uploads = Uploads(settings)
        stack.push_async_callback(uploads.close)
        resources = Resources(
            settings=settings,
            pool=pool,
            writers=writers,
            writing=Threads("catalogue writes", _WRITERS),
            exporting=Threads("exports", 2, waiting=8),
            # One at a time: anybody may ask for it, and each reads what is in the log since they came.
            erasing=Threads("erasures", 1, waiting=4),
            valkey=client,
            tokens=Tokens(settings),
            live=LiveSnapshot(),
            recommender=Recommender(
                Neighbours(pool, exact_limit=settings.exact_limit),
                exact_limit=settings.exact_limit,
                placements=placements.load(settings.placements_file),
                exploration=settings.exploration,
            ),
            hub=hub,
            uploads=uploads,
            slates=SlateLog(pool),
            turns=app.state.turns,
            spool=spool,
        )
        app.state.resources = resources
        await _background(stack, hub.run())
        if spool:
            stack.callback(spool.close)
            replay = spool.replay_forever(
                lambda events, tokens: append(client, events, partitions=settings.partitions, issued_at=tokens)
            )
            await _background(stack, replay)
        # An API that starts before its servers says 503 for a while.
        with suppress(psycopg.Error, PoolTimeout, RedisError, OSError):
            async with pool.connection() as connection:
                await partitions.check_async(connection, settings.partitions)
                await resources.live.current(connection)
                await refuse_again(connection, client, settings.token_seconds)
        # The catalogue's objects live as long as the process: a full collection need not look at them each time.
        gc.collect()
        gc.freeze()
        await _background(stack, _refuse_erased(resources))
        await _background(stack, resources.live.refresh_forever(pool))
        await _background(stack, serve_newest(resources.recommender, pool, resources.live))
        stack.push_async_callback(_last_slates, resources.slates)
        await _background(stack, resources.slates.run())
        stack.callback(hub.close)
        _logger.info("api started", demo=settings.demo)
        yield
        _logger.info("api stopping")


async def _refuse_erased(use: Resources) -> None:
    """Tell a Valkey that comes back empty within a second who was erased."""
    while True:
        await asyncio.sleep(1)
        with suppress(psycopg.Error, PoolTimeout, RedisError, OSError):  # tried again in a second
            if not await use.valkey.exists(ERASED_KNOWN):
                async with use.pool.connection() as connection:
                    await refuse_again(connection, use.valkey, use.settings.token_seconds)


async def _last_slates(slates: SlateLog) -> None:
    with suppress(psycopg.Error, PoolTimeout):
        await slates.flush()


async def _background(stack: AsyncExitStack, work: object) -> None:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]

    async def stop() -> None:
        # redis-py 8 swallows a cancellation that meets its own time-out, so one is not always enough.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)

    stack.push_async_callback(stop)


def packaged_web() -> Path:
    """Return where the built web app lies: in the wheel, or in the checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "_web"
    return packaged if packaged.is_dir() else package.parents[1] / "web" / "dist"
