"""Who a shopper is: ids that never hold an email address, and the accounts table."""

import hashlib
import secrets

from carousel.storage.postgres import AsyncConnection, Connection

DEMO_ISSUER = "demo"
_ANONYMOUS = "s-"


def account_id(issuer: str, subject: str) -> str:
    """Return the shopper id of an account; the same account always has the same, and it tells nothing."""
    return "a-" + hashlib.sha256(f"{issuer}|{subject}".encode()).hexdigest()[:32]


def demo_shopper_id(email: str) -> str:
    """Return the shopper id of a demo account."""
    return account_id(DEMO_ISSUER, email.strip().lower())


def new_anonymous_id() -> str:
    return _ANONYMOUS + secrets.token_hex(16)


def is_anonymous(shopper_id: str) -> bool:
    return shopper_id.startswith(_ANONYMOUS)


_REGISTER = """
INSERT INTO shopper (shopper_id, kind, issuer, subject) VALUES (%s, 'account', %s, %s)
ON CONFLICT DO NOTHING
"""


async def register(connection: AsyncConnection, shopper_id: str, issuer: str, subject: str) -> None:
    """Remember an account at its first use."""
    await connection.execute(_REGISTER, (shopper_id, issuer, subject))


def register_all(connection: Connection, issuer: str, subjects: list[str]) -> None:
    """Remember many accounts."""
    with connection.cursor() as cursor:
        cursor.executemany(_REGISTER, [(account_id(issuer, s), issuer, s) for s in subjects])
