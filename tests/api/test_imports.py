"""Feeds over HTTP: sent, imported by a process of their own, watched, and their rejected rows mended."""

import asyncio
import csv
import gzip
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.requests import ClientDisconnect

from carousel.api.uploads import Uploads
from carousel.catalogue.imports import hold_source, start
from carousel.errors import InputError
from carousel.settings import Settings
from carousel.storage.postgres import Connection, connect

WRITER = {"Authorization": "Bearer a secret key for tests"}
CARS = """\
id,make,model,year,mileage_km,price,currency
1,Skoda,Octavia,2019,85000,15400,EUR
2,Skoda,Fabia,2017,61000,8900,EUR
3,Ford,,2018,70000,9900,EUR
4,Ford,Focus,,70000,9900,EUR
"""


async def send(api: httpx.AsyncClient, content: str | bytes = CARS, **query: Any) -> httpx.Response:
    query = {"filename": "cars.csv", "wait": True, **query}
    return await api.post("/v1/imports", params=query, content=content, headers=WRITER, timeout=40)


def left() -> set[Path]:
    """Return the folders of received files."""
    return set(Path(tempfile.gettempdir()).glob("carousel-upload-*"))


async def done(api: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    """Wait for an import's end as a client does."""
    for _ in range(300):
        run: dict[str, Any] = (await api.get(f"/v1/imports/{import_id}", headers=WRITER)).json()
        if run["state"] != "running":
            return run
        await asyncio.sleep(0.1)
    raise AssertionError(run)


async def test_a_sent_file_is_imported_and_its_run_says_everything(api: httpx.AsyncClient) -> None:
    answer = await send(api, wait=False)
    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert started["state"] == "running"
    assert answer.headers["location"] == f"/v1/imports/{started['import_id']}"
    run = await done(api, started["import_id"])
    assert (run["state"], run["error"], run["share"], run["rows_read"], run["rejected"]) == ("done", None, 1, 4, 2)
    assert (run["sources"], run["files"], run["requested_by"]) == (["cars"], ["cars.csv"], "api")
    counts = run["counts"]
    assert [counts[k] for k in ("read", "imported", "updated", "unchanged", "duplicates", "rejected")] == [
        4, 2, 0, 0, 0, 2,
    ]  # fmt: skip
    assert counts["rejected_by_reason"] == {"no_model": 1, "no_year": 1}
    assert run["mapping"]["mileage_km"] == "mileage_km"
    assert run["seconds"] > 0
    found = (await api.get("/v1/listings")).json()
    assert sorted(x["model"] for x in found["listings"]) == ["Fabia", "Octavia"]


async def test_waiting_answers_with_the_finished_report_and_leaves_no_file(api: httpx.AsyncClient) -> None:
    answer = await send(api, source="dealer-7", map="mileage_km=ignore")
    assert answer.status_code == 200, answer.text
    run = answer.json()
    assert (run["state"], run["sources"], run["counts"]["imported"]) == ("done", ["dealer-7"], 2)
    assert "mileage_km" not in run["mapping"]
    assert not {path for path in left() if (path / "cars.csv").exists()}


async def test_a_dry_run_writes_no_listing(api: httpx.AsyncClient) -> None:
    run = (await send(api, dry_run=True)).json()
    assert (run["dry_run"], run["state"], run["counts"]["imported"]) == (True, "done", 2)
    assert (await api.get("/v1/listings")).json()["total"] == 0


async def test_a_full_feed_withdraws_what_is_gone_and_says_so(api: httpx.AsyncClient) -> None:
    await send(api)
    lines = CARS.splitlines()
    run = (await send(api, "\n".join([*lines[:2], ""]), full_feed=True, force=True)).json()
    assert (run["counts"]["unchanged"], run["counts"]["withdrawn"]) == (1, 1)
    assert [x["model"] for x in (await api.get("/v1/listings")).json()["listings"]] == ["Octavia"]


async def test_a_full_feed_leaves_what_another_file_brought_whatever_the_script_of_its_name(
    api: httpx.AsyncClient,
) -> None:
    for name, row in (("москва.csv", "Skoda,Fabia,2015"), ("питер.csv", "Skoda,Octavia,2016")):
        run = (await send(api, f"make,model,year\n{row}\n", filename=name, full_feed=True, force=True)).json()
        assert (run["state"], run["counts"]["withdrawn"]) == ("done", 0)
    assert (await api.get("/v1/listings")).json()["total"] == 2


async def test_a_file_that_is_none_fails_with_the_reason_and_the_name_it_was_sent_under(
    api: httpx.AsyncClient,
) -> None:
    run = (await send(api, b"%PDF-1.7 not cars", filename="cars.pdf")).json()
    assert run["state"] == "failed"
    assert run["error"].startswith("cars.pdf")
    assert "/" not in run["error"].replace("and/or", "")
    assert run["counts"] is None


async def test_a_file_without_one_usable_row_has_failed_and_keeps_its_rejects(api: httpx.AsyncClient) -> None:
    run = (await send(api, "make,model,year\nSkoda,,2019\nFord,,2018\n", force=True)).json()
    assert run["state"] == "failed"
    assert "2 rows" in run["error"]
    assert (await api.get(f"/v1/imports/{run['import_id']}/rejects", headers=WRITER)).json()["total"] == 2


async def test_a_file_that_looks_like_a_mistake_changes_nothing_until_it_is_forced(api: httpx.AsyncClient) -> None:
    rows = "make,model,year\nSkoda,Fabia,2019\n" + "".join(f"Ford,Focus,{i}x\n" for i in range(9))
    run = (await send(api, rows)).json()
    assert run["state"] == "failed"
    assert "9 of 10 rows would be rejected" in run["error"]
    assert run["counts"]["held_back"] == 1
    assert (await api.get("/v1/listings")).json()["total"] == 0
    assert (await send(api, rows, force=True)).json()["state"] == "done"
    assert (await api.get("/v1/listings")).json()["total"] == 1


async def test_what_is_asked_for_is_said_as_parameters_of_a_request(
    api: httpx.AsyncClient, database: Connection
) -> None:
    """Nobody who sends a file has a command line."""
    rows = "make,model,year\nSkoda,Fabia,2019\n" + "".join(f"Ford,Focus,{i}x\n" for i in range(9))
    run = (await send(api, rows)).json()
    assert run["error"].endswith("look at dry_run=true, correct it with map=COLUMN=FIELD, or insist with force=true")
    assert run["counts"]["refused"] == run["error"]
    run = (await send(api, "Hersteller,Name des Modells\nVW,Golf\n")).json()
    assert run["error"].endswith("name it with map=COLUMN=model map=COLUMN=model_year")
    run = (await send(api, "make,model,year,price\nSkoda,Fabia,2019,9000\n,Unknown Thing,2019,9000\n")).json()
    assert any(question.endswith("say currency=CODE") for question in run["counts"]["questions"])
    path = f"/v1/imports/{run['import_id']}/rejects"
    (reject,) = (await api.get(path, headers=WRITER)).json()["rejects"]
    in_file = (await api.get(path, headers=WRITER | {"Accept": "text/csv"})).text
    assert reject["detail"].endswith("see make=NAME and map=COLUMN=FIELD")
    assert "map=COLUMN=FIELD" in in_file
    assert "--" not in str(run["counts"]["questions"]) + in_file
    # Whoever started it on a command line has options.
    database.execute("UPDATE import_run SET requested_by = 'cli', error = 'insist with --force'")
    assert (await api.get(f"/v1/imports/{run['import_id']}", headers=WRITER)).json()["error"] == "insist with --force"


async def test_rejects_come_in_pages_with_their_own_cells(api: httpx.AsyncClient) -> None:
    run = (await send(api)).json()
    path = f"/v1/imports/{run['import_id']}/rejects"
    first = (await api.get(path, params={"n": 1}, headers=WRITER)).json()
    assert [(r["file"], r["line"], r["reason"]) for r in first["rejects"]] == [("cars.csv", 4, "no_model")]
    assert first["rejects"][0]["row"]["price"] == "9900"
    assert list(first["rejects"][0]["row"])[:3] == ["id", "make", "model"]
    assert first["total"] == 2
    second = (await api.get(path, params={"n": 1, "cursor": first["next_cursor"]}, headers=WRITER)).json()
    assert [(r["line"], r["reason"]) for r in second["rejects"]] == [(5, "no_year")]
    assert second["next_cursor"] is None


async def test_rejects_as_a_file_can_be_mended_and_imported_again(api: httpx.AsyncClient) -> None:
    run = (await send(api)).json()
    answer = await api.get(f"/v1/imports/{run['import_id']}/rejects", headers={**WRITER, "Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [r["line"] for r in rows] == ["4", "5"]
    assert list(rows[0])[:4] == ["line", "reason", "detail", "id"]
    rows[0]["model"], rows[1]["year"] = "Fiesta", "2018"
    mended = io.StringIO()
    writer = csv.DictWriter(mended, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    again = (await send(api, mended.getvalue(), source="cars")).json()
    assert (again["counts"]["imported"], again["rejected"]) == (2, 0)


async def test_runs_are_listed_newest_first_by_source_and_in_pages(
    api: httpx.AsyncClient, database: Connection
) -> None:
    made = [start(database, [f"{i}.csv"], requested_by="cli", source="ab"[i % 2]) for i in range(5)]

    async def listed(**query: Any) -> tuple[list[str], Any]:
        body = (await api.get("/v1/imports", params=query, headers=WRITER)).json()
        return [run["files"][0] for run in body["imports"]], body["next_cursor"]

    assert (await listed())[0] == ["4.csv", "3.csv", "2.csv", "1.csv", "0.csv"]
    assert (await listed(source="b")) == (["3.csv", "1.csv"], None)
    page, cursor = await listed(n=2)
    assert page == ["4.csv", "3.csv"]
    assert cursor == str(made[3])
    assert await listed(n=3, cursor=cursor) == (["2.csv", "1.csv", "0.csv"], None)


async def test_a_second_import_of_a_source_is_refused_while_the_first_runs(
    api: httpx.AsyncClient, settings: Settings
) -> None:
    with connect(str(settings.database_url)) as other:
        assert hold_source(other, "dealer-7")
        answer = await send(api, source="dealer-7")
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert "dealer-7" in answer.json()["detail"]
        assert (await send(api, source="dealer-8")).status_code == 200
    assert (await api.get("/v1/imports", headers=WRITER)).json()["imports"][0]["sources"] == ["dealer-8"]
    assert (await send(api, source="dealer-7")).status_code == 200


async def test_a_run_whose_process_died_is_interrupted(
    api: httpx.AsyncClient, database: Connection, settings: Settings
) -> None:
    with connect(str(settings.database_url)) as process:
        import_id = start(process, ["cars.csv"], requested_by="cli")
        path = f"/v1/imports/{import_id}"
        assert (await api.get(path, headers=WRITER)).json()["state"] == "running"
        database.execute("SELECT pg_terminate_backend(%s)", (process.info.backend_pid,))
    for _ in range(50):
        run = (await api.get(path, headers=WRITER)).json()
        if run["state"] != "running":
            break
        await asyncio.sleep(0.1)
    assert run["state"] == "interrupted"
    assert run["finished_at"]
    assert "run it again" in run["error"]


async def test_an_importing_process_that_is_killed_fails_its_run_at_once(
    api: httpx.AsyncClient, database: Connection
) -> None:
    database.execute("BEGIN")
    database.execute("LOCK TABLE listing IN ACCESS EXCLUSIVE MODE")  # it waits here
    import_id = (await send(api, wait=False)).json()["import_id"]
    import psutil

    for _ in range(200):
        mine = [p for p in psutil.Process().children() if import_id in p.cmdline()]
        if mine and database.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() != (0,):
            break
        await asyncio.sleep(0.05)
    mine[0].kill()
    run = await done(api, import_id)
    database.execute("ROLLBACK")
    assert (run["state"], run["error"]) == ("failed", "the importing process ended: signal SIGKILL")


@pytest.mark.parametrize(
    ("query", "field"),
    [({"source": "a b"}, "source"), ({"currency": "ABC"}, "currency"), ({"distance_unit": "ly"}, "distance_unit"),
     ({"map": "price"}, "map"), ({"filename": "../cars.csv"}, "filename"), ({"filename": ".."}, "filename"),
     ({"full_feed": "perhaps"}, "full_feed")],
)  # fmt: skip
async def test_an_option_that_cannot_be_right_is_named_before_the_file_is_read(
    api: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    answer = await send(api, **query)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert (await api.get("/v1/imports", headers=WRITER)).json()["imports"] == []


async def test_an_empty_body_and_one_too_large_are_refused_and_leave_nothing(
    settings: Settings, api: httpx.AsyncClient
) -> None:
    assert (await send(api, b"")).status_code == 422
    settings.import_mb = 1

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    from tests.api.conftest import _running

    before = left()
    async with _running(settings) as small:
        declared = await send(small, b"x" * 2_000_000)
        streamed = await small.post("/v1/imports", content=endless(), headers=WRITER)
    for answer in (declared, streamed):
        assert answer.status_code == 413, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert left() <= before


async def test_a_body_that_breaks_off_leaves_nothing(settings: Settings) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"id,make"
        raise ClientDisconnect

    before = left()
    with pytest.raises(InputError, match="broke off"):
        await Uploads(settings).receive(broken(), "cars.csv")
    assert left() <= before


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/imports"), ("GET", "/v1/imports"), ("GET", f"/v1/imports/{UUID(int=1)}"),
     ("GET", f"/v1/imports/{UUID(int=1)}/rejects")],
)  # fmt: skip
async def test_imports_need_the_secret_key(
    api: httpx.AsyncClient, shopper: dict[str, str], method: str, path: str
) -> None:
    assert (await api.request(method, path)).status_code == 401
    assert (await api.request(method, path, headers=shopper)).status_code == 401


async def test_an_unknown_import_is_not_found(api: httpx.AsyncClient) -> None:
    for path in (f"/v1/imports/{UUID(int=1)}", f"/v1/imports/{UUID(int=1)}/rejects"):
        answer = await api.get(path, headers=WRITER)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_an_api_that_stops_ends_its_imports_and_says_so(
    api: httpx.AsyncClient, database: Connection, settings: Settings
) -> None:
    from tests.api.conftest import _running

    async with _running(settings) as stopping:
        database.execute("BEGIN")
        database.execute("LOCK TABLE listing IN ACCESS EXCLUSIVE MODE")
        import_id = (await send(stopping, wait=False)).json()["import_id"]
        await asyncio.sleep(0.3)
        database.execute("ROLLBACK")
    run = (await api.get(f"/v1/imports/{import_id}", headers=WRITER)).json()
    assert run["state"] == "interrupted"
    assert (await api.get("/v1/listings")).json()["total"] == 0


async def test_rejects_that_are_rejected_again_keep_their_own_columns(api: httpx.AsyncClient) -> None:
    accept = {**WRITER, "Accept": "text/csv"}
    content: bytes = b"make,model,year\nSkoda,Fabia,\nKia,Ceed,\nFord,Ka,2010\n"
    for _ in range(3):
        import_id = (await send(api, content)).json()["import_id"]
        content = (await api.get(f"/v1/imports/{import_id}/rejects", headers=accept)).content
        assert content.splitlines()[0] == b"line,reason,detail,make,model,year"
    assert len(content.splitlines()) == 3


async def test_an_archive_that_unpacks_to_too_much_fails_its_run(settings: Settings) -> None:
    from tests.api.conftest import _running

    settings.import_mb = 1
    async with _running(settings) as small:
        run = (await send(small, gzip.compress(CARS.encode() + b" \n" * 2**20), filename="cars.csv.gz")).json()
    assert run["state"] == "failed"
    assert "unpacks to more than 1,048,576 bytes; raise CAROUSEL_IMPORT_MB" in run["error"]
