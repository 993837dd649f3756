"""`carousel up`: everything on one machine, started in order, kept running, stopped in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from carousel import __version__
from carousel.embedded.checks import free_port
from carousel.embedded.child import Child
from carousel.embedded.errands import run_errand
from carousel.embedded.home import Home
from carousel.embedded.plan import Plan
from carousel.embedded.prepare import prepare
from carousel.embedded.programs import (
    api_program,
    child_environment,
    dataflow_programs,
    server_program,
    training_program,
)
from carousel.embedded.readiness import answers, catalogue_is_empty, check_valkey, local_address
from carousel.embedded.secrets import keys
from carousel.embedded.server import READY_SECONDS, Server, wait_until_ready
from carousel.embedded.servers import make_servers
from carousel.errors import StartError, UnavailableError
from carousel.settings import Settings
from carousel.telemetry import log

# A child that ended so often before it was ready once (1.5 s of pauses by then) will not do better the next time.
HOPELESS = 5
# A stop takes 10 s at most: the children of ours get half of it, Postgres what is left for its checkpoint.
STOP_SECONDS, OURS_SECONDS, VALKEY_SECONDS = 9.5, 4.5, 2.0

_logger = log(__name__)


def up(plan: Plan, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; `announce` gets the one line that says that everything answers.

    :raises StartError: it cannot start as asked.
    """
    home = Home.of(plan.settings.home)
    home.prepare()
    with home.lock():
        home.run_file.unlink(missing_ok=True)  # of one that was killed
        asyncio.run(_Supervisor(plan, home).run(announce))


class _Supervisor:
    def __init__(self, plan: Plan, home: Home) -> None:
        port = free_port(plan.settings.host, plan.settings.port)
        self.plan = plan
        self.home = home
        self.settings = plan.settings.model_copy(update={"home": home.path, "port": port})
        self.url = _at(plan.settings.host, port)
        self.postgres: Child | None = None
        self.valkey: Child | None = None
        self.ours: list[Child] = []
        self.stopping = asyncio.Event()

    async def run(self, announce: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup a closed terminal does not count
                loop.add_signal_handler(number, self.stopping.set)
        starting = asyncio.create_task(self._start())
        asked_to_stop = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait([starting, asked_to_stop], return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not self.stopping.is_set():
                await starting
                announce(f"Carousel is ready at {self.url}")
                await asked_to_stop
        finally:
            end = time.monotonic() + STOP_SECONDS
            self.stopping.set()
            starting.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await starting  # an errand that is under way takes up to two of the seconds
            await self._stop(end)

    async def _start(self) -> None:
        settings = await self._start_servers()
        assert settings.database_url is not None
        await asyncio.to_thread(prepare, settings.database_url, settings.partitions)
        empty = await asyncio.to_thread(catalogue_is_empty, settings.database_url)
        demo = self._decide_demo(empty)
        variables = child_environment(settings, keys(self.home, settings), demo=demo)

        api = Child(api_program(self.plan, variables))
        flows = {port: Child(program) for port, program in dataflow_programs(self.plan, variables).items()}
        flows_at = local_address(settings.metrics_host)
        self._write_run_file(settings, {flow.name: _at(flows_at, port) for port, flow in flows.items()})
        self.ours = [api, *flows.values()]
        for child in self.ours:
            child.start()

        await self._fill(variables, market=demo and empty)
        await self._until_ready(api, local_address(settings.host), settings.port, "/readyz")
        for port, flow in flows.items():
            await self._until_ready(flow, flows_at, port, "/metrics")
        if settings.train_every:
            training = Child(training_program(self.plan, variables))
            self.ours.append(training)
            training.start()

    async def _start_servers(self) -> Settings:
        """Start the servers no URL was given for, and return the settings with both URLs."""
        urls: dict[str, str] = {}
        if not self.settings.database_url or not self.settings.valkey_url:
            postgres, valkey = await asyncio.to_thread(make_servers, self.home, valkey_fsync=self.settings.valkey_fsync)
            waiting = []
            if not self.settings.database_url:
                urls["database_url"] = postgres.url
                self.postgres = Child(server_program(postgres))
                waiting.append(self._start_server(postgres, self.postgres))
            if not self.settings.valkey_url:
                urls["valkey_url"] = valkey.url
                self.valkey = Child(server_program(valkey))
                waiting.append(self._start_server(valkey, self.valkey))
            await asyncio.gather(*waiting)
        settings = self.settings.model_copy(update=urls)
        assert settings.valkey_url is not None
        await asyncio.to_thread(check_valkey, settings.valkey_url)
        return settings

    async def _start_server(self, server: Server, child: Child) -> None:
        child.start()
        try:
            await asyncio.to_thread(
                wait_until_ready, server, lambda: child.failures < HOPELESS and not self.stopping.is_set()
            )
        except UnavailableError as error:
            raise StartError(f"{server.name} does not start: {child.last_words or error}") from error

    def _decide_demo(self, catalogue_empty: bool) -> bool:
        """Decide whether shoppers log in by email; a home remembers it, as its catalogue is empty only once.

        It remembers whose tokens it accepts, too: commands about a person find the account by what that issuer says.
        """
        before = self.home.read_mode()
        demo = next((bool(said) for said in (self.plan.demo, before.get("demo")) if said is not None), catalogue_empty)
        issuer = self.settings.oidc_issuer or before.get("oidc_issuer")
        self.home.write_mode({"demo": demo, "oidc_issuer": issuer})
        if demo:
            _logger.info(
                "demo mode: shoppers log in by email, without a password; the key for catalogue writes is in a file",
                file=str(self.home.secrets),
            )
        return demo

    async def _fill(self, variables: dict[str, str], *, market: bool) -> None:
        commands = self.plan.commands
        if self.plan.import_file is not None:
            file = str(self.plan.import_file)
            summary = await run_errand(f"importing {file}", commands.line(commands.import_file, file), variables)
            _logger.info("imported", file=file, summary=summary)
        elif market:
            await run_errand("loading the simulated market", commands.line(commands.load_market), variables)

    async def _until_ready(self, child: Child, host: str, port: int, path: str) -> None:
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                return await answers(host, port, path)
            except UnavailableError as error:
                if child.failures >= HOPELESS:
                    why = child.last_words or "see the log above"
                    raise StartError(f"{child.name} ended {HOPELESS} times while starting: {why}") from error
                if time.monotonic() > end:
                    raise StartError(f"{child.name} was not ready within {READY_SECONDS:.0f} s ({error})") from error
            await asyncio.sleep(0.05)

    def _write_run_file(self, settings: Settings, flows: dict[str, str]) -> None:
        self.home.write_run_file(
            {
                "pid": os.getpid(),
                "version": __version__,
                "url": self.url,
                "metrics": {name: f"{url}/metrics" for name, url in {"api": self.url, **flows}.items()},
                "database_url": settings.database_url,
                "valkey_url": settings.valkey_url,
                "secrets": str(self.home.secrets),
            }
        )

    async def _stop(self, end: float) -> None:
        """Stop who writes before what is written to; `end` is when it has to be over, by the monotonic clock."""
        _logger.info("stopping")
        await asyncio.gather(*(child.stop(OURS_SECONDS) for child in self.ours))
        if self.valkey is not None:
            await self.valkey.stop(VALKEY_SECONDS)
        if self.postgres is not None:
            await self.postgres.stop(end - time.monotonic())
        self.home.run_file.unlink(missing_ok=True)
        _logger.info("stopped")


def _at(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
