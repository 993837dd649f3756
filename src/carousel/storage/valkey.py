"""Connections to Valkey: make and ping."""

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff

AsyncValkey = redis.asyncio.Redis
Valkey = redis.Redis


def make_async(url: str) -> AsyncValkey:
    """Return a client for the API: short timeouts, one quick retry, so that a caller hears 503 within a second."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=0.8,
        socket_connect_timeout=0.5,
        retry=AsyncRetry(ExponentialBackoff(cap=0.1, base=0.01), 1),
        max_connections=256,
    )


def make(url: str, *, socket_timeout: float = 5) -> Valkey:
    """Return a client without retries: a caller that must not append twice decides itself."""
    return redis.Redis.from_url(url, socket_timeout=socket_timeout, socket_connect_timeout=2, retry=None)
