"""The folder in which the API's processes add up their metrics is made for them, and gone after them."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from carousel.processes import share_metrics

CRASHES = (
    "import os, signal; from carousel.processes import share_metrics\nwith share_metrics(): os.kill(0, signal.SIGKILL)"
)

FORKS = """
import os, sys
from carousel.processes import share_metrics
with share_metrics() as folder:
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print(folder.is_dir())
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder of temporary files, for this test."""
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


def test_that_of_a_killed_process_goes_with_the_next_start_and_one_in_use_stays(temporary: Path) -> None:
    left = crashed(temporary)
    with share_metrics() as used:
        os.utime(used, (used.stat().st_mtime - 120,) * 2)
        assert not left.exists()
        ours = os.environ.pop("PROMETHEUS_MULTIPROC_DIR")
        with share_metrics():
            assert used.is_dir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = ours


def test_an_api_that_is_refused_leaves_none(temporary: Path) -> None:
    variables = {**os.environ, "CAROUSEL_PORT": "eighty"}
    refused = subprocess.run([sys.executable, "-m", "carousel", "api"], env=variables, capture_output=True, check=False)
    assert refused.returncode == 1
    assert list(temporary.iterdir()) == []
