"""Tokens of an OIDC provider: found by discovery, checked for signature, issuer, audience, expiry and algorithm."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from carousel.api import tokens as module
from carousel.api.tokens import Shopper, Tokens
from carousel.errors import AccessError, UnavailableError
from carousel.settings import Settings

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Issuer:
    """What the provider publishes, how it answers (well, hang, page, reset), and how often it was asked for keys."""

    keys: dict[str, Any] = field(default_factory=lambda: {"one": KEY})
    answers: str = "well"
    asked: int = 0


@pytest.fixture
def provider() -> Issuer:
    return Issuer()


@pytest.fixture
def issuer(provider: Issuer) -> Iterator[str]:
    """A provider with a discovery document and its keys."""

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            body: object = {"jwks_uri": f"{here}/keys"}
            if "well-known" not in self.path:
                provider.asked += 1
                to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
                keys = provider.keys.items()
                body = {"keys": [{**json.loads(to_jwk(k.public_key())), "kid": i, "use": "sig"} for i, k in keys]}
            if provider.answers == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
                return
            while provider.answers == "hang":
                time.sleep(0.02)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>at work</html>" if provider.answers == "page" else json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        provider.answers = "well"
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


def later(tokens: Tokens, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tokens' clocks go on; the event loop's does not."""
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)
    tokens._keys._found_at -= seconds
    tokens._keys._asked_at -= seconds


async def test_a_key_the_provider_takes_back_counts_no_more_after_five_minutes(
    tokens: Tokens, sign: Callable[..., str], provider: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = datetime.now(UTC) + timedelta(hours=1)
    known, forged = sign(exp=expires), sign(sub="victim", exp=expires)
    await tokens.check(known)
    provider.keys = {"two": OTHER_KEY}
    later(tokens, 301, monkeypatch)
    for token in (known, forged):
        with pytest.raises(AccessError):
            await tokens.check(token)


async def test_a_new_key_is_found_within_seconds_and_unknown_ones_cost_one_question_each_time(
    tokens: Tokens, sign: Callable[..., str], provider: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tokens.check(sign())
    provider.keys["two"] = OTHER_KEY
    later(tokens, 5, monkeypatch)
    assert (await tokens.check(sign(OTHER_KEY, kid="two"))).name == "Ada"
    for number in range(20):
        with pytest.raises(AccessError):
            await tokens.check(sign(kid=f"never-{number}"))
    assert provider.asked == 2


@pytest.mark.parametrize("answers", ["page", "reset", "hang"])
async def test_a_provider_in_trouble_means_503_soon_for_those_it_must_be_asked_about_alone(
    tokens: Tokens, sign: Callable[..., str], provider: Issuer, monkeypatch: pytest.MonkeyPatch, answers: str
) -> None:
    monkeypatch.setattr(module, "_ASK_SECONDS", 1.0)
    await tokens.check(sign())
    later(tokens, 5, monkeypatch)
    provider.answers = answers
    began = time.perf_counter()
    unknown = asyncio.gather(*(tokens.check(sign(kid=str(i))) for i in range(45)), return_exceptions=True)
    await asyncio.sleep(0.1)
    assert (await tokens.check(sign(sub="user-9"))).kind == "account"
    assert time.perf_counter() - began < module._ASK_SECONDS
    assert {type(error) for error in await unknown} == {UnavailableError}
    assert time.perf_counter() - began < 3 * module._ASK_SECONDS  # together, not one after another
    provider.answers = "well"
    later(tokens, 5, monkeypatch)
    with pytest.raises(AccessError):
        await tokens.check(sign(kid="never"))


async def test_our_own_tokens_allow_for_clocks_that_differ() -> None:
    tokens = Tokens(Settings(token_secret=SecretStr("t" * 40)))
    claims = {"iss": "carousel", "aud": "carousel", "sub": "s-1", "kind": "anonymous"}
    now = time.time()
    for times in ({"iat": now + 20, "exp": now + 90}, {"iat": now - 90, "exp": now - 20}):
        token = jwt.encode(claims | times, "t" * 40, algorithm="HS256")
        assert (await tokens.check(token)).shopper_id == "s-1"
    for times in ({"iat": now + 60, "exp": now + 90}, {"iat": now - 90, "exp": now - 60}):
        with pytest.raises(AccessError):
            await tokens.check(jwt.encode(claims | times, "t" * 40, algorithm="HS256"))
