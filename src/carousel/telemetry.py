"""Logs, metric names and request ids: what every process says about itself, in one vocabulary."""

import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import Literal

import structlog
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.multiprocess import mark_process_dead

FAST = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

http_requests = Counter("carousel_http_requests_total", "Requests answered", ["method", "route", "status"])
http_seconds = Histogram("carousel_http_request_seconds", "Time to answer a request", ["method", "route"], buckets=FAST)
events_accepted = Counter("carousel_events_total", "Events by type and what became of them", ["type", "status"])
stage_seconds = Histogram("carousel_recommend_stage_seconds", "Time of one stage of a slate", ["stage"], buckets=FAST)
slates_served = Counter("carousel_slates_total", "Slates served", ["placement", "cache"])
slates_refused = Counter("carousel_slates_refused_total", "Pages refused because too many were asked for at once")
slates_lost = Counter("carousel_slates_lost_total", "Served slates that could not be kept in the log")
snapshot_listings = Gauge(
    "carousel_snapshot_listings", "Active listings held in memory", multiprocess_mode="livemostrecent"
)
crowd_version = Gauge(
    "carousel_crowd_version",
    "Version of the choice model that is served; 0 is none",
    multiprocess_mode="livemostrecent",
)
spool_events = Gauge("carousel_spool_events", "Events that wait on disk for the event log", multiprocess_mode="livesum")
spool_oldest_seconds = Gauge(
    "carousel_spool_oldest_seconds", "How long the first of them has waited", multiprocess_mode="livemax"
)
flow_events = Counter("carousel_flow_events_total", "Events a dataflow committed", ["flow"])
flow_unknown_listings = Counter(
    "carousel_flow_unknown_listings_total",
    "Committed events about a listing that the catalogue does not have",
    ["flow"],
)
flow_dead_letters = Counter("carousel_flow_dead_letters_total", "Events set aside", ["flow", "kind"])
flow_dead_letters_held = Gauge("carousel_flow_dead_letters_held", "Dead letters in the table", ["flow", "kind"])
flow_unread = Gauge("carousel_flow_unread_entries", "Entries of the log not committed yet", ["flow", "stream"])
flow_behind_seconds = Gauge("carousel_flow_behind_seconds", "Age of the oldest of them", ["flow", "stream"])
flow_unread_trimmed = Gauge(
    "carousel_flow_unread_trimmed_entries", "Entries that were removed before they were read", ["flow", "stream"]
)
flow_watched = Gauge(
    "carousel_flow_watched_timestamp_seconds", "When a dataflow last saw how it stands on its streams", ["flow"]
)
flow_alarm = Gauge("carousel_flow_alarm", "1 while something is wrong", ["flow", "stream", "alarm"])
flow_lag_seconds = Histogram("carousel_flow_lag_seconds", "From accepted to committed", ["flow"], buckets=FAST)


def forget_dead_processes(folder: str) -> None:
    """Take what processes that are gone said of that moment (how much they spool, say) out of the metrics they shared.

    What they counted stays: a sum that went back would look like a restart.
    """
    for pid in {int(file.stem.rpartition("_")[2]) for file in Path(folder).glob("gauge_live*_[0-9]*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(FileNotFoundError):  # another process does the same
                mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
        except PermissionError:  # another user's process has the number now, and this one cannot tell
            continue


def configure_logging(process: str, *, level: str = "INFO", log_format: Literal["json", "console"] = "json") -> None:
    """Send every log line of this process to standard error, with the process named.

    Library loggers go through the same renderer, so one stream holds one format.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _method, event: {"process": process, **event},
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.configure(
        # What is below the level is dropped first: two debug lines a request were a tenth of accepting an event.
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class Repeated:
    """What may go wrong each time something is tried: said when it begins, and again when its reason is another."""

    def __init__(self, logger: structlog.stdlib.BoundLogger, event: str) -> None:
        self._logger = logger
        self._event = event
        self._reason = ""

    def wrong(self, error: Exception, **more: object) -> None:
        reason = str(error) or type(error).__name__
        if reason != self._reason:
            self._logger.warning(self._event, error=reason, **more)
        self._reason = reason

    def well(self) -> None:
        self._reason = ""


def log(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
