"""Tokens of an OIDC provider: found by discovery, checked for signature, issuer, audience, expiry and algorithm."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from carousel.api.tokens import Shopper, Tokens
from carousel.errors import AccessError
from carousel.settings import Settings

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider with a discovery document and one key."""

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            jwk = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "one", "use": "sig"}
            body = {"jwks_uri": f"{here}/keys"} if "well-known" in self.path else {"keys": [jwk]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def tokens(issuer: str) -> Tokens:
    return Tokens(Settings(oidc_issuer=issuer, oidc_audience="cars", token_secret=SecretStr("t" * 40)))


@pytest.fixture
def sign(issuer: str) -> Callable[..., str]:
    def make(key: Any = KEY, algorithm: str = "RS256", kid: str = "one", **claims: Any) -> str:
        expires = datetime.now(UTC) + timedelta(minutes=5)
        base = {"iss": issuer, "aud": "cars", "sub": "user-7", "name": "Ada", "exp": expires}
        return jwt.encode({**base, **claims}, key, algorithm=algorithm, headers={"kid": kid})

    return make


async def test_a_providers_token_names_an_account_that_stays_the_same(tokens: Tokens, sign: Callable[..., str]) -> None:
    shopper = await tokens.check(sign())
    assert shopper.kind == "account"
    assert shopper.name == "Ada"
    assert "user-7" not in shopper.shopper_id
    assert await tokens.check(sign(iat=1)) == shopper
    assert (await tokens.check(sign(sub="user-8"))).shopper_id != shopper.shopper_id


@pytest.mark.parametrize(
    "changed",
    [
        {"key": OTHER_KEY},
        {"aud": "another service"},
        {"iss": "https://elsewhere.example"},
        {"exp": datetime.now(UTC) - timedelta(minutes=2)},
        {"exp": None},
        {"kid": "unknown"},
    ],
)
async def test_a_token_that_is_not_for_us_is_refused(
    tokens: Tokens, sign: Callable[..., str], changed: dict[str, Any]
) -> None:
    with pytest.raises(AccessError):
        await tokens.check(sign(**changed))


async def test_the_public_key_is_no_secret_to_sign_with(tokens: Tokens, issuer: str) -> None:
    """The classic confusion of algorithms: a token signed with HS256 and the provider's public key."""
    import base64
    import hashlib
    import hmac

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"iss": issuer, "aud": "cars", "sub": "user-7", "exp": 4_000_000_000}
    message = part({"alg": "HS256", "typ": "JWT", "kid": "one"}) + b"." + part(claims)
    signature = base64.urlsafe_b64encode(hmac.digest(PUBLIC_PEM, message, hashlib.sha256)).rstrip(b"=")
    with pytest.raises(AccessError):
        await tokens.check((message + b"." + signature).decode())


async def test_without_a_provider_foreign_tokens_are_refused_and_our_own_are_not(sign: Callable[..., str]) -> None:
    tokens = Tokens(Settings(token_secret=SecretStr("t" * 40)))
    with pytest.raises(AccessError, match="OIDC"):
        await tokens.check(sign())
    own = Shopper("s-1", "anonymous")
    assert await tokens.check(tokens.make(own)) == own
