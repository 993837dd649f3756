"""Evidence: how much speaks for and against each trait, by name ("make=Skoda").

The three amounts are evidence at the scale of this session, of this purchase, and against. They are float32 from the
start, in memory as in the database, and events are added one after the other: a taste does not depend on when it was
written and read again, and recomputed from the archive it is the same to the last bit.
"""

import struct
import sys
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from carousel.catalogue.traits import TraitRows

Amounts = tuple[float, float, float]
"""Evidence for one value: (this session, this purchase, against)."""

_COUNT = struct.Struct("<I")
_BETWEEN = "\x00"  # in no name: PostgreSQL's text cannot hold it


class Evidence:
    """Amounts (3, n) of n traits; never changed in place."""

    __slots__ = ("amounts", "traits")

    def __init__(self, traits: Mapping[str, int], amounts: NDArray[np.float32]) -> None:
        self.traits = traits
        """The column of each trait."""
        self.amounts = amounts

    @classmethod
    def of(cls, nested: Mapping[str, Mapping[str, Amounts]]) -> "Evidence":
        """Build evidence from amounts per block and value."""
        amounts = {f"{block}={value}": a for block, values in nested.items() for value, a in values.items()}
        columns = np.array(list(amounts.values()), dtype=np.float32).reshape(-1, 3).T
        return cls({trait: column for column, trait in enumerate(amounts)}, np.ascontiguousarray(columns))

    def nested(self) -> dict[str, dict[str, Amounts]]:
        """Return the amounts per block and value, without those of nothing."""
        blocks: dict[str, dict[str, Amounts]] = {}
        for trait, amounts in zip(self.traits, self.amounts.T.tolist(), strict=True):
            if any(amounts):
                block, _, value = trait.partition("=")
                blocks.setdefault(block, {})[value] = tuple(amounts)
        return blocks

    def __bool__(self) -> bool:
        return bool(self.traits)

    def __eq__(self, other: object) -> bool:
        """Return whether the same traits have the same amounts, to the last bit."""
        return isinstance(other, Evidence) and self.nested() == other.nested()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __repr__(self) -> str:
        return f"Evidence({self.nested()})"

    def scaled(self, scales: Amounts, forget_below: float) -> "Evidence":
        """Return all amounts times `scales`, without the traits that have nothing left that matters."""
        amounts = self.amounts * np.array(scales, dtype=np.float32)[:, None]
        matters = amounts.max(axis=0, initial=0) > forget_below
        if matters.all():
            return Evidence(self.traits, amounts)
        kept = [trait for trait, matter in zip(self.traits, matters.tolist(), strict=True) if matter]
        return Evidence({trait: column for column, trait in enumerate(kept)}, amounts[:, matters])

    def joined(self, other: "Evidence") -> "Evidence":
        """Return the sum of two."""
        traits, amounts = self.widened(other.traits)
        amounts[:, [traits[trait] for trait in other.traits]] += other.amounts
        return Evidence(traits, amounts)

    def widened(self, more: Mapping[str, object]) -> tuple[dict[str, int], NDArray[np.float32]]:
        """Return copies of traits and amounts with columns for more traits."""
        traits = dict(self.traits)
        for trait in more:
            traits.setdefault(trait, len(traits))
        amounts = np.zeros((3, len(traits)), dtype=np.float32)
        amounts[:, : self.amounts.shape[1]] = self.amounts
        return traits, amounts

    def to_bytes(self) -> bytes:
        """Return the form in the database: the number of traits, the three rows of amounts, the names."""
        amounts = self.amounts.astype("<f4", copy=False).tobytes()
        return _COUNT.pack(len(self.traits)) + amounts + _BETWEEN.join(self.traits).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Evidence":
        """Read what `to_bytes` wrote."""
        (count,) = _COUNT.unpack_from(stored)
        if not count:
            return NONE
        amounts = np.frombuffer(stored, "<f4", 3 * count, _COUNT.size).reshape(3, count)
        names = map(sys.intern, stored[_COUNT.size + amounts.nbytes :].decode().split(_BETWEEN))
        return cls({name: column for column, name in enumerate(names)}, amounts)


NONE = Evidence({}, np.empty((3, 0), dtype=np.float32))


class Tally:
    """Evidence that events are added to. What only adds is kept aside and added at once: the sums are the same."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._traits: dict[str, int] = dict(evidence.traits)
        self._columns: list[int] = []
        self._memberships: list[NDArray[np.float32]] = []
        self._scales: list[tuple[float, float]] = []

    @property
    def size(self) -> int:
        """Of how many traits there may be evidence."""
        return len(self._traits)

    def like(self, traits: TraitRows, session: float, purchase: float) -> None:
        """Add evidence for traits."""
        columns = self._traits
        for trait in traits.names:
            if trait not in columns:
                columns[trait] = len(columns)
        self._columns += [columns[trait] for trait in traits.names]
        self._memberships.append(traits.memberships)
        self._scales.append((session, purchase))

    def take_back(self, traits: TraitRows, session: float, purchase: float) -> None:
        """Take evidence for traits back, never below none."""
        self._lessen(traits, slice(0, 2), (session, purchase))

    def dislike(self, traits: TraitRows, against: float) -> None:
        """Add evidence against traits; below zero some is taken back, never below none."""
        self._lessen(traits, slice(2, 3), (against,))

    def forget(self, is_gone: Callable[[str], bool]) -> None:
        """Drop the evidence for and against some traits."""
        evidence = self.evidence()
        kept = [trait for trait in evidence.traits if not is_gone(trait)]
        columns = [evidence.traits[trait] for trait in kept]
        self._start(Evidence({trait: at for at, trait in enumerate(kept)}, evidence.amounts[:, columns]))

    def keep_strongest(self, count: int) -> None:
        """Drop all but the traits with most evidence, of what lasts and against."""
        evidence = self.evidence()
        strongest = np.argsort(-evidence.amounts[1:].sum(axis=0), kind="stable")[:count]
        traits = list(evidence.traits)
        kept = np.sort(strongest)
        self._start(Evidence({traits[at]: i for i, at in enumerate(kept.tolist())}, evidence.amounts[:, kept]))

    def evidence(self) -> Evidence:
        """Return the evidence with everything that was added."""
        if not self._columns:
            return self._evidence
        _, amounts = self._evidence.widened(self._traits)
        memberships = np.concatenate(self._memberships)
        times = [len(m) for m in self._memberships]
        added = memberships * np.repeat(np.array(self._scales, dtype=np.float32).T, times, axis=1)
        columns = np.array(self._columns)
        for row in (0, 1):  # one after the other, also where a trait comes twice
            np.add.at(amounts[row], columns, added[row])
        self._start(Evidence(self._traits, amounts))
        return self._evidence

    def scale(self, scales: Amounts, forget_below: float) -> None:
        """Multiply all amounts, and forget what has become next to nothing."""
        self._start(self.evidence().scaled(scales, forget_below))

    def _lessen(self, traits: TraitRows, rows: slice, scales: tuple[float, ...]) -> None:
        columns_of, amounts = self.evidence().widened(dict.fromkeys(traits.names))
        columns = [columns_of[trait] for trait in traits.names]
        added = traits.memberships * np.array(scales, dtype=np.float32)[:, None]
        amounts[rows, columns] = np.maximum(amounts[rows, columns] + added, 0)
        self._start(Evidence(columns_of, amounts))

    def _start(self, evidence: Evidence) -> None:
        self.__init__(evidence)  # type: ignore[misc]
