"""The short form of `make chaos`: a minute of it in every test run."""

import re
import tempfile
from pathlib import Path

import pytest
from tests.chaos.campaign import Options, campaign, small_disk

pytestmark = [pytest.mark.whole, pytest.mark.timeout(240)]


def test_nothing_is_lost_or_doubled_when_everything_is_killed_frozen_and_rescaled() -> None:
    options = Options(minutes=0.55, kills=7, freezes=2, rate=600, seed=11)
    # Not in tmp_path: under root the servers have a user of their own, and another pytest that starts meanwhile takes
    # the right to pass through the folder of all temporary folders away from everybody but root.
    with tempfile.TemporaryDirectory(prefix="carousel-") as folder:
        wrong, table = campaign(Path(folder) / "home", options)
    assert wrong == [], table


def test_a_full_disk_refuses_events_and_loses_none_and_pages_are_still_read() -> None:
    options = Options(minutes=0.4, kills=1, freezes=0, rate=400, seed=12, workers=(1,), disk_full=True)
    try:
        with small_disk(600) as folder:
            wrong, table = campaign(folder / "home", options)
    except PermissionError as error:
        pytest.skip(str(error))
    assert wrong == [], table
    assert re.search(r"\| disk full \| \d+ s, [1-9]\d* pages read \|", table)
