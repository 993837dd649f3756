"""What several API processes say of themselves adds up, of those that live."""

import os
import subprocess
import sys
from pathlib import Path

from structlog.testing import capture_logs

from carousel.telemetry import Repeated, log

TWO_WORKERS = """
import os
from carousel.telemetry import http_requests, spool_events
worker = os.fork()
if worker == 0:
    spool_events.set(40)
    http_requests.labels("GET", "/livez", "200").inc(3)
    os._exit(0)
os.waitpid(worker, 0)
spool_events.set(2)
from carousel.api.routes.health import metrics
print(metrics().body.decode())
"""


def test_the_spool_of_a_dead_process_is_nobodys_and_what_it_counted_stays(tmp_path: Path) -> None:
    variables = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", TWO_WORKERS], env=variables, capture_output=True, text=True, check=True
    )
    said = done.stdout.splitlines()
    assert "carousel_spool_events 2.0" in said
    assert 'carousel_http_requests_total{method="GET",route="/livez",status="200"} 3.0' in said


def test_what_fails_each_second_for_one_reason_is_said_once() -> None:
    with capture_logs() as lines:
        trouble = Repeated(log("test"), "not read")
        for error in ("no grant", "no grant", "away", "no grant"):
            trouble.wrong(OSError(error))
        trouble.well()
        trouble.wrong(OSError("no grant"), waiting=3)
    assert [line["error"] for line in lines] == ["no grant", "away", "no grant", "no grant"]
    assert lines[-1]["waiting"] == 3
