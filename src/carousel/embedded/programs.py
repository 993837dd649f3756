"""The programs `carousel up` keeps running: the servers, the API, the dataflows."""

import os
from collections.abc import Mapping

from carousel.embedded.checks import free_port
from carousel.embedded.child import Program, ReadLine
from carousel.embedded.plan import Plan
from carousel.embedded.server import Server
from carousel.embedded.servers import environment
from carousel.errors import StartError
from carousel.processes import METRICS_VARIABLE
from carousel.settings import Settings


def server_program(server: Server) -> Program:
    return Program(
        server.name,
        server.command(),
        environment(),
        prepare=server.prepare,
        folder=server.folder,
        account=server.account,
        stop_signal=server.stop_signal,
        orphan_signal=server.stop_signal,
        read_line=server.level,
    )


def child_environment(settings: Settings, keys: Mapping[str, str], *, demo: bool) -> dict[str, str]:
    """Return what the children read their Settings from; secrets travel here, where `ps` does not show them."""
    ours = {name: value for name, value in os.environ.items() if name != METRICS_VARIABLE}  # each part counts alone
    return {
        **ours,
        "CAROUSEL_HOME": str(settings.home),
        "CAROUSEL_HOST": settings.host,
        "CAROUSEL_PORT": str(settings.port),
        "CAROUSEL_DATABASE_URL": settings.database_url or "",
        "CAROUSEL_VALKEY_URL": settings.valkey_url or "",
        "CAROUSEL_DEMO": "true" if demo else "false",
        **{f"CAROUSEL_{name.upper()}": key for name, key in keys.items()},
    }


def plain_line(line: str) -> tuple[str, str]:
    """Read what one of our own processes says beside its log: why it does not start, a warning, a stack trace."""
    return "warning", line


def _reader(settings: Settings) -> ReadLine | None:
    return plain_line if settings.log_format == "json" else None


def api_program(plan: Plan, variables: Mapping[str, str]) -> Program:
    return Program("api", plan.commands.line(plan.commands.api), dict(variables), read_line=_reader(plan.settings))


def training_program(plan: Plan, variables: Mapping[str, str]) -> Program:
    command = plan.commands.line(plan.commands.train, str(plan.settings.train_every))
    return Program("train", command, dict(variables), read_line=_reader(plan.settings))


def dataflow_programs(plan: Plan, variables: Mapping[str, str]) -> dict[int, Program]:
    """Return every dataflow process by the port of its /metrics: the one that is set and those after it, or free ones.

    :raises StartError: one of them is taken.
    """
    host, first = plan.settings.metrics_host, plan.settings.metrics_port
    count = len(plan.commands.dataflows) * plan.workers
    if first + count > 65_536:
        raise StartError(f"CAROUSEL_METRICS_PORT is {first}: {count} dataflow processes need as many ports from it on")
    programs: dict[int, Program] = {}
    for flow in plan.commands.dataflows:
        for share in range(1, plan.workers + 1):
            alone = plan.workers == 1
            name = f"dataflow-{flow[-1]}" if alone else f"dataflow-{flow[-1]}-{share}"
            command = plan.commands.line(flow, *(() if alone else ("--share", f"{share}/{plan.workers}")))
            wanted = first + len(programs) if first else 0
            port = free_port(host, wanted, names=("CAROUSEL_METRICS_HOST", "CAROUSEL_METRICS_PORT"))
            programs[port] = Program(
                name, command, {**variables, "CAROUSEL_METRICS_PORT": str(port)}, read_line=_reader(plan.settings)
            )
    return programs
