"""The command line says what is wrong in one line, and with the right exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from carousel import __version__, cli
from carousel.catalogue.listing import Listing, ListingId
from carousel.catalogue.repository import upsert
from carousel.embedded.home import Home
from carousel.embedded.servers import Servers
from carousel.settings import Settings
from carousel.storage.postgres import Connection


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of one command."""
    monkeypatch.setattr(sys, "argv", ["carousel", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err


def test_it_tells_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, capsys, "--version") == (0, f"carousel {__version__}\n", "")


def test_it_runs_as_a_module_too() -> None:
    found = subprocess.run([sys.executable, "-P", "-m", "carousel", "--version"], capture_output=True, text=True)
    assert found.stdout == f"carousel {__version__}\n"


def test_no_command_multiplies_matrices_on_more_than_one_core() -> None:
    code = (
        "import contextlib, sys; from carousel.cli import main; sys.argv = ['carousel', '--version']\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "import numpy; from threadpoolctl import threadpool_info\n"
        "print([pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas'])"
    )
    found = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[1]"


def test_a_home_with_a_database_beside_the_address_of_another_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, servers: Servers
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    (tmp_path / "postgres").mkdir()
    command = ("train", "--list", "--home", str(tmp_path))
    assert run(monkeypatch, capsys, *command) == (
        1,
        "",
        f"carousel: home {tmp_path} has a database of its own and CAROUSEL_DATABASE_URL names another: "
        "unset CAROUSEL_DATABASE_URL, or leave out --home\n",
    )
    monkeypatch.setattr(Home, "running", lambda _: {"database_url": servers.database_url})
    assert run(monkeypatch, capsys, *command)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["up", "--port", "eighty"],
        ["up", "--port", "70000"],
        ["up", "--import", "/no/such/file.csv"],
        ["dataflow", "no-such-flow"],
        ["dataflow", "taste", "--share", "3/2"],
        ["dataflow", "taste", "--share", "0/2"],
        ["dataflow", "taste", "--share", "half"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_a_wrong_variable_is_named_but_its_value_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAROUSEL_PORT", "hunter2")
    code, _, err = run(monkeypatch, capsys, "migrate")
    assert code == 1
    assert err.startswith("carousel: CAROUSEL_PORT is not usable: ")
    assert err.count("\n") == 1
    assert "hunter2" not in err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://carousel:s3kret@127.0.0.1:1/carousel",
        "postgresql://carousel:pass@s3kret@127.0.0.1:1/carousel",
        "postgresql://carousel:s3kret/1@127.0.0.1:1/carousel",
        "postgresql://carousel:s3kret%zz@127.0.0.1:1/carousel",
        "postgresql://carousel:s3kret@127.0.0.1:1/carousel?pool=5",
    ],
)
@pytest.mark.parametrize(
    "command", [["migrate"], ["api"], ["dataflow", "taste"], ["dead-letters", "list"]], ids=" ".join
)
def test_a_wrong_url_of_the_database_is_named_but_its_password_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str], url: str
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", "redis://127.0.0.1:1")
    code, _, err = run(monkeypatch, capsys, *command)
    assert code == 1
    assert err.startswith("carousel: CAROUSEL_DATABASE_URL is not usable: it is no PostgreSQL URL; write postgresql://")
    assert err.count("\n") == 1
    assert "s3kret" not in err


@pytest.mark.parametrize("url", ["redis://:s3kret/1@127.0.0.1:1", "redis://u:s3kret#x@127.0.0.1:1", "valkey://h:1"])
def test_a_wrong_url_of_valkey_is_named_but_its_password_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", "postgresql://127.0.0.1:1/carousel")
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", url)
    code, _, err = run(monkeypatch, capsys, "dataflow", "taste")
    assert code == 1
    assert err.startswith("carousel: CAROUSEL_VALKEY_URL is not usable: it is no Valkey URL; write redis://")
    assert err.count("\n") == 1
    assert "s3kret" not in err


@pytest.mark.parametrize("command", [["dataflow", "taste"], ["api"]], ids=" ".join)
def test_a_process_without_servers_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.delenv("CAROUSEL_DATABASE_URL", raising=False)
    code, _, err = run(monkeypatch, capsys, *command)
    assert code == 1
    assert "CAROUSEL_DATABASE_URL" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "said",
    ["https://a.example,http://b.example:8080/", '["https://A.example:443", "http://b.example:8080"]\n'],
)
def test_origins_are_separated_by_commas_or_a_json_list(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("CAROUSEL_CORS_ORIGINS", said)
    assert Settings().cors_origins == ["https://a.example", "http://b.example:8080"]


@pytest.mark.parametrize("said", ["https://a.example/shop", "https://*.a.example", "a.example", "https://u@a.example"])
def test_what_no_browser_sends_as_an_origin_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    monkeypatch.setenv("CAROUSEL_CORS_ORIGINS", said)
    code, _, err = run(monkeypatch, capsys, "api")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith(f"carousel: CAROUSEL_CORS_ORIGINS is not usable: {said!r} is no origin")


@pytest.mark.parametrize(
    "command",
    [["experiments"], ["train", "--list"], ["rebuild", "taste"], ["export", "--format=csv"], ["dead-letters", "list"]],
    ids=" ".join,
)
def test_a_mistyped_home_is_refused_and_not_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(monkeypatch, capsys, *command, "--home", "hoem")
    assert (code, out) == (1, "")
    assert err == f"carousel: there is no home at {tmp_path / 'hoem'}: name yours with --home or CAROUSEL_HOME\n"
    assert not (tmp_path / "hoem").exists()


def test_a_placement_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(monkeypatch, capsys, "experiments", "--placement", "hom")
    assert code == 2
    assert "did you mean home?" in err


def test_what_is_no_backup_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cars.csv").write_text(CARS)
    code, _, err = run(monkeypatch, capsys, "restore", str(tmp_path / "cars.csv"), "--home", str(tmp_path / "home"))
    assert (code, err.count("\n")) == (2, 1)
    assert "is no backup of Carousel" in err


def test_migrate_takes_a_database_by_url(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], servers: Servers
) -> None:
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    assert run(monkeypatch, capsys, "migrate")[:2] == (0, "0 migrations applied\n")


def test_a_command_with_no_up_beside_it_starts_the_servers_of_its_home_for_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(monkeypatch, capsys, "migrate", "--home", str(tmp_path))
    assert code == 0
    assert int(out.split()[0]) >= 1
    assert run(monkeypatch, capsys, "migrate", "--home", str(tmp_path))[1] == "0 migrations applied\n"


CARS = """\
id,make,model,year,mileage_km,price,currency
1,Skoda,Octavia,2019,85000,15400,EUR
2,Skoda,Fabia,2017,61000,8900,EUR
3,,Golf,2018,70000,9900,EUR
"""


def test_import_with_no_up_beside_it_finds_its_rows_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cars.csv").write_text(CARS)
    command = ("import", "cars.csv", "--home", str(tmp_path / "home"), "--json")
    code, out, err = run(monkeypatch, capsys, *command)
    first = json.loads(out)
    assert (code, first["read"], first["imported"], first["rejected"]) == (0, 3, 2, 1)
    assert err.splitlines()[-1].startswith(f"in home {tmp_path / 'home'}, where nothing runs")
    again = json.loads(run(monkeypatch, capsys, *command)[1])
    assert (again["imported"], again["unchanged"]) == (0, 2)


def test_an_import_is_recorded_and_a_dry_run_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, servers: Servers,
    database: Connection,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    Path("cars.csv").write_text(CARS)
    run(monkeypatch, capsys, "import", "cars.csv", "--dry-run")
    run(monkeypatch, capsys, "import", "cars.csv")
    runs = database.execute("SELECT requested_by, state, sources, files, counts->'imported', rejects FROM import_run")
    assert runs.fetchall() == [("cli", "done", ["cars"], ["cars.csv"], 2, 1)]


def test_a_dry_run_with_no_up_beside_it_makes_no_home(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cars.csv").write_text(CARS)
    code, out, _ = run(
        monkeypatch, capsys, "import", "cars.csv", "--home", str(tmp_path / "home"), "--json", "--dry-run"
    )
    assert (code, json.loads(out)["imported"]) == (0, 2)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("content", "options", "refused"),
    [
        ("a,b\nred,1\n", [], "junk.csv: no column for make, model, model_year"),
        (CARS, ["--map", "x=make"], "--map x=make: junk.csv has no column 'x'"),
        (CARS, ["--currency", "XYZ"], "currency is 'XYZ'"),
        (None, [], "junk.csv does not exist"),
    ],
)
def test_an_import_that_cannot_begin_prints_its_object_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str | None,
    options: list[str], refused: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("junk.csv").write_text(content)
    command = ("import", "junk.csv", "--dry-run", "--home", str(tmp_path / "home"), *options)
    code, out, err = run(monkeypatch, capsys, *command, "--json")
    said = json.loads(out)
    assert said["refused"].startswith(refused)
    assert (said["read"], said["imported"]) == (0, 0)
    assert (code, err) == (1 if content and not options else 2, f"carousel: {said['refused']}\n")
    assert run(monkeypatch, capsys, *command) == (code, "", err)


@pytest.mark.parametrize("given", ["price", "=price_amount", "Preis="])
def test_a_map_without_column_or_field_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, given: str
) -> None:
    (tmp_path / "cars.csv").write_text(CARS)
    code, _, err = run(monkeypatch, capsys, "import", str(tmp_path / "cars.csv"), "--map", given)
    assert code == 2
    assert "--map" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["cars.csv"],
        ["cars.csv", "--once", "--every", "1h"],
        ["cars.csv", "--every", "soon"],
        ["cars.csv", "--cron", "at night"],
        ["cars.csv", "--cron", "0 3 * * *", "--timezone", "Mars/Base"],
        ["cars.csv", "--every", "1h", "--currency", "XXX"],
        ["no-such-file.csv", "--every", "1h"],
        ["file:///etc/passwd", "--every", "1h"],
        ["ftp://dealer.example/cars.csv", "--once"],
    ],
    ids=" ".join,
)
def test_a_sync_that_cannot_work_exits_with_2_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    servers: Servers,
    arguments: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    Path("cars.csv").write_text(CARS)
    code, out, err = run(monkeypatch, capsys, "sync", *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_a_sync_once_says_what_it_did_and_then_that_nothing_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cars.csv").write_text(CARS)
    command = ("sync", "cars.csv", "--once", "--source", "dealer-7", "--home", str(tmp_path / "home"))
    code, out, _ = run(monkeypatch, capsys, *command)
    assert code == 0
    assert "cars.csv done: 3 read, 2 imported, 1 rejected" in out
    code, out, _ = run(monkeypatch, capsys, *command)
    assert (code, out.split(" ", 1)[1]) == (0, "cars.csv unchanged\n")


def test_rules_check_without_a_service_only_validates(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "placements.toml"
    file.write_text("[[rules]]\nname = 'a'\naction = 'only'\nwhere = { make = 'Kia' }\n")
    command = ("rules", "check", str(file), "--home", str(tmp_path / "home"))
    code, out, err = run(monkeypatch, capsys, *command)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{file}: no mistake; 1 rules, 0 experiments"
    assert "no service runs here" in out
    monkeypatch.setenv("CAROUSEL_PLACEMENTS_FILE", str(file))
    said = json.loads(run(monkeypatch, capsys, "rules", "check", "--json", "--home", str(tmp_path / "home"))[1])
    assert (said["file"], said["rules"]) == (str(file), None)


@pytest.mark.parametrize("command", [("rules", "check"), ("up",), ("api",)], ids=" ".join)
def test_a_mistake_in_the_placements_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "placements.toml"
    file.write_text("[home]\nexplorations = 0.1\n")
    monkeypatch.setenv("CAROUSEL_PLACEMENTS_FILE", str(file))
    monkeypatch.setenv("CAROUSEL_HOME", str(tmp_path / "home"))
    code, out, err = run(monkeypatch, capsys, *command)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == (
        f"carousel: {file}: home.explorations: there is no such key; did you mean 'exploration'?"
    )
    assert "Traceback" not in err
    assert not (tmp_path / "home").exists()


def test_rules_check_counts_in_the_catalogue_of_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    servers: Servers, database: Connection,
) -> None:  # fmt: skip
    """25 Kias and 5 Opels are on sale."""
    monkeypatch.setenv("CAROUSEL_DATABASE_URL", servers.database_url)
    monkeypatch.setenv("CAROUSEL_VALKEY_URL", servers.valkey_url)
    upsert(database, [
        Listing(listing_id=ListingId(f"c{no}"), make="Opel" if no % 6 == 0 else "Kia", model="x", model_year=2020)
        for no in range(30)
    ])  # fmt: skip
    file = tmp_path / "placements.toml"
    file.write_text(
        "[[rules]]\nname = 'opel'\naction = 'only'\nwhere = { make = 'Opel' }\nplacements = 'email'\n"
        "[[rules]]\nname = 'typo'\naction = 'exclude'\nwhere = { make = 'Kiia' }\nplacements = 'home'\n"
    )
    code, out, err = run(monkeypatch, capsys, "rules", "check", str(file), "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["listings"] == 30
    assert [rule["hits"] for rule in said["rules"]] == [{"email": 5}, {"home": 0}]
    assert said["left"] == {"home": 30, "detail": 30, "search": 30, "saved": 30, "email": 5}
    assert said["warnings"] == ["rule 'typo' hits nothing at home", "email is left with 5 listings, fewer than 20"]
    text = run(monkeypatch, capsys, "rules", "check", str(file))[1]
    assert "note: rule 'typo' hits nothing at home" in text
