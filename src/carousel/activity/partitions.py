"""How many streams the event log has: kept with the first start, for life.

Whoever had another number would write to streams that nobody reads, or read only some, and no alarm would say so.
"""

from psycopg.rows import TupleRow

from carousel.errors import StartError
from carousel.storage.postgres import AsyncConnection, Connection

# So that a backup can be made of a database that has no such column yet.
_KEPT = "SELECT (to_jsonb(catalogue_state) ->> 'partitions')::int FROM catalogue_state"


def keep(connection: Connection, partitions: int) -> None:
    """Keep the number if none is kept yet.

    :raises StartError: another one is kept, or streams beyond it have been used.
    """
    check(connection, partitions)
    row = connection.execute("SELECT max(split_part(stream, ':', 2)::int) FROM stream_position").fetchone()
    if row and row[0] is not None and row[0] >= partitions:
        raise StartError(
            f"CAROUSEL_PARTITIONS is {partitions}, but events were read from activity:{row[0]}; set it as your API and "
            "dataflows have it"
        )
    connection.execute("UPDATE catalogue_state SET partitions = %s WHERE partitions IS NULL", (partitions,))
    check(connection, partitions)  # another process may have been quicker


def check(connection: Connection, partitions: int) -> None:
    """:raises StartError: another number is kept."""
    _compare(partitions, connection.execute(_KEPT).fetchone())


async def check_async(connection: AsyncConnection, partitions: int) -> None:
    """:raises StartError: another number is kept."""
    _compare(partitions, await (await connection.execute(_KEPT)).fetchone())


def _compare(partitions: int, row: TupleRow | None) -> None:
    kept = row[0] if row else None
    if kept not in (None, partitions):
        raise StartError(
            f"CAROUSEL_PARTITIONS is {partitions}, but this event log was made with {kept}, for life; set it to {kept}"
        )
