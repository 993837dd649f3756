"""The months of the archive: each has its partition before its first event, and goes when it is old enough."""

from datetime import UTC, datetime

import psycopg

from carousel.errors import StartError
from carousel.storage.postgres import Connection
from carousel.telemetry import log

LEAST_MONTHS = 3
"""What tastes are made of weighs a sixteenth by then; an archive of less could not rebuild them."""
_LOCK = 0x6D6F6E746873  # "months"
_LONGEST_WAIT = "2s"  # for whoever reads the archive, a backup say: all who write events would wait behind us

_logger = log(__name__)


def check(months: int) -> None:
    """Refuse a retention that a rebuild of the tastes could not live with.

    :raises StartError: fewer than `LEAST_MONTHS`, and not 0 (for ever).
    """
    if 0 < months < LEAST_MONTHS:
        raise StartError(f"CAROUSEL_ACTIVITY_MONTHS is {months}; use at least {LEAST_MONTHS}, or 0 to keep everything")


def keep(connection: Connection, months: int, now: datetime | None = None) -> list[str]:
    """Make the partitions of this and the next month, drop those older than `months` (0: none), and return these.

    Any number of processes may call it at once. While a backup or an export reads the archive it does nothing.
    """
    try:
        dropped = _keep(connection, months, now or datetime.now(UTC))
    except psycopg.errors.LockNotAvailable:
        _logger.info("the months of the archive are in use; the next time will do")
        return []
    if dropped:
        _logger.info("months of the archive dropped", partitions=dropped)
    return dropped


def _keep(connection: Connection, months: int, now: datetime) -> list[str]:
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (_LONGEST_WAIT,))
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "SELECT ensure_activity_month(%s), ensure_activity_month(%s + interval '1 month')", (now, now)
        )
        if not months:
            return []
        rows = connection.execute(
            """
            SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'activity'::regclass AND c.relname ~ '^activity_y[0-9]{4}m[0-9]{2}$'
                  AND c.relname < to_char(%s AT TIME ZONE 'UTC' - make_interval(months => %s), '"activity_y"YYYY"m"MM')
            """,
            (now, months),
        ).fetchall()
        dropped = sorted(row[0] for row in rows)
        for name in dropped:
            connection.execute(f"DROP TABLE {name}".encode())  # a name of the pattern above
        connection.execute(
            "DELETE FROM activity_other WHERE received_at < %s - make_interval(months => %s)", (now, months)
        )
    return dropped
