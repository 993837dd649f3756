"""What a request may ask for: the process's resources, who the shopper is, the rights of the secret key."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg_pool import ConnectionPool

from carousel.activity.events import LENGTHS, Event
from carousel.activity.log import append
from carousel.activity.shoppers import is_anonymous
from carousel.api.live import Hub
from carousel.api.slates import SlateLog
from carousel.api.spool import Spool
from carousel.api.threads import Threads
from carousel.api.tokens import Shopper, Tokens
from carousel.api.turns import Turns
from carousel.api.uploads import Uploads
from carousel.catalogue.snapshot import LiveSnapshot
from carousel.errors import AccessError, ForbiddenError, InputError, UnavailableError, unknown_name
from carousel.recommend.pipeline import Recommender
from carousel.settings import Settings
from carousel.storage.postgres import Connection, Pool
from carousel.storage.valkey import AsyncValkey
from carousel.taste import repository as taste_repository

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a process holds open, made and closed by the lifespan of `app.py`."""

    settings: Settings
    pool: Pool
    writers: ConnectionPool[Connection]
    writing: Threads
    exporting: Threads
    erasing: Threads
    valkey: AsyncValkey
    tokens: Tokens
    live: LiveSnapshot
    recommender: Recommender
    hub: Hub
    uploads: Uploads
    slates: SlateLog
    turns: Turns
    spool: Spool | None = None

    async def append(self, events: Sequence[Event], *, issued_at: datetime | None = None) -> list[bool]:
        """Append events to the log; while it is away, to the spool where there is one.

        :raises UnavailableError: neither takes them.
        :raises AccessError: the shopper of a token made at `issued_at` was erased.
        """
        if self.spool and self.spool.waiting and events:
            await self.spool.write(events, issued_at)
            return [True] * len(events)
        try:
            return await append(self.valkey, events, partitions=self.settings.partitions, issued_at=issued_at)
        except UnavailableError:
            if self.spool is None:
                raise
            await self.spool.write(events, issued_at)
            return [True] * len(events)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run one synchronous write of the catalogue in a thread, on its own connection.

        :raises UnavailableError: it gets none in time.
        """

        def run(begin: Callable[[], None]) -> T:
            with self.writers.connection() as connection:
                begin()
                return work(connection)

        return await self.writing.run(run)


# These are coroutines although they wait for nothing: FastAPI runs a plain function in a thread, 50 µs each.
async def resources(request: Request) -> Resources:
    found: Resources = request.app.state.resources
    return found


bearer = HTTPBearer(auto_error=False, description="A shopper's token, or a server's secret key.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
Use = Annotated[Resources, Depends(resources)]


async def optional_shopper(use: Use, credentials: Credentials) -> Shopper | None:
    """Return the shopper where there is one; a server with the secret key reads as nobody."""
    if credentials is None or is_secret_key(use, credentials):
        return None
    return await use.tokens.check(credentials.credentials)


async def required_shopper(use: Use, credentials: Credentials) -> Shopper:
    if credentials is None:
        raise AccessError("this needs a token: POST /v1/session gives one for an anonymous shopper")
    return await use.tokens.check(credentials.credentials)


async def named_shopper(
    use: Use,
    credentials: Credentials,
    shopper_id: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=LENGTHS["shopper_id"],
            pattern=r"^[^\x00]*$",
            description="Whose they are: with the secret key only, and then needed.",
            examples=["a-3f0c0e5f6d7a4b1c9e2d8f7a6b5c4d3e"],
        ),
    ] = None,
) -> Shopper:
    """Return whom a request is about: the token's shopper, or the one a server with the secret key names.

    As with events, a server's word counts for whoever is named: also for a shopper nobody has seen yet, and for one who
    starts afresh after an erasure.
    """
    if is_secret_key(use, credentials):
        if shopper_id is None:
            raise InputError("shopper_id is missing; with the secret key say whose they are", field="shopper_id")
        return Shopper(shopper_id, "anonymous" if is_anonymous(shopper_id) else "account")
    shopper = await required_shopper(use, credentials)
    if shopper_id is not None:
        raise ForbiddenError("only the secret key may name a shopper_id; with a token leave it out", field="shopper_id")
    return shopper


async def refuse_a_visit_that_became_an_account(use: Resources, shopper: Shopper) -> None:
    """An old anonymous token must not speak for the account that its visit has become."""
    if shopper.kind == "anonymous":
        async with use.pool.connection() as connection:
            if await taste_repository.merged_into(connection, shopper.shopper_id):
                raise ForbiddenError("this visit has become an account's; log in and ask again")


def is_secret_key(use: Resources, credentials: HTTPAuthorizationCredentials | None) -> bool:
    """Compare in constant time; without a configured key nothing matches."""
    key = use.settings.secret_key
    if key is None or credentials is None:
        return False
    return secrets.compare_digest(credentials.credentials.encode(), key.get_secret_value().encode())


async def secret_key(use: Use, credentials: Credentials) -> None:
    """Let servers in, with the secret key only."""
    if use.settings.secret_key is None:
        raise ForbiddenError("this needs the secret key, and there is none; set CAROUSEL_SECRET_KEY")
    if not is_secret_key(use, credentials):
        raise AccessError("this needs 'Authorization: Bearer' with the secret key")


SomeShopper = Annotated[Shopper | None, Depends(optional_shopper)]
AShopper = Annotated[Shopper, Depends(required_shopper)]
NamedShopper = Annotated[Shopper, Depends(named_shopper)]
SecretKey = Depends(secret_key)


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that a route does not have: with a mistyped filter it would find everything, and
    with a mistyped `dry_run` write.
    """
    if request.scope["query_string"]:
        route: APIRoute = request.scope["route"]
        known = _known.get(route.endpoint) or _known.setdefault(route.endpoint, _parameters(route))
        for name in request.query_params:
            if name not in known:
                raise InputError(unknown_name(name, known), field=name[:64])


_known: dict[Callable[..., Any], frozenset[str]] = {}


def _parameters(route: APIRoute) -> frozenset[str]:
    """Return the names of a route's query parameters, those it reads by itself and only describes included."""
    described = (route.openapi_extra or {}).get("parameters", ())
    names = {param.alias for param in get_flat_params(route.dependant) if isinstance(param.field_info, params.Query)}
    return frozenset(names | {parameter["name"] for parameter in described})
