"""Connections to PostgreSQL: make, prepare, copy from. SQL lives in the domains' `repository.py`."""

import struct
import time
from collections.abc import Generator
from typing import Any, BinaryIO, TypeVar

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector, register_vector_async
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from carousel.errors import UnavailableError, first_line

_SILENT_SECONDS = 10.0  # the slowest query of a request takes a second
# Many a router forgets a connection on which nothing is said for some minutes, without telling either end. So something
# is said each half minute, and after half a minute without an answer a connection is given up. Sockets need neither.
_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}
T = TypeVar("T")
Connection = psycopg.Connection[TupleRow]
AsyncConnection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[AsyncConnection]


def lasting(url: str) -> str:
    """Return what a URL says, with what keeps connections alive; what it says of that itself stays."""
    said = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _ALIVE.items() if name not in said})


def connect(
    url: str, *, autocommit: bool = True, timeout: int = 10, vectors: bool = True, **options: Any
) -> Connection:
    """Open one connection that knows pgvector's types.

    :param vectors: False for a database that may not be migrated yet, and so have no such types.
    :raises UnavailableError: the server does not answer.
    """
    try:
        connection = psycopg.connect(lasting(url), autocommit=autocommit, connect_timeout=timeout, **options)
        if vectors:
            register_vector(connection)
    except psycopg.OperationalError as error:
        raise UnavailableError(f"PostgreSQL does not answer: {first_line(error)}") from error
    return connection


class _SilentError(psycopg.OperationalError):
    """PostgreSQL neither answers nor closes the connection: it is frozen, or its machine is gone."""


class _Impatient(psycopg.AsyncConnection[TupleRow]):
    """A connection that ends when the server says nothing for too long to what it was asked."""

    async def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        try:
            return await super().wait(_unless_silent(gen), *args, **options)
        except _SilentError:
            self.pgconn.finish()  # else whoever has it would wait for the end of the query
            raise


def _unless_silent(steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """Pass on psycopg's waits; it answers each within a tenth of a second, with nothing where there is nothing."""
    heard = time.monotonic()
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_SECONDS:
                raise _SilentError(f"PostgreSQL has not answered for {_SILENT_SECONDS:g} s")
            wanted = steps.send(ready)
    except StopIteration as end:
        value: T = end.value
        return value


def make_pool(url: str, *, size: int) -> Pool:
    """Return a pool that is not open yet; `await pool.open()` opens it."""

    async def prepare(connection: AsyncConnection) -> None:
        await register_vector_async(connection)
        # Nearest neighbours: 100 candidates (2 ms, 145,000 listings), and on where too few of them are active.
        await connection.execute("SET hnsw.ef_search = 100")
        await connection.execute("SET hnsw.iterative_scan = relaxed_order")

    return AsyncConnectionPool(
        lasting(url),
        connection_class=_Impatient,
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
