"""Connections to PostgreSQL: make, prepare, copy from. SQL lives in the domains' `repository.py`."""

import struct
from typing import Any, BinaryIO

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector, register_vector_async
from psycopg import sql
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from carousel.errors import UnavailableError, first_line

Connection = psycopg.Connection[TupleRow]
AsyncConnection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[AsyncConnection]


def connect(
    url: str, *, autocommit: bool = True, timeout: int = 10, vectors: bool = True, **options: Any
) -> Connection:
    """Open one connection that knows pgvector's types.

    :param vectors: False for a database that may not be migrated yet, and so have no such types.
    :raises UnavailableError: the server does not answer.
    """
    try:
        connection = psycopg.connect(url, autocommit=autocommit, connect_timeout=timeout, **options)
        if vectors:
            register_vector(connection)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"PostgreSQL does not answer: {first_line(error)}") from error
    return connection


def make_pool(url: str, *, size: int) -> Pool:
    """Return a pool that is not open yet; `await pool.open()` opens it."""

    async def prepare(connection: AsyncConnection) -> None:
        await register_vector_async(connection)
        # Nearest neighbours: 100 candidates (2 ms, 145,000 listings), and on where too few of them are active.
        await connection.execute("SET hnsw.ef_search = 100")
        await connection.execute("SET hnsw.iterative_scan = relaxed_order")

    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=5,
        kwargs={"autocommit": True, "prepare_threshold": 2},
        configure=prepare,
        reconnect_timeout=30,
    )


def copy_out(connection: Connection, statement: sql.Composable, file: BinaryIO) -> None:
    """Write what a `COPY … TO STDOUT` sends into a file.

    psycopg's own loop does the same and takes three times as long for millions of rows: it hands out each by itself.
    """
    with connection.lock:
        link = connection.pgconn
        answer = link.exec_(statement.as_bytes(connection))
        if answer.status == ExecStatus.COPY_OUT:
            while (got := link.get_copy_data(0))[0] > 0:
                file.write(got[1])
            answer = link.get_result() or answer
            while link.get_result() is not None:
                pass
    if answer.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(answer)


def halfvec(vector: NDArray[np.float32]) -> HalfVector:
    """Wrap a vector for a `halfvec` column."""
    return HalfVector(vector)


def halfvec_binary(vectors: NDArray[np.float32]) -> list[bytes]:
    """Encode rows (n, dimensions) in pgvector's binary `halfvec` form, for COPY."""
    header = struct.pack(">HH", vectors.shape[1], 0)
    big_endian = vectors.astype(">f2")
    return [header + row.tobytes() for row in big_endian]
