"""The archive as a file: for training elsewhere, and for whoever asks where Tuesday's clicks went."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson
import polars as pl
from polars.io.plugins import register_io_source
from psycopg.rows import TupleRow

from carousel.storage.postgres import Connection

Format = Literal["parquet", "csv", "ndjson"]
By = Literal["occurred_at", "received_at"]

_ROWS = 50_000  # at a time; about 20 MB
_MOMENT: pl.DataType = pl.Datetime("us", "UTC")
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "no": pl.Int64,
    "event_id": pl.String,
    "shopper_id": pl.String,
    "visitor_id": pl.String,
    "type": pl.String,
    "listing_id": pl.String,
    "occurred_at": _MOMENT,
    "received_at": _MOMENT,
    "recommendation_id": pl.String,
    "placement": pl.String,
    "position": pl.Int16,
    # The lists and objects among what else the client said are JSON text, so that every format can hold them.
    "listing_ids": pl.String,
    "value": pl.Float64,
    "currency": pl.String,
    "reason": pl.String,
    "session_id": pl.String,
    "context": pl.String,
}
"""One row per event; sorted by `no` they are in the order of application. docs/operations.md has each column."""
_SAID = list(SCHEMA)[11:]


def export(connection: Connection, file: Path, *, since: datetime, until: datetime, by: By, as_format: Format) -> int:
    """Write the events of a time, from `since` up to but not including `until`, and return how many those are.

    The file appears when it is whole, for its owner alone. Memory does not grow with the number of events.
    """
    written = 0

    def batches(*_: object) -> Iterator[pl.DataFrame]:
        nonlocal written
        for rows in _read(connection, since, until, by):
            written += len(rows)
            yield pl.DataFrame(list(map(_flat, rows)), schema=SCHEMA, orient="row")

    frame = register_io_source(batches, schema=SCHEMA, validate_schema=True)
    unfinished = file.with_name(f".{file.name}.part")
    try:
        unfinished.touch()
        unfinished.chmod(0o600)
        if as_format == "parquet":
            frame.sink_parquet(unfinished, compression="zstd")
        elif as_format == "csv":
            frame.sink_csv(unfinished)
        else:
            frame.sink_ndjson(unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _read(connection: Connection, since: datetime, until: datetime, by: By) -> Iterator[list[TupleRow]]:
    with connection.transaction(), connection.cursor(name="export") as cursor:
        cursor.execute(
            f"""
            SELECT no, event_id::text, shopper_id, visitor_id, type, listing_id, occurred_at, received_at,
                   recommendation_id::text, placement, position, details
            FROM activity WHERE {by} >= %s AND {by} < %s
            """,  # noqa: S608 - one of two columns
            (since, until),
        )
        while rows := cursor.fetchmany(_ROWS):
            yield rows


def _flat(row: TupleRow) -> tuple[object, ...]:
    said = row[-1]
    return (*row[:-1], *(_text(said[name]) if name in said else None for name in _SAID))


def _text(value: object) -> object:
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value
