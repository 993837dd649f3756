"""Tokens: our own for anonymous and demo shoppers, and those of the configured OIDC issuer."""

import asyncio
import math
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import jwt

from carousel.activity.shoppers import account_id
from carousel.errors import AccessError, UnavailableError
from carousel.settings import Settings

ISSUER = "carousel"
_OIDC_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_KEPT = 50_000
_LONGEST = 8_192
_LEEWAY = 30  # seconds two clocks may differ
_KEYS_SECONDS = 300.0
"""Keys of a provider, and tokens found good by them, count for so long: one taken back must not count for ever."""
_ASK_SECONDS = 3.0  # what a provider may take to answer
_PAUSE_SECONDS = 5.0
"""Between two questions for keys, whatever the answer: a new key is found so soon, and a provider that hangs, or tokens
of keys that it never had, cost no more."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who sent a request."""

    shopper_id: str
    kind: Literal["account", "anonymous"]
    name: str | None = None
    issued_at: datetime | None = field(default=None, compare=False)
    """When the token was made, where it says so."""
    expires_at: float | None = field(default=None, compare=False)
    """From when on the token is refused, in seconds since the epoch, which may be beyond the year 9999."""


class _Keys:
    """A provider's public keys, asked for by one request while others that need them wait for the same answer."""

    def __init__(self, issuer: str, url: str | None) -> None:
        """:param url: of the keys; None: the issuer's discovery says where they are."""
        self._issuer = issuer.rstrip("/")
        self._url = url
        self._found: dict[str | None, jwt.PyJWK] = {}
        self._found_at = self._asked_at = -math.inf
        self._trouble: Exception | None = None
        self._asking = asyncio.Lock()

    async def of(self, key_id: str | None) -> jwt.PyJWK:
        """Return the key a token names.

        :raises AccessError: the provider has no such key.
        :raises UnavailableError: it does not answer.
        """
        if not self._known(key_id):
            async with self._asking:
                if not self._known(key_id) and time.monotonic() - self._asked_at >= _PAUSE_SECONDS:
                    await self._ask()
        if key := self._known(key_id):
            return key
        if self._trouble:
            raise UnavailableError("the OIDC provider's keys cannot be fetched just now; retry") from self._trouble
        raise AccessError("the token is not valid: the OIDC provider has no key of the id it names")

    def _known(self, key_id: str | None) -> jwt.PyJWK | None:
        return self._found.get(key_id) if time.monotonic() - self._found_at < _KEYS_SECONDS else None

    async def _ask(self) -> None:
        try:
            # The system's certificates, as for any other program; a provider of one's own may be signed by one's own.
            async with asyncio.timeout(_ASK_SECONDS), httpx.AsyncClient(verify=ssl.create_default_context()) as client:
                if self._url is None:
                    self._url = str(
                        (await _json(client, f"{self._issuer}/.well-known/openid-configuration"))["jwks_uri"]
                    )
                keys = jwt.PyJWKSet.from_dict(await _json(client, self._url)).keys
        except (httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, ValueError, KeyError, OSError) as error:
            self._trouble = error
        else:
            self._found = {key.key_id: key for key in keys if key.key_id and key.public_key_use in ("sig", None)}
            self._found_at = time.monotonic()
            self._trouble = None
        self._asked_at = time.monotonic()


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """:raises ValueError: it is no JSON object."""
    answer = (await client.get(url)).raise_for_status().json()
    if not isinstance(answer, dict):
        raise ValueError(f"{url} gives no JSON object")
    return answer


class Tokens:
    """Makes and checks tokens. One found good is remembered: checking costs 50 µs."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.token_secret.get_secret_value() if settings.token_secret else None
        self._life = timedelta(hours=settings.token_hours)
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._keys = _Keys(settings.oidc_issuer or "", settings.oidc_jwks_url)
        self._good: dict[str, tuple[float, Shopper]] = {}

    def make(self, shopper: Shopper) -> str:
        """Sign a token of our own.

        :raises UnavailableError: no secret is configured.
        """
        if self._secret is None:
            raise UnavailableError("no token secret is configured; set CAROUSEL_TOKEN_SECRET")
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": ISSUER, "sub": shopper.shopper_id, "kind": shopper.kind,
            "iat": now.timestamp(),  # to the millisecond: whoever is erased and comes back at once is let in
            "exp": now + self._life,
        }  # fmt: skip
        if shopper.name:
            claims["name"] = shopper.name
        return jwt.encode(claims, self._secret, algorithm="HS256")

    async def check(self, token: str) -> Shopper:
        """Return whom a token speaks for.

        :raises AccessError: it is forged, expired, or not meant for us; says which.
        """
        known = self._good.get(token)
        if known and known[0] > time.time():
            return known[1]
        if len(token) > _LONGEST:
            raise AccessError(f"the token has {len(token)} characters; at most {_LONGEST} are allowed")
        try:
            header = jwt.get_unverified_header(token)
            is_own = header.get("alg") == "HS256"
            claims = self._own(token) if is_own else await self._foreign(token, header.get("kid"))
        except jwt.ExpiredSignatureError as error:
            raise AccessError("the token has expired; get a new one") from error
        except jwt.PyJWTError as error:
            raise AccessError(f"the token is not valid: {error}") from error
        shopper = self._shopper(claims)
        if len(self._good) >= _KEPT:
            self._good.clear()
        expires = float(claims["exp"])
        self._good[token] = (expires if is_own else min(expires, time.time() + _KEYS_SECONDS), shopper)
        return shopper

    def _own(self, token: str) -> dict[str, Any]:
        if self._secret is None:
            raise AccessError("tokens signed with HS256 are not accepted here; use the OIDC provider's")
        return jwt.decode(
            token,
            self._secret,
            algorithms=["HS256"],
            audience=ISSUER,
            issuer=ISSUER,
            leeway=_LEEWAY,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )

    async def _foreign(self, token: str, key_id: str | None) -> dict[str, Any]:
        if not self._issuer or not self._audience:
            raise AccessError("no OIDC provider is configured; set CAROUSEL_OIDC_ISSUER and CAROUSEL_OIDC_AUDIENCE")
        return jwt.decode(
            token,
            await self._keys.of(key_id),
            algorithms=_OIDC_ALGORITHMS,
            audience=self._audience,
            issuer=self._issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )

    def _shopper(self, claims: dict[str, Any]) -> Shopper:
        subject = claims["sub"]
        issued_at = datetime.fromtimestamp(float(claims["iat"]), UTC) if "iat" in claims else None
        expires_at = float(claims["exp"]) + _LEEWAY
        if claims["iss"] == ISSUER:
            kind: Literal["account", "anonymous"] = "anonymous" if claims.get("kind") == "anonymous" else "account"
            return Shopper(subject, kind, claims.get("name"), issued_at, expires_at)
        name = claims.get("name") or claims.get("preferred_username")
        return Shopper(account_id(claims["iss"], subject), "account", name, issued_at, expires_at)
