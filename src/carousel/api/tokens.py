"""Tokens: our own for anonymous and demo shoppers, and those of the configured OIDC issuer."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import anyio.to_thread
import httpx
import jwt
from jwt import PyJWKClient

from carousel.activity.shoppers import account_id
from carousel.errors import AccessError, UnavailableError
from carousel.settings import Settings

ISSUER = "carousel"
_OIDC_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_KEPT = 50_000
_LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who sent a request."""

    shopper_id: str
    kind: Literal["account", "anonymous"]
    name: str | None = None
    issued_at: datetime | None = field(default=None, compare=False)
    """When the token was made, where it says so."""


class Tokens:
    """Makes and checks tokens. A token found good is remembered until it expires: checking costs 50 µs."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.token_secret.get_secret_value() if settings.token_secret else None
        self._life = timedelta(hours=settings.token_hours)
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._jwks_url = settings.oidc_jwks_url
        self._keys: PyJWKClient | None = None
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
            algorithm = jwt.get_unverified_header(token).get("alg")
            claims = self._own(token) if algorithm == "HS256" else await self._foreign(token)
        except jwt.ExpiredSignatureError as error:
            raise AccessError("the token has expired; get a new one") from error
        except jwt.PyJWKClientConnectionError as error:
            raise UnavailableError("the OIDC provider's keys cannot be fetched just now; retry") from error
        except jwt.PyJWTError as error:
            raise AccessError(f"the token is not valid: {error}") from error
        shopper = self._shopper(claims)
        if len(self._good) >= _KEPT:
            self._good.clear()
        self._good[token] = (float(claims["exp"]), shopper)
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
            options={"require": ["exp", "sub", "iss", "aud"]},
        )

    async def _foreign(self, token: str) -> dict[str, Any]:
        if not self._issuer or not self._audience:
            raise AccessError("no OIDC provider is configured; set CAROUSEL_OIDC_ISSUER and CAROUSEL_OIDC_AUDIENCE")
        if self._keys is None:
            self._keys = PyJWKClient(self._jwks_url or await self._discover(), cache_keys=True, timeout=3)
        key = await anyio.to_thread.run_sync(self._keys.get_signing_key_from_jwt, token)
        return jwt.decode(
            token,
            key,
            algorithms=_OIDC_ALGORITHMS,
            audience=self._audience,
            issuer=self._issuer,
            leeway=30,  # seconds two clocks may differ
            options={"require": ["exp", "sub", "iss", "aud"]},
        )

    async def _discover(self) -> str:
        url = f"{str(self._issuer).rstrip('/')}/.well-known/openid-configuration"
        try:
            async with httpx.AsyncClient(timeout=3) as client:
                answer = await client.get(url)
            return str(answer.raise_for_status().json()["jwks_uri"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise UnavailableError(f"the OIDC provider does not answer at {url}") from error

    def _shopper(self, claims: dict[str, Any]) -> Shopper:
        subject = claims["sub"]
        issued_at = datetime.fromtimestamp(float(claims["iat"]), UTC) if "iat" in claims else None
        if claims["iss"] == ISSUER:
            kind: Literal["account", "anonymous"] = "anonymous" if claims.get("kind") == "anonymous" else "account"
            return Shopper(subject, kind, claims.get("name"), issued_at)
        name = claims.get("name") or claims.get("preferred_username")
        return Shopper(account_id(claims["iss"], subject), "account", name, issued_at)
