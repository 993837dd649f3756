"""Every alert looks at a metric that exists, and has its runbook."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from carousel.settings import Settings

ROOT = Path(__file__).parents[1]
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]


def test_every_alert_looks_at_metrics_that_exist() -> None:
    names = set(re.findall(r'"(carousel_\w+)"', (ROOT / "src" / "carousel" / "telemetry.py").read_text()))
    used = {name for rule in RULES for name in re.findall(r"carousel_\w+", rule["expr"])}
    assert used
    assert used <= names


def test_every_alert_has_a_runbook() -> None:
    for rule in RULES:
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), flags=re.MULTILINE)
        assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, rule["alert"]


def test_that_nobody_reads_is_asked_of_the_flow_that_has_to_run() -> None:
    absent, missing = (
        next(rule["expr"] for rule in RULES if rule["alert"] == name)
        for name in ("CarouselFlowAbsent", "CarouselShareMissing")
    )
    assert set(re.findall(r"{(.*?)}", absent)) == set(re.findall(r"{(.*?)}", missing)) == {'flow="taste"'}
    assert f" < {Settings.model_fields['partitions'].default - 0.5} " in missing


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool, a part of Prometheus, is not installed")
def test_every_alert_is_raised_by_what_it_is_for_and_by_nothing_else() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", "alerts.yml"],  # noqa: S607 - wherever Prometheus is installed
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
