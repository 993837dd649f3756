"""What somebody remembers while they look for a car: what they saw, what they would take, what they still hope for.

None of it adds up over a car's traits: a car seen before has lost its charm, only what is on the shortlist is
considered, and whoever has looked for long takes what they would have passed over at first.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SATED = 1.0  # utility that a car loses each time it was looked at
_SHORTLIST = 5  # cars people can keep apart
_CONTENT = 0.98  # quantile of the stock that is worth a second look
_HOPE = (0.9995, 0.98)  # quantile of the stock somebody would take, in their first and in their last session
_IN_VAIN = 0.5  # patience that a session without anything worth a look costs on top


class Hunt:
    """The search of one shopper for one car.

    :ivar content: utility that is worth a second look.
    """

    def __init__(self, of_stock: NDArray[np.float64], patience: float) -> None:
        """:param of_stock: utility of the listings of the stock, or of a fair sample."""
        self._of_stock = np.sort(of_stock)
        self._patience = self._left = patience
        self._looks: Counter[str] = Counter()
        self._shortlist: dict[str, float] = {}
        self._dropped: set[str] = set()
        self.content = self._quantile(_CONTENT)

    def attraction(self, listing_ids: Sequence[str], utilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what draws to each listing (n,): its utility, less for every time it was looked at."""
        return utilities - _SATED * np.array([self._looks[i] for i in listing_ids])

    def pleased(self, utility: float) -> float:
        """Return 0 (not at all) to 1: how good a car is beside what is on offer."""
        return float(1 / (1 + np.exp(-(utility - self.content))))

    def percentile(self, utility: float) -> float:
        """Return the share of the stock that is worse."""
        return float(np.searchsorted(self._of_stock, utility) / max(len(self._of_stock), 1))

    def look(self, listing_id: str, utility: float) -> bool:
        """Look at a car; return whether it is on the shortlist now."""
        self._looks[listing_id] += 1
        if utility < self.content or listing_id in self._dropped:
            return False
        self._shortlist[listing_id] = utility
        if len(self._shortlist) > _SHORTLIST:
            del self._shortlist[min(self._shortlist, key=self._shortlist.__getitem__)]
        return listing_id in self._shortlist

    def pick(self) -> str | None:
        """Return the best of the shortlist if it is as good as one still hopes for."""
        if not self._shortlist:
            return None
        best = max(self._shortlist, key=self._shortlist.__getitem__)
        return best if self._shortlist[best] >= self.hope else None

    def drop(self, listing_id: str) -> None:
        """Forget a car for good: it was not what it promised, or somebody else has it."""
        self._shortlist.pop(listing_id, None)
        self._dropped.add(listing_id)

    @property
    def hope(self) -> float:
        """Utility of a car they would take: less with every session."""
        first, last = _HOPE
        return self._quantile(last + (first - last) * max(self._left, 0.0) / self._patience)

    def end_session(self, *, found: bool) -> None:
        self._left -= 1.0 if found else 1.0 + _IN_VAIN

    @property
    def is_over(self) -> bool:
        return self._left <= 0

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self._of_stock, share)) if len(self._of_stock) else 0.0
