"""Under root the servers run as a user of their own, who reaches their files and nothing else."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from carousel.embedded import account
from carousel.errors import StartError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")


@pytest.mark.skipif(os.geteuid() == 0, reason="root runs the servers as another user")
def test_an_ordinary_user_runs_them_itself() -> None:
    found = account.servers_account()
    assert (found.uid, found.foreign, found.run_as()) == (os.geteuid(), False, {})


@needs_root
def test_root_runs_them_as_a_user_without_rights() -> None:
    found = account.servers_account()
    answer = subprocess.run(["/usr/bin/id"], capture_output=True, text=True, check=True, **found.run_as()).stdout
    assert found.uid != 0
    assert answer.count("carousel-data") == 3, "its own user and group, and no other group"


@needs_root
def test_a_user_that_cannot_be_made_is_one_line_with_three_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "_NAME", "not a name")
    with pytest.raises(StartError, match="cannot be made") as error:
        account.servers_account()
    assert "\n" not in str(error.value)
    assert "CAROUSEL_DATABASE_URL" in str(error.value)


@needs_root
def test_a_program_installed_for_its_owner_only_is_opened_for_reading(tmp_path: Path) -> None:
    folder = tmp_path / "closed" / "wheel"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "bin" / "server").write_text("#!/bin/sh\necho runs\n")
    (folder / "lib" / "data").write_text("data")
    for path in (folder / "bin" / "server", folder / "bin", folder / "lib", folder, folder.parent):
        path.chmod(0o700)
    (folder / "lib" / "data").chmod(0o600)
    found = account.servers_account()
    found.reach_program(folder / "bin" / "server")
    answer = subprocess.run([folder / "bin" / "server"], capture_output=True, text=True, check=True, **found.run_as())
    assert answer.stdout == "runs\n"
    assert stat.S_IMODE((folder / "lib" / "data").stat().st_mode) == 0o604
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o701
