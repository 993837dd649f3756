"""Whatever the OpenAPI page allows, and whatever it does not, never ends in a server error."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from carousel.embedded.servers import Servers
from carousel.storage import postgres

KEY = "a secret key for tests"
CHECKS = "not_a_server_error,content_type_conformance,status_code_conformance"


@pytest.fixture
def url(servers: Servers, database: postgres.Connection, tmp_path: Path) -> Iterator[str]:
    """A real API process over empty stores."""
    variables = {
        "CAROUSEL_DATABASE_URL": servers.database_url, "CAROUSEL_VALKEY_URL": servers.valkey_url,
        "CAROUSEL_DEMO": "true", "CAROUSEL_SECRET_KEY": KEY, "CAROUSEL_TOKEN_SECRET": "t" * 40,
        "CAROUSEL_HOME": str(tmp_path),
    }  # fmt: skip
    port = _free_port()
    log = (tmp_path / "api.log").open("w")
    command = [sys.executable, "-m", "carousel", "api", "--port", str(port), "--workers", "1"]
    api = subprocess.Popen(command, env={**os.environ, **variables}, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=20)  # 0.5 s, 1 s, 2 s … between two tries
        with httpx.Client(transport=transport, base_url=address) as client:
            assert client.get("/readyz").status_code == 200
        yield address
    finally:
        api.terminate()
        api.wait(15)
        log.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("who", ["shopper", "server"])
def test_no_input_ends_in_a_server_error(url: str, who: str, tmp_path: Path) -> None:
    """Each call gets generated good and bad input, with a shopper's token and with the secret key."""
    car = {"make": "Škoda", "model": "Octavia", "model_year": 2019}
    writer = {"Authorization": f"Bearer {KEY}"}
    assert httpx.put(f"{url}/v1/listings/stock-4711", json=car, headers=writer).status_code == 200
    token = KEY if who == "server" else httpx.post(f"{url}/v1/session").json()["token"]
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json", "--checks", CHECKS,
        "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "7", "--generation-database", "none",
        "--exclude-path", "/v1/live",  # never ends
        "--exclude-operation-id", "startImport",  # a process each; tests/api/test_imports.py has bad ones
        "--header", f"Authorization: Bearer {token}", "--request-timeout", "10",
        "--max-time", "20", "--suppress-health-check", "all", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=tmp_path)
    failures = done.stdout.partition("= FAILURES =")[2][:6_000]
    errors = [line[-3_000:] for line in (tmp_path / "api.log").read_text().splitlines() if '"error"' in line]
    assert done.returncode == 0, "\n".join([failures, *errors[:4], done.stderr[-2_000:]])
    assert httpx.get(f"{url}/readyz").status_code == 200
