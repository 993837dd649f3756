"""The taste dataflow: every event moves what its shopper wants, within milliseconds and exactly once.

Start here, then `fold.py` (what is done with events), `commit.py` (how it survives everything) and `connectors.py`
(how events are read).
"""

import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main
from prometheus_client import start_http_server

from carousel.activity import retention
from carousel.activity.log import stream_keys
from carousel.dataflows import janitor, watch
from carousel.dataflows.commit import CommitSink, check_partitions, wait_for_positions
from carousel.dataflows.connectors import ActivitySource, Reader, decode_entries, share_of
from carousel.dataflows.fold import TasteWork
from carousel.errors import StartError
from carousel.settings import Settings
from carousel.storage.valkey import make
from carousel.telemetry import configure_logging, log

FLOW = "taste"
_LONGEST_STOP = 0.8  # seconds; the largest batch takes 0.3 s, and one cut off is applied again from its position

logger = log(__name__)


def build(database_url: str, valkey_url: str, streams: list[str], stop: threading.Event) -> Dataflow:
    """Return the flow over some streams; setting `stop` ends it after the batch at hand."""

    def open_reader() -> Reader:
        return Reader(make(valkey_url), wait_for_positions(database_url, FLOW, streams, stop), stop)

    def make_work() -> TasteWork:
        return TasteWork(FLOW, make(valkey_url, socket_timeout=0.5))

    flow = Dataflow(FLOW)
    replies = op.input("read_activity", flow, ActivitySource(open_reader))  # (stream, previous id, [(id, fields)])
    batches = op.map("decode_entries", replies, decode_entries)  # Batch(stream, previous id, [Entry(id, Event | why)])
    op.output("commit_tastes", batches, CommitSink(FLOW, database_url, make_work, stop))
    return flow


def run(settings: Settings, share: tuple[int, int] = (1, 1)) -> None:
    """Run one process of the flow until SIGTERM; it also trims the streams, see `run_flow`."""
    run_flow(FLOW, build, settings, share, trims=True)


def run_flow(
    flow: str,
    build_flow: Callable[[str, str, list[str], threading.Event], Dataflow],
    settings: Settings,
    share: tuple[int, int],
    *,
    trims: bool = False,
) -> None:
    """Run one process of any flow until SIGTERM; `share` is (i, n): process i of n, counted from 1.

    :raises SystemExit: with 1, after an error only a new process can mend, such as being fenced off.
    """
    configure_logging(f"dataflow-{flow}", level=settings.log_level, log_format=settings.log_format)
    if not settings.database_url or not settings.valkey_url:
        raise StartError("CAROUSEL_DATABASE_URL and CAROUSEL_VALKEY_URL must both be set to run a dataflow by itself")
    retention.check(settings.activity_months)
    streams = share_of(stream_keys(settings.partitions), share)
    try:
        server, _ = start_http_server(settings.metrics_port, addr=settings.metrics_host)
    except OSError as error:
        raise StartError(
            f"port {settings.metrics_port} is in use; set CAROUSEL_METRICS_PORT to another, or 0"
        ) from error
    logger.info("dataflow_started", flow=flow, streams=streams, metrics_port=server.server_port)

    # Tastes and events are hundreds of thousands of small objects without cycles: looking through 5,000 tastes for
    # cycles takes 80 ms, and looking at each new event once is a tenth of the work behind a backlog.
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 1_000)
    stop = threading.Event()
    _stop_on_signals(stop)
    if trims:
        janitor.start(settings, streams, stop)
    watch.start(settings.database_url, make(settings.valkey_url), flow, streams, stop)
    try:
        check_partitions(settings.database_url, settings.partitions, stop)
        cli_main(build_flow(settings.database_url, settings.valkey_url, streams, stop))  # type: ignore[no-untyped-call]
    except Exception as error:
        if not stop.is_set():
            logger.error("dataflow_ended", flow=flow, error=_innermost(error), exc_info=True)
            raise SystemExit(1) from error
    logger.info("dataflow_stopped", flow=flow)


def _stop_on_signals(stop: threading.Event) -> None:
    def ask(_signal: int, _frame: Any) -> None:
        stop.set()
        timer = threading.Timer(_LONGEST_STOP, os._exit, (0,))
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"
