"""The manifests in the docs start where a Service is named like us, and the API in them can be reached."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from carousel.api import serve
from carousel.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
MANIFESTS = [
    manifest
    for file in sorted(DOCS.glob("*.md"))
    for block in re.findall(r"^```yaml\n(apiVersion.*?)^```", file.read_text(), flags=re.MULTILINE | re.DOTALL)
    for manifest in yaml.safe_load_all(block)
]


def pods(node: Any) -> Iterator[dict[str, Any]]:
    """Yield what says how a pod is made, wherever it stands in a manifest."""
    if isinstance(node, dict):
        if "containers" in node:
            yield node
        for value in node.values():
            yield from pods(value)


PODS = [pod for manifest in MANIFESTS for pod in pods(manifest)]
CONTAINERS = [container for pod in PODS for container in pod["containers"]]


def test_no_pod_gets_variables_of_services() -> None:
    assert len(PODS) == 5
    assert all(pod.get("enableServiceLinks") is False for pod in PODS)


def test_every_variable_is_a_setting_of_ours() -> None:
    # SHARES is of the shell in that manifest, CAROUSEL_FEED of the command sync.
    known = {f"CAROUSEL_{name.upper()}" for name in Settings.model_fields} | {"SHARES", "CAROUSEL_FEED"}
    assert {variable["name"] for one in CONTAINERS for variable in one.get("env", [])} <= known


def test_the_api_listens_where_its_probes_and_its_service_look() -> None:
    (api,) = (one for one in CONTAINERS if one["command"] == ["carousel", "api"])
    said = {variable["name"]: variable["value"] for variable in api["env"]}
    (port,) = api["ports"]
    assert (said["CAROUSEL_HOST"], int(said["CAROUSEL_PORT"])) == ("0.0.0.0", port["containerPort"])  # noqa: S104 - of a pod
    probes = [api[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {(probe["path"], probe["port"]) for probe in probes} == {("/livez", "http"), ("/readyz", "http")}
    (service,) = (manifest for manifest in MANIFESTS if manifest["kind"] == "Service")
    (deployment,) = (manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment")
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert [one["targetPort"] for one in service["spec"]["ports"]] == [port["name"]]


def test_an_api_that_goes_is_asked_no_more_before_it_stops() -> None:
    (pod,) = (one for one in PODS if one["containers"][0]["command"] == ["carousel", "api"])
    program, seconds = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert int(seconds) + 2 * serve.STOP_SECONDS <= pod["terminationGracePeriodSeconds"]
