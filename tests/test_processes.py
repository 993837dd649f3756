"""Folders for as long as a process lives, such as that in which the API's processes add up their metrics."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from carousel import processes
from carousel.processes import share_metrics, temporary_folder

CRASHES = """
import os, signal
from carousel.processes import temporary_folder
with temporary_folder("carousel-import-") as folder:
    (folder / "feed.csv").touch()
    os.kill(0, signal.SIGKILL)
"""

FORKS = """
import os, sys
from carousel.processes import share_metrics
with share_metrics() as folder:
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print(folder.is_dir())
"""


REFUSED = """
from pathlib import Path
from carousel import cli, processes
processes._MEMORY = Path("/none")
cli.main()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files, for this test, on a system without files in memory."""
    monkeypatch.setattr(processes, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    return tmp_path


def crashed(folder: Path) -> Path:
    """The folder that a killed process leaves, of two minutes ago."""
    killed = subprocess.run([sys.executable, "-c", CRASHES], start_new_session=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = folder.iterdir()
    os.utime(left, (left.stat().st_mtime - 120,) * 2)
    return left


def test_it_is_there_as_long_as_the_process_needs_it(temporary: Path) -> None:
    with share_metrics() as folder:
        assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(folder)
        assert folder.parent == temporary
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    assert list(temporary.iterdir()) == []


def test_a_forked_worker_that_ends_leaves_it_to_the_others() -> None:
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_that_of_a_killed_process_goes_with_the_next_one_and_one_in_use_stays(temporary: Path) -> None:
    left = crashed(temporary)
    with temporary_folder("carousel-sync-"):
        assert left.exists()
    with temporary_folder("carousel-import-") as used:
        os.utime(used, (used.stat().st_mtime - 120,) * 2)
        assert not left.exists()
        with temporary_folder("carousel-import-"):
            assert used.is_dir()
    assert list(temporary.iterdir()) == []


def test_metrics_are_in_memory_where_there_is_such_a_disk(
    temporary: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path_factory.mktemp("memory")
    monkeypatch.setattr(processes, "_MEMORY", memory)
    with share_metrics() as folder:
        assert folder.parent == memory
    assert [*memory.iterdir(), *temporary.iterdir()] == []


def test_an_api_that_is_refused_leaves_none(temporary: Path) -> None:
    variables = {**os.environ, "CAROUSEL_PORT": "eighty"}
    refused = subprocess.run([sys.executable, "-c", REFUSED, "api"], env=variables, capture_output=True, check=False)
    assert refused.returncode == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_who_asks_after_its_parent_has_ended_ends_too() -> None:
    script = "import os, sys; from carousel.processes import die_with_parent; die_with_parent({}); print('alive')"
    said = [
        subprocess.run([sys.executable, "-c", script.format(parent)], capture_output=True, text=True, check=False)
        for parent in ("os.getppid()", "2**22 + 1")
    ]
    assert [(one.returncode, one.stdout) for one in said] == [(0, "alive\n"), (1, "")]
