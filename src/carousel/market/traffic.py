"""Shoppers on a running Carousel: they ask for pages over HTTP, choose by their own utility, and say what they did."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from numpy.typing import NDArray
from uuid_utils import uuid7

from carousel.catalogue.listing import DERIVED, Listing
from carousel.errors import InputError, UnavailableError
from carousel.market.shoppers import Shopper, Stock, Wish, choose, make_shoppers, wanted

_AT_ONCE = 64  # shoppers on the site at the same time, at most
_TASTE = 20  # listings of a slate
_SEARCHES = 0.3  # share of the pages that are searches
_PAGES = (3, 7)  # of a session
_REFERENCE = 600  # listings that say what the whole stock is worth to somebody
_TRIES = 8
_FROM_DOCUMENT = {f.name for f in fields(Listing)} - {"attributes", "import_warnings"} - set(DERIVED)


@dataclass
class Traffic:
    """What happened so far.

    :ivar percentile_sum: over the recommended slates, the share of the stock that is worse for the shopper than the
        slate's mean car.
    """

    shoppers: int = 0
    events: int = 0
    slates: int = 0
    searches: int = 0
    clicks: int = 0
    recommended_clicks: int = 0
    contacts: int = 0
    sales: int = 0
    retries: int = 0
    rejected: int = 0
    percentile_sum: float = 0.0

    @property
    def click_rate(self) -> float:
        """Clicks for each page shown."""
        return self.clicks / max(self.slates + self.searches, 1)

    @property
    def percentile(self) -> float:
        """Where the mean recommended car stands in the stock, by the shopper's own utility: 0.5 is chance."""
        return self.percentile_sum / max(self.slates, 1)


class Site:
    """The marketplace over HTTP; a request that meets 503 or a lost connection is sent again, as docs/events.md asks.

    :param secret_key: marks bought cars as sold; None: nothing is ever sold.
    """

    def __init__(self, client: httpx.AsyncClient, traffic: Traffic, *, secret_key: str | None = None) -> None:
        self._client = client
        self._traffic = traffic
        self._key = secret_key

    async def log_in(self, email: str) -> str:
        return str((await self._ask("POST", "/v1/token", json={"email": email}))["token"])

    async def recommended(self, token: str) -> tuple[str, list[dict[str, Any]]]:
        answer = await self._ask("GET", "/v1/recommendations", token, params={"placement": "home", "n": _TASTE})
        return answer["recommendation_id"], answer["listings"]

    async def found(self, token: str | None, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        listings: list[dict[str, Any]] = (await self._ask("GET", "/v1/listings", token, params=params))["listings"]
        return listings

    async def tell(self, token: str, events: Sequence[dict[str, Any]]) -> None:
        answer = await self._ask("POST", "/v1/events", token, json={"events": list(events)})
        self._traffic.events += len(events)
        self._traffic.rejected += sum(result["status"] == "rejected" for result in answer["results"])

    async def sell(self, listing_id: str) -> None:
        if self._key is not None:
            await self._ask("PATCH", f"/v1/listings/{listing_id}", self._key, json={"status": "sold"})
            self._traffic.sales += 1

    async def _ask(self, method: str, path: str, token: str | None = None, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for attempt in range(_TRIES):
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.request(method, path, headers=headers, **said)
                if answer.status_code < 300:
                    return answer.json()
                if answer.status_code < 500:
                    raise InputError(f"{method} {path} answers {answer.status_code}: {answer.text[:300]}")
                if answer.status_code == 503:
                    await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
            self._traffic.retries += 1
            await asyncio.sleep(min(0.2 * 2**attempt, 3))
        raise UnavailableError(f"{method} {path} does not answer; is `carousel up` still running?")


class _Pace:
    """Lets so many events a second through."""

    def __init__(self, rate: float) -> None:
        self._seconds = 1 / rate
        self._due = time.monotonic()

    async def wait(self, events: int) -> None:
        now = time.monotonic()
        self._due = max(self._due, now - 1) + events * self._seconds
        await asyncio.sleep(max(0.0, self._due - now))


async def drive(
    url: str,
    *,
    shoppers: int,
    rate: float,
    seconds: float | None = None,
    seed: int = 1,
    secret_key: str | None = None,
    told: Callable[[Traffic], None] = lambda _: None,
) -> Traffic:
    """Let shoppers browse until the time is over, or until all have left for want of patience or with a car.

    :param url: of a Carousel in demo mode.
    :param shoppers: how many there are in all; some 64 are on the site at once.
    :param rate: events a second, of all together.
    :param told: called some times a second.
    :raises UnavailableError: it does not answer.
    :raises InputError: it answers that a request is wrong, as without demo mode.
    """
    traffic = Traffic()
    async with _client(url) as client:
        site = Site(client, traffic, secret_key=secret_key)
        stock = Stock([listing(d) for d in await _reference(site)])
        pace = _Pace(rate)
        end = None if seconds is None else time.monotonic() + seconds
        waiting = iter(enumerate(make_shoppers(shoppers, seed=seed)))

        async def browse() -> None:
            for number, shopper in waiting:
                if end is not None and time.monotonic() > end:
                    return
                traffic.shoppers += 1
                await _visit(site, shopper, stock, pace, np.random.default_rng([seed, number, 2]), traffic, end)

        visits = asyncio.gather(*(browse() for _ in range(min(_AT_ONCE, shoppers))))
        while not visits.done():
            told(traffic)
            await asyncio.wait([visits], timeout=0.25)
        visits.result()
        told(traffic)
    return traffic


async def _visit(
    site: Site,
    shopper: Shopper,
    stock: Stock,
    pace: _Pace,
    rng: np.random.Generator,
    traffic: Traffic,
    end: float | None,
) -> None:
    """Let one shopper come back until it has found a car or lost its patience."""
    token = await site.log_in(shopper.email)
    for number in range(shopper.patience):
        wish = shopper.wishes[number % len(shopper.wishes)]
        of_stock = wanted(shopper, wish, stock)
        session = uuid4().hex[:12]
        for _ in range(int(rng.integers(*_PAGES))):
            if end is not None and time.monotonic() > end:
                return
            events, bought = await _page(site, token, shopper, wish, of_stock, stock, rng, traffic)
            for event in events:
                event["session_id"] = session
            await pace.wait(len(events))
            await site.tell(token, events)
            if bought is not None:
                await site.sell(bought)
                return


async def _page(
    site: Site, token: str, shopper: Shopper, wish: Wish, of_stock: NDArray[np.float64], stock: Stock,
    rng: np.random.Generator, traffic: Traffic,
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """Look at one page; return what to tell the marketplace, and the listing that was bought."""
    events: list[dict[str, Any]] = []
    shown: dict[str, Any] = {}
    if rng.random() < _SEARCHES:
        filters = {"max_price": round(wish.budget_eur * 1.2), "currency": "EUR"}
        documents = await site.found(token, {**filters, "n": _TASTE})
        events.append(_event("search", context={"filters": filters}))
        traffic.searches += 1
    else:
        recommendation_id, documents = await site.recommended(token)
        shown = {"recommendation_id": recommendation_id, "placement": "home"}
        traffic.slates += 1
    if not documents:
        return events, None
    page = Stock([listing(document) for document in documents])
    utilities = wanted(shopper, wish, page, best=stock)
    if shown:
        traffic.percentile_sum += float(np.mean(of_stock < utilities.mean()))
    ids = [document["listing_id"] for document in documents]
    events.append(_event("impression", listing_ids=ids, **shown))
    content = float(np.quantile(of_stock, 0.98))
    for row in choose(shopper, page, rng, n=int(rng.integers(0, 4)), utilities=utilities):
        about = {"listing_id": ids[row], **shown, **({"position": int(row) + 1} if shown else {})}
        pleased = float(1 / (1 + np.exp(-(utilities[row] - content))))
        seconds = round(float(min(rng.lognormal(2.6 + 1.3 * pleased, 0.6), 400)), 1)
        events += [_event("click", **about), _event("view", **about), _event("dwell", value=seconds, **about)]
        traffic.clicks += 1
        traffic.recommended_clicks += bool(shown)
        if rng.random() < 0.22 * pleased:
            events.append(_event("favourite", **about))
        if rng.random() < 0.08 * pleased:
            events.append(_event("contact", reason="message", **about))
            traffic.contacts += 1
            if rng.random() < 0.3:
                return events, ids[row]
    return events, None


def _event(kind: str, **said: Any) -> dict[str, Any]:
    return {"event_id": str(uuid7()), "type": kind, "occurred_at": datetime.now(UTC).isoformat(), **said}


def listing(document: Mapping[str, Any]) -> Listing:
    """Return a listing as the API shows it."""
    said = {name: value for name, value in document.items() if name in _FROM_DOCUMENT}
    for name in ("listed_at", "updated_at", "sold_at"):
        if name in said:
            said[name] = datetime.fromisoformat(said[name])
    for name in ("features", "images"):
        said[name] = tuple(said.get(name, ()))
    return Listing(**said)


async def _reference(site: Site) -> list[dict[str, Any]]:
    """Return listings from all over the catalogue: the newest, the cheapest and the dearest would not do alone."""
    found: dict[str, dict[str, Any]] = {}
    for year in range(datetime.now(UTC).year, 1990, -1):
        for document in await site.found(None, {"n": 60, "min_year": year, "max_year": year}):
            found[document["listing_id"]] = document
        if len(found) >= _REFERENCE:
            break
    return list(found.values())


@contextlib.asynccontextmanager
async def _client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=10, limits=limits) as client:
        yield client
