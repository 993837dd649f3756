"""Whether what was started answers yet."""

import asyncio

import psycopg
import redis

from carousel.errors import StartError, UnavailableError
from carousel.storage import valkey

_ANSWER_SECONDS = 5.0


async def answers(host: str, port: int, path: str) -> None:
    """Return when `GET path` is answered with 200.

    :raises UnavailableError: it is not; the message says what came instead.
    """
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
                if b" 200 " not in status:
                    body = (await reader.read(65_536)).decode(errors="replace").split("\r\n\r\n", 1)[-1]
                    raise UnavailableError(f"{status.decode(errors='replace').strip()} {body.strip()}")
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        raise UnavailableError(str(error) or "no answer") from error


def local_address(host: str) -> str:
    """Return the address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read, not bound


def check_valkey(url: str) -> None:
    """:raises StartError: Valkey does not answer."""
    try:
        with valkey.make(url) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise StartError(f"Valkey does not answer ({error}): check CAROUSEL_VALKEY_URL") from error


def catalogue_is_empty(database_url: str) -> bool:
    with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
        row = connection.execute("SELECT NOT EXISTS (SELECT FROM listing)").fetchone()
    return bool(row and row[0])
