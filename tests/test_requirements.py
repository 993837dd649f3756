"""The locked lists of packages are complete, and name no registry and no folder of anyone's machine."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def locked(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements" / name).read_text(), flags=re.MULTILINE))


def pins(name: str) -> set[str]:
    """Names and versions; on which platform one is installed depends on who else asks for it."""
    return set(re.findall(r"^([a-z0-9.-]+==[^\s;]+)", (ROOT / "requirements" / name).read_text(), flags=re.MULTILINE))


def names(lines: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9-]+", line) for line in lines)
    return {match[0].lower() for match in found if match}


def test_what_runs_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert names(project["dependencies"]) <= locked("run.txt")


def test_development_has_all_of_that_in_the_same_version_and_its_own() -> None:
    wanted = names([line for line in (ROOT / "requirements" / "dev.in").read_text().splitlines() if line[0] != "#"])
    assert wanted | locked("run.txt") <= locked("dev.txt")
    assert pins("run.txt") <= pins("dev.txt")


@pytest.mark.parametrize(
    "file", ["requirements/uv.txt", "requirements/run.txt", "requirements/dev.txt", "web/package-lock.json"]
)
def test_a_list_names_no_registry_and_no_folder(file: str) -> None:
    text = (ROOT / file).read_text()
    assert not re.findall(r"--index-url|--find-links|registry\.|pypi|/home/|/root/|file://", text)
    assert "tarball" not in text
