"""Trim the streams of what every flow has committed, and archive and served slates of what is too old.

Never by length (MAXLEN): with a reader that was stopped for a while, that lost 15,484 of 20,500 unread entries without
an error.
"""

import threading
from collections.abc import Sequence

import psycopg
from redis.exceptions import RedisError

from carousel.activity import retention
from carousel.activity.repository import slowest_positions
from carousel.errors import UnavailableError
from carousel.recommend import repository
from carousel.settings import Settings
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey, make
from carousel.telemetry import log

KEPT_MS = 24 * 3_600 * 1_000  # a day of history, for looking into what went wrong
_EVERY = 600.0

logger = log(__name__)


def start(settings: Settings, streams: Sequence[str], stop: threading.Event) -> None:
    """Trim streams, archive and served slates every ten minutes, in a thread, until asked to stop."""
    valkey = make(str(settings.valkey_url))

    def work() -> None:
        while not stop.wait(_EVERY):
            try:
                with connect(str(settings.database_url)) as connection:
                    trim(connection, valkey, streams)
                    retention.keep(connection, settings.activity_months)
                    repository.prune(connection, settings.slate_days)
            except (RedisError, OSError, UnavailableError, psycopg.Error) as error:
                logger.warning("trim_failed", error=str(error))  # in ten minutes it is tried again

    threading.Thread(target=work, name="janitor", daemon=True).start()


def trim(connection: Connection, valkey: Valkey, streams: Sequence[str]) -> int:
    """Remove entries that all flows committed and that are more than a day older than that; return how many."""
    removed = 0
    for stream, last_id in slowest_positions(connection, streams).items():
        before = int(last_id.partition("-")[0]) - KEPT_MS
        # Approximate trimming removes whole nodes, and at most 10,000 entries a call: no call blocks for long.
        while before > 0 and (count := int(valkey.xtrim(stream, minid=before, approximate=True))):
            removed += count
    if removed:
        logger.info("trimmed", entries=removed)
    return removed
