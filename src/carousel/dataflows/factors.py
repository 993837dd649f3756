"""The factors dataflow: what the choice model makes of a shopper is ready before they ask again.

A flow of its own, so that it never delays the taste: it waits until that one has committed the same events, then finds
the interests of everybody they touch, once per batch. What it writes is a cache; the API finds them itself meanwhile.
"""

import asyncio
import os
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import bytewax.operators as op
import psycopg
from bytewax.dataflow import Dataflow
from pgvector.psycopg import register_vector_async

from carousel.activity.events import Event, moves_taste
from carousel.activity.repository import positions
from carousel.catalogue.snapshot import LiveSnapshot
from carousel.crowd import repository as crowd_repository
from carousel.crowd.choice_model import ChoiceModel
from carousel.dataflows import taste
from carousel.dataflows.commit import CommitSink, wait_for_positions
from carousel.dataflows.connectors import ActivitySource, Batch, Reader, decode_entries
from carousel.dataflows.waiting import Stop
from carousel.errors import UnavailableError
from carousel.recommend import factors, interests
from carousel.recommend.crowd import Crowd
from carousel.settings import Settings
from carousel.storage.postgres import AsyncConnection, Connection, connect, lasting
from carousel.storage.valkey import make
from carousel.taste.repository import load_intact
from carousel.telemetry import log

FLOW = "factors"
_LONGEST_WAIT = 10.0  # seconds for the taste flow; after that the shopper's next event does it
_POLL = 0.005
_MOST = 2_000  # shoppers of one batch, the latest: about ten seconds of work
_MODEL_EVERY = 5.0

logger = log(__name__)


def build(database_url: str, valkey_url: str, streams: list[str], stop: threading.Event) -> Dataflow:
    """Return the flow over some streams; setting `stop` ends it after the batch at hand."""

    def open_reader() -> Reader:
        return Reader(make(valkey_url), wait_for_positions(database_url, FLOW, streams, stop), stop)

    after_taste = AfterTaste(database_url, stop)
    flow = Dataflow(FLOW)
    replies = op.input("read_activity", flow, ActivitySource(open_reader))
    batches = op.map("decode_entries", replies, decode_entries)
    settled = op.flat_map_batch("after_taste", batches, after_taste)
    op.output("commit_factors", settled, CommitSink(FLOW, database_url, lambda: FactorsWork(database_url), stop))
    return flow


def run(settings: Settings, share: tuple[int, int] = (1, 1)) -> None:
    """Run one process of the flow until SIGTERM, like that of the taste, and after it where the processor is short."""
    os.nice(5)
    taste.run_flow(FLOW, build, settings, share)


class AfterTaste:
    """Holds what was read together until the taste flow has committed it, for ten seconds at most."""

    def __init__(self, database_url: str, stop: threading.Event) -> None:
        self._database_url = database_url
        self._stop = stop
        self._connection: Connection | None = None

    def __call__(self, batches: list[Batch]) -> list[Batch]:
        wanted = {batch.stream: batch.move.last_id for batch in batches}  # the last of each
        end = time.monotonic() + _LONGEST_WAIT
        while time.monotonic() < end and not self._has_committed(wanted):
            if self._stop.wait(_POLL):
                raise Stop
        return batches

    def _has_committed(self, wanted: Mapping[str, str]) -> bool:
        try:
            self._connection = self._connection or connect(self._database_url)
            at = positions(self._connection, taste.FLOW, list(wanted))
        except (UnavailableError, psycopg.OperationalError):
            self._connection = None
            return False
        return all(_number(at[stream]) >= _number(last_id) for stream, last_id in wanted.items())


class FactorsWork:
    """Finds the interests of everybody whose taste some events moved."""

    stale: tuple[type[Exception], ...] = ()

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._loop = asyncio.new_event_loop()
        self._reads: AsyncConnection | None = None
        self._live = LiveSnapshot()
        self._crowd: Crowd | None = None
        self._version: int | None = None
        self._model_at = float("-inf")

    def apply(self, connection: Connection, events: Sequence[Event]) -> None:
        """Write the factors of those whom fresh events are about."""
        now = datetime.now(UTC)
        touched = {e.shopper_id: None for e in events if moves_taste(e) and now - e.received_at < factors.FRESH}
        if not touched:
            return
        self._loop.run_until_complete(self._keep_up())
        if self._crowd is None:
            return
        snapshot = self._live.snapshot
        crowd = self._crowd.refresh(snapshot)
        tastes = load_intact(connection, list(touched)[-_MOST:])
        homes = {t.merged_into for t in tastes.values() if t.merged_into} - tastes.keys()
        tastes |= load_intact(connection, homes)
        made = {}
        for shopper_id, one in tastes.items():
            if one.merged_into or not one.stated.personalised:
                continue
            if found := interests.find(one, snapshot, crowd, now):
                made[shopper_id] = factors.factors_of(
                    found, snapshot, taste_version=one.version, crowd_version=crowd.version, now=now
                )
        if made:
            factors.save(connection, made)

    def committed(self, events: Sequence[Event]) -> None:
        """Tell nobody: the taste flow has woken the browsers already."""

    def rolled_back(self, error: Exception) -> None:  # noqa: ARG002
        """Read by a new connection from now on: the server may have been away."""
        if self._reads is not None:
            self._loop.run_until_complete(self._reads.close())
            self._reads = None

    async def _keep_up(self) -> None:
        """Read what changed in the catalogue, and every few seconds which model is served."""
        if self._reads is None:
            self._reads = await psycopg.AsyncConnection.connect(
                lasting(self._database_url), autocommit=True, connect_timeout=10
            )
            await register_vector_async(self._reads)
        await self._live.current(self._reads)
        if time.monotonic() - self._model_at > _MODEL_EVERY:
            wanted, stored = await crowd_repository.served(self._reads, self._version)
            if wanted != self._version:
                self._crowd = Crowd(ChoiceModel.from_bytes(stored), wanted or 0) if stored else None
                self._version = wanted
                logger.info("choice_model_used", version=wanted)
            self._model_at = time.monotonic()


def _number(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)
