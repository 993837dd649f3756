"""What a shopper said and hid last: it counts at once, before the dataflow has applied it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from carousel.activity.events import decode
from carousel.activity.log import hidden_in, hidden_key, stated_key
from carousel.storage.valkey import AsyncValkey
from carousel.taste.taste import Taste, update


@dataclass(frozen=True)
class Latest:
    """Listings hidden (True) or shown again (False) lately, and the last statement as `stated_key` holds it."""

    overlay: Mapping[str, bool]
    said: bytes | None

    @classmethod
    async def load(cls, valkey: AsyncValkey, shopper_id: str) -> Self:
        """Ask Valkey for both in one round trip; raises its errors."""
        pipeline = valkey.pipeline(transaction=False)
        cls.ask(pipeline, shopper_id)
        return cls.of(*await pipeline.execute())

    @staticmethod
    def ask(pipeline: Any, shopper_id: str) -> None:
        """Ask for the two answers `of` takes."""
        pipeline.hgetall(hidden_key(shopper_id))
        pipeline.get(stated_key(shopper_id))

    @classmethod
    def of(cls, overlay: Mapping[bytes, bytes], said: bytes | None) -> Self:
        """Build it from the answers `ask` asked for."""
        return cls(hidden_in(overlay), said)

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
        event = decode(entry)
        if event.event_id <= taste.stated.event_id:
            return taste
        after = update(taste, event, None)
        # Statements before the last one may still be on their way, too.
        return replace(after, version=max(after.version, int(version)))
