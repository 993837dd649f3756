"""What a shopper said and hid last, and whether they were erased: it counts at once, before the dataflow knows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from carousel.activity.events import decode
from carousel.activity.log import ERASED, erased_key, hidden_in, hidden_key, shopper_hash, stated_key
from carousel.api.tokens import Shopper
from carousel.errors import AccessError, InputError
from carousel.storage.valkey import AsyncValkey
from carousel.taste.stated import statement_of
from carousel.taste.taste import Taste, merge, update
from carousel.telemetry import log

_logger = log(__name__)


@dataclass(frozen=True)
class Latest:
    """Listings hidden (True) or shown again (False) lately, and the last statement as `stated_key` holds it."""

    overlay: Mapping[str, bool]
    said: bytes | None
    erased_at: datetime | None = None

    @classmethod
    async def load(cls, valkey: AsyncValkey, shopper_id: str) -> Self:
        """Ask Valkey for all in one round trip; raises its errors."""
        pipeline = valkey.pipeline(transaction=False)
        cls.ask(pipeline, shopper_id)
        return cls.of(*await pipeline.execute())

    @staticmethod
    def ask(pipeline: Any, shopper_id: str) -> None:
        """Ask for the three answers `of` takes."""
        pipeline.hgetall(hidden_key(shopper_id))
        pipeline.get(stated_key(shopper_id))
        pipeline.get(erased_key(shopper_hash(shopper_id)))

    @classmethod
    def of(cls, overlay: Mapping[bytes, bytes], said: bytes | None, erased: bytes | None) -> Self:
        """Build it from the answers `ask` asked for."""
        return cls(hidden_in(overlay), said, datetime.fromtimestamp(int(erased) / 1_000, UTC) if erased else None)

    def refuse_erased(self, shopper: Shopper) -> None:
        """:raises AccessError: the shopper was erased since their token was made; nothing is kept of them again."""
        if self.erased_at and shopper.issued_at and shopper.issued_at <= self.erased_at:
            raise AccessError(ERASED)

    def hidden(self, taste: Taste) -> frozenset[str]:
        """Return what the shopper has hidden, with what was hidden or shown again just now."""
        hidden: set[str] = set(taste.hidden)
        for listing_id, is_hidden in self.overlay.items():
            (hidden.add if is_hidden else hidden.discard)(listing_id)
        return frozenset(hidden)

    def stated(self, taste: Taste) -> Taste:
        """Return a taste with the shopper's last statement."""
        if self.said is None:
            return taste
        version, _, entry = self.said.partition(b" ")
        try:
            event = decode(entry)
        except InputError as error:  # the dataflow could not apply it either
            _logger.error("the last statement cannot be read", error=str(error))
            return taste
        if event.event_id <= taste.stated.event_id:
            return taste
        if version == b"0":  # of the visit that this account took over
            visit = replace(Taste.empty(taste.as_of), stated=statement_of(event).stated)
            # Without a version of its own: a slate made of it must not pass for one of the merged taste.
            return replace(merge(taste, visit), version=taste.version)
        after = update(taste, event, None)
        # Statements before the last one may still be on their way, too.
        return replace(after, version=max(after.version, int(version)))
