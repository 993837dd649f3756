"""Seeing and erasing what is held about me, over HTTP and from the command line."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.conftest import WRITER

from carousel import cli
from carousel.activity.log import partition, stream_key
from carousel.activity.shoppers import DEMO_ISSUER, account_id, demo_shopper_id, register_all
from carousel.api.routes import session
from carousel.embedded.home import Home
from carousel.embedded.servers import Servers
from carousel.errors import UnavailableError
from carousel.settings import Settings
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey

Make = Callable[..., dict[str, Any]]


async def test_who_erases_themselves_gets_a_receipt_and_the_old_token_ends(
    api: httpx.AsyncClient, shopper: dict[str, str], event: Make, valkey: Valkey
) -> None:
    sent = {"events": [event("view", listing_id=f"c{i}") for i in range(3)]}
    assert (await api.post("/v1/events", json=sent, headers=shopper)).status_code == 202
    told = (await api.get("/v1/me/export", headers=shopper)).json()
    assert [e["event_id"] for e in told["events_on_their_way"]] == [e["event_id"] for e in sent["events"]]

    receipt = (await api.delete("/v1/me", headers=shopper)).json()
    assert receipt["ids"] == 1
    assert receipt["removed"]["log"] == 3
    assert told["shopper"]["shopper_id"] not in json.dumps(receipt)

    refused = await api.post("/v1/events", json={"events": [event("view", listing_id="c1")]}, headers=shopper)
    assert refused.status_code == 401
    assert "erased" in refused.json()["detail"]
    assert sum(valkey.xlen(f"activity:{i}") for i in range(8)) == 0
    told = (await api.get("/v1/me/export", headers=shopper)).json()
    assert (told["events"], told["events_on_their_way"], told["taste"]) == ([], [], {})
    # Another tab, open since before: nothing is kept again of who was erased.
    for path in ("/v1/recommendations", "/v1/recommendations/rows", "/v1/listings", "/v1/me/taste"):
        assert (await api.get(path, headers=shopper)).status_code == 401, path
    assert (await api.put("/v1/me/taste", json={"personalised": False}, headers=shopper)).status_code == 401
    assert sum(valkey.xlen(f"activity:{i}") for i in range(8)) == 0
    assert not valkey.keys("stated:*")


async def test_an_old_token_is_refused_too_after_the_event_log_came_back_empty(
    api: httpx.AsyncClient,
    shopper: dict[str, str],
    event: Make,
    valkey: Valkey,
    settings: Settings,
    running: Callable[[Settings], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    await api.delete("/v1/me", headers=shopper)
    sent = {"events": [event("view", listing_id="c1")]}
    valkey.flushall()
    await asyncio.sleep(1.5)
    assert (await api.post("/v1/events", json=sent, headers=shopper)).status_code == 401
    (mark,) = set(valkey.scan_iter("erased:*")) - {b"erased:known"}
    assert settings.token_seconds - 60 < int(valkey.ttl(mark)) <= settings.token_seconds
    valkey.delete(mark)  # restored by hand from an old file, say
    async with running(settings) as started_since:
        assert (await started_since.post("/v1/events", json=sent, headers=shopper)).status_code == 401


async def test_an_account_that_comes_back_starts_afresh_at_once(api: httpx.AsyncClient, event: Make) -> None:
    async def log_in() -> dict[str, str]:
        answer = await api.post("/v1/token", json={"email": "me@example.org"})
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    before = await log_in()
    assert (await api.delete("/v1/me", headers=before)).json()["removed"]["shopper"] == 1
    body = {"events": [event("view", listing_id="c1")]}
    assert (await api.post("/v1/events", json=body, headers=before)).status_code == 401
    again = await log_in()
    old = await api.post("/v1/events", json=body, headers=again)  # what a page still had of before
    assert [x["status"] for x in old.json()["results"]] == ["duplicate"]
    new = {"events": [event("view", listing_id="c1", occurred_at=datetime.now(UTC).isoformat())]}
    answer = await api.post("/v1/events", json=new, headers=again)
    assert [x["status"] for x in answer.json()["results"]] == ["accepted"]


async def test_the_old_token_of_a_visit_does_not_speak_for_the_account_it_became(
    api: httpx.AsyncClient, shopper: dict[str, str], database: Connection
) -> None:
    visitor = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    database.execute(
        "INSERT INTO taste (shopper_id, version, evidence, recent, as_of, merged_into) "
        "VALUES (%s, 1, %s, %s, now(), 'a')",
        (visitor, bytes(4), bytes(4)),
    )
    for method, path in (("GET", "export"), ("GET", "taste"), ("POST", "taste/reset"), ("DELETE", "")):
        answer = await api.request(method, f"/v1/me/{path}".rstrip("/"), headers=shopper)
        assert answer.status_code == 403
        assert "log in" in answer.json()["detail"]


async def test_logging_in_takes_nothing_over_from_a_visit_that_was_erased(
    api: httpx.AsyncClient, shopper: dict[str, str], valkey: Valkey
) -> None:
    visitor = (await api.get("/v1/me", headers=shopper)).json()["shopper_id"]
    assert (await api.delete("/v1/me", headers=shopper)).status_code == 200
    token = shopper["Authorization"].removeprefix("Bearer ")
    answer = await api.post("/v1/token", json={"email": "me@example.org", "anonymous_token": token})
    assert answer.status_code == 200
    account = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await api.post("/v1/me/merge", json={"token": token}, headers=account)).status_code == 204
    assert valkey.xlen(stream_key(partition(visitor, 8))) == 0


async def test_erasures_wait_for_each_other_and_nothing_waits_for_them(
    api: httpx.AsyncClient, car: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = threading.Event()

    def slow(*_: object, **__: object) -> None:
        assert ends.wait(20)
        raise UnavailableError("for the test")

    monkeypatch.setattr(session, "erase", slow)
    tokens = [(await api.post("/v1/session")).json()["token"] for _ in range(8)]
    asked = [asyncio.create_task(api.delete("/v1/me", headers={"Authorization": f"Bearer {t}"})) for t in tokens]
    while sum(task.done() for task in asked) < 3:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    refused = [task.result() for task in asked if task.done()]
    assert [(x.status_code, x.headers["retry-after"]) for x in refused] == [(503, "1")] * 3
    assert "erasures wait" in refused[0].json()["detail"]
    for _ in range(4):
        assert (await api.put("/v1/listings/c1", json=car("c1"), headers=WRITER)).status_code in (200, 201)
    assert (await api.get("/metrics")).status_code == 200
    ends.set()
    await asyncio.wait(asked)


async def test_erasing_needs_a_token(api: httpx.AsyncClient) -> None:
    assert (await api.delete("/v1/me")).status_code == 401
    assert (await api.get("/v1/me/export")).status_code == 401


def carousel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["carousel", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out + err


def test_the_operator_sees_mends_and_drops_dead_letters_exports_and_erases(
    servers: Servers,
    database: Connection,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Any,
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    good = (
        b'{"event_id":"01a209bf-6f19-759c-b622-3476d0c85e62","type":"view","shopper_id":"john","listing_id":"c1",'
        b'"occurred_at":"2026-01-31T12:00:00Z","received_at":"2026-01-31T12:00:00Z"}'
    )
    bad = good.replace(b"view", b"peek")
    for number, payload in enumerate((bad, good, b"\xff not JSON")):
        database.execute(
            "INSERT INTO dead_letter VALUES ('taste', 'activity:0', %s, %s, %s, now(), 'malformed')",
            (f"{number}-0", payload, f"reason {number}"),
        )
    code, said = carousel(monkeypatch, capsys, "dead-letters", "list", "--reason", "reason")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[:3]] == [f"taste/activity:0/{i}-0" for i in range(3)]
    assert "3 of 3 dead letters" in said
    code, said = carousel(monkeypatch, capsys, "dead-letters", "show", "taste/activity:0/2-0")
    assert "\\xff not JSON" in said
    assert carousel(monkeypatch, capsys, "dead-letters", "show", "taste/activity:0/7-0")[0] == 2
    assert carousel(monkeypatch, capsys, "dead-letters", "drop")[0] == 2  # not all of them by accident

    code, said = carousel(monkeypatch, capsys, "dead-letters", "retry", "--all")
    assert code == 1
    assert "1 sent again, 2 stay" in said
    assert "type is 'peek'" in said
    mended = tmp_path / "event.json"
    mended.write_bytes(good.replace(b"85e62", b"85e63"))
    code, said = carousel(
        monkeypatch, capsys, "dead-letters", "retry", "taste/activity:0/0-0", "--payload", str(mended)
    )
    assert (code, "1 sent again" in said) == (0, True)
    assert valkey.xlen(stream_key(partition("john", 8))) == 2
    assert "1 dropped" in carousel(monkeypatch, capsys, "dead-letters", "drop", "--kind", "malformed")[1]

    file = tmp_path / "john.json"
    file.touch(0o644)
    assert carousel(monkeypatch, capsys, "export-shopper", "john", "--out", str(file))[0] == 0
    assert len(json.loads(file.read_bytes())["events_on_their_way"]) == 2
    assert file.stat().st_mode & 0o777 == 0o600
    code, said = carousel(monkeypatch, capsys, "erase-shopper", "john", "--yes")
    assert code == 0
    assert "2 log" in said
    assert "john" not in said
    assert valkey.xlen(stream_key(partition("john", 8))) == 0
    assert carousel(monkeypatch, capsys, "erase-shopper", "john", "--yes")[0] == 0  # as after a crash halfway


def test_an_account_is_found_by_its_subject_and_nobody_gets_a_receipt_for_a_stranger(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    settings: Settings,
    database: Connection,
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", str(settings.valkey_url))
    monkeypatch.setenv("CAROUSEL_HOME", str(tmp_path))
    monkeypatch.setenv("CAROUSEL_DEMO", "true")
    register_all(database, DEMO_ISSUER, ["john1@example.com"])
    file = tmp_path / "john.json"
    for command in (["erase-shopper", "--yes"], ["export-shopper", "--out", str(file)]):
        code, said = carousel(monkeypatch, capsys, *command, "john1@example.com")
        assert code == 2
        assert "nothing is held under the id" in said
        assert not file.exists()
        assert carousel(monkeypatch, capsys, *command)[0] == 2
    database.execute(
        "INSERT INTO dead_letter VALUES ('taste', 'activity:0', '1-0', %s, 'no event', now(), 'malformed')",
        (b'["a-set-aside"]',),
    )
    assert carousel(monkeypatch, capsys, "erase-shopper", "--yes", "a-set-aside")[0] == 0
    subject = ("--subject", "john1@example.com")
    assert carousel(monkeypatch, capsys, "export-shopper", "--out", str(file), *subject)[0] == 0
    assert json.loads(file.read_bytes())["shopper"]["shopper_id"] == demo_shopper_id("john1@example.com")
    code, said = carousel(monkeypatch, capsys, "erase-shopper", "--yes", *subject)
    assert (code, "1 shopper" in said) == (0, True)


def test_a_subject_is_that_of_the_issuer_the_home_was_started_with(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    settings: Settings,
    database: Connection,
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", str(settings.valkey_url))
    monkeypatch.setenv("CAROUSEL_HOME", str(tmp_path))
    issuer = "https://login.cars.example"
    register_all(database, issuer, ["cust-1"])
    command = ("export-shopper", "--out", str(tmp_path / "cust-1.json"), "--subject")
    code, said = carousel(monkeypatch, capsys, *command, "cust-1")
    assert (code, "set CAROUSEL_OIDC_ISSUER" in said) == (1, True)  # and not: nothing is held
    Home.of(tmp_path).write_mode({"demo": False, "oidc_issuer": issuer})
    assert carousel(monkeypatch, capsys, *command, "cust-1")[0] == 0
    held = json.loads((tmp_path / "cust-1.json").read_bytes())
    assert held["shopper"]["shopper_id"] == account_id(issuer, "cust-1")
    code, said = carousel(monkeypatch, capsys, *command, "cust-2")
    assert (code, f"'cust-2' of {issuer}" in said) == (2, True)
