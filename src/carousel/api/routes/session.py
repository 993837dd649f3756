"""Who a shopper is: anonymous sessions, the demo's log-in, all that is kept about them, and its erasure."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO

import psycopg
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from carousel.activity import shoppers
from carousel.activity.events import merge_event
from carousel.activity.log import take_over
from carousel.api.dependencies import (
    AShopper,
    Credentials,
    Resources,
    Use,
    refuse_a_visit_that_became_an_account,
)
from carousel.api.latest import Latest
from carousel.api.schemas import PROBLEMS, LoginBody, Me, MergeBody, MyData, ReceiptOut, TokenOut
from carousel.api.threads import BEGIN_SECONDS
from carousel.api.tokens import Shopper
from carousel.errors import AccessError, NotFoundError, UnavailableError
from carousel.rights.erase import Receipt, erase
from carousel.rights.export import export
from carousel.settings import Settings
from carousel.storage.postgres import Connection, connect
from carousel.storage.valkey import Valkey, make
from carousel.taste.repository import merged_into

router = APIRouter(prefix="/v1", tags=["shopper"], responses=PROBLEMS)
_CHUNK_BYTES = 2**20


@router.post("/session", operation_id="startSession")
async def start_session(use: Use) -> TokenOut:
    """Give an anonymous shopper a token; what they do merges into their account when they log in."""
    shopper = Shopper(shoppers.new_anonymous_id(), "anonymous")
    return TokenOut(token=use.tokens.make(shopper), shopper_id=shopper.shopper_id)


@router.post("/token", operation_id="login")
async def login(body: LoginBody, use: Use, credentials: Credentials) -> TokenOut:
    """Log in by email alone (demo mode only). The anonymous activity of `anonymous_token`, or of the token this
    request carries, becomes the account's."""
    if not use.settings.demo:
        raise NotFoundError("logging in by email works in demo mode only; use a token of the OIDC provider")
    email = body.email.strip().lower()
    shopper = Shopper(shoppers.demo_shopper_id(email), "account", email.split("@")[0])
    async with use.pool.connection() as connection:
        await shoppers.register(connection, shopper.shopper_id, shoppers.DEMO_ISSUER, email)
    token = body.anonymous_token or (credentials.credentials if credentials else None)
    if token:
        await _merge(use, token, shopper)
    return TokenOut(token=use.tokens.make(shopper), shopper_id=shopper.shopper_id, name=shopper.name)


@router.post("/me/merge", operation_id="mergeSession", status_code=204)
async def merge_session(body: MergeBody, shopper: AShopper, use: Use) -> None:
    """Take over an anonymous shopper's activity after logging in with the OIDC provider: `token` is the anonymous
    one."""
    await _merge(use, body.token, shopper)


async def _merge(use: Resources, token: str, account: Shopper) -> None:
    try:
        anonymous = await use.tokens.check(token)
    except AccessError:
        return  # an expired session must not keep anybody from logging in
    if anonymous.kind == "anonymous" and account.kind == "account":
        (await Latest.load(use.valkey, account.shopper_id)).refuse_erased(account)
        event = merge_event(anonymous.shopper_id, account.shopper_id, datetime.now(UTC))
        with suppress(AccessError):  # of a visit that was erased nothing is taken over
            await use.append([event], issued_at=anonymous.issued_at)
            if await _is_free(use, anonymous.shopper_id, account.shopper_id):
                await take_over(use.valkey, anonymous.shopper_id, account.shopper_id)


async def _is_free(use: Resources, visit_id: str, account_id: str) -> bool:
    """Tell whether a visit has become no other account: what it hid is that one's, as all that it did."""
    with suppress(psycopg.Error, PoolTimeout):
        async with use.pool.connection() as connection:
            return await merged_into(connection, visit_id) in (None, account_id)
    return False  # nobody knows, and the dataflow will


@router.get("/me", operation_id="me")
async def me(shopper: AShopper, use: Use) -> Me:
    """Who the token speaks for."""
    return Me(shopper_id=shopper.shopper_id, kind=shopper.kind, name=shopper.name, demo=use.settings.demo)


@router.get("/me/export", operation_id="exportMe", response_class=JSONResponse, response_model=MyData)
async def export_me(shopper: AShopper, use: Use) -> StreamingResponse:
    """Everything held about me, as one JSON document: who I am to the site, what it believes, all that I did."""
    await refuse_a_visit_that_became_an_account(use, shopper)
    document = await use.exporting.run(lambda begin: _export(use.settings, shopper.shopper_id, begin))
    return StreamingResponse(
        iter(lambda: document.read(_CHUNK_BYTES), b""),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"},
    )


def _export(settings: Settings, shopper_id: str, begin: Callable[[], None]) -> IO[bytes]:
    """Write the document to a file that goes with its last reader: a slow one must not hold a connection meanwhile."""
    document = tempfile.SpooledTemporaryFile(max_size=_CHUNK_BYTES)  # noqa: SIM115 - closed when it is collected
    with _stores(settings, begin) as (connection, client):
        for part in export(connection, client, shopper_id, partitions=settings.partitions):
            document.write(part)
    document.seek(0)
    return document


@router.delete("/me", operation_id="eraseMe")
async def erase_me(shopper: AShopper, use: Use) -> ReceiptOut:
    """Erase me: what I did, what the site believes about me, and what is still on its way. This token ends with it."""
    await refuse_a_visit_that_became_an_account(use, shopper)

    def work(begin: Callable[[], None]) -> Receipt:
        with _stores(use.settings, begin) as (connection, client):
            return erase(
                connection, client, shopper.shopper_id, partitions=use.settings.partitions,
                token_seconds=use.settings.token_seconds,
            )  # fmt: skip

    try:
        receipt = await use.erasing.run(work)
    except (RedisError, OSError) as error:
        raise UnavailableError("the event log does not answer, so not everything is erased yet; retry") from error
    return ReceiptOut(
        receipt_id=receipt.receipt_id, erased_at=receipt.erased_at, ids=receipt.ids, removed=receipt.removed
    )


@contextmanager
def _stores(settings: Settings, begin: Callable[[], None]) -> Iterator[tuple[Connection, Valkey]]:
    """Open connections of one's own, and say so."""
    with (
        connect(str(settings.database_url), timeout=int(BEGIN_SECONDS)) as connection,
        make(str(settings.valkey_url)) as client,
    ):
        begin()
        yield connection, client
