"""Shoppers on a running Carousel: they ask for pages over HTTP, choose by their own utility, and say what they did."""

import asyncio
import contextlib
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from uuid_utils import uuid7

from carousel.catalogue.listing import DERIVED, Listing
from carousel.errors import InputError, UnavailableError
from carousel.market.hunt import Hunt
from carousel.market.shoppers import Shopper, Stock, choose, make_shoppers, wanted

_AT_ONCE = 64  # shoppers on the site at the same time, at most
_TASTE = 20  # listings of a slate
_SEARCHES = 0.3  # share of the pages that are searches
_PAGES = (3, 7)  # of a session
_SAVES, _WRITES, _BUYS = 0.25, 0.08, 0.35  # shares of those who could
_REFERENCE = 600  # listings that say what the whole stock is worth to somebody
_MOST_OF_A_PAGE = 60
_OLDEST_YEAR = 2000
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
    recommended_contacts: int = 0
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
        self._sold: set[str] = set()

    async def log_in(self, email: str) -> str:
        return str((await self._ask("POST", "/v1/token", json={"email": email}))["token"])

    async def recommended(self, token: str) -> tuple[str, list[dict[str, Any]]]:
        answer = await self._ask("GET", "/v1/recommendations", token, params={"placement": "home", "n": _TASTE})
        return answer["recommendation_id"], answer["listings"]

    async def found(self, token: str | None, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return (await self.counted(token, params))[1]

    async def counted(self, token: str | None, params: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        """Return how many listings fit, and the first of them."""
        answer = await self._ask("GET", "/v1/listings", token, params=params)
        return answer["total"], answer["listings"]

    async def tell(self, token: str, events: Sequence[dict[str, Any]]) -> None:
        answer = await self._ask("POST", "/v1/events", token, json={"events": list(events)})
        self._traffic.events += len(events)
        self._traffic.rejected += sum(result["status"] == "rejected" for result in answer["results"])

    async def sell(self, listing_id: str) -> None:
        """Take a car off the market; of two who buy it at the same time the first one gets it."""
        if self._key is not None and listing_id not in self._sold:
            self._sold.add(listing_id)
            await self._ask("PATCH", f"/v1/listings/{listing_id}", self._key, json={"status": "sold"})
            self._traffic.sales += 1

    async def _ask(self, method: str, path: str, token: str | None = None, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for attempt in range(_TRIES):
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.request(method, path, headers=headers, **said)
                if answer.status_code < 300:
                    return answer.json()
                if answer.status_code == 404 and path == "/v1/token":
                    raise InputError("nobody can log in by email here; start `carousel up --demo`")
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
    stop: asyncio.Event | None = None,
) -> Traffic:
    """Let shoppers browse until the time is over, or until all have left for want of patience or with a car.

    :param url: of a Carousel in demo mode.
    :param shoppers: how many there are in all; some 64 are on the site at once.
    :param rate: events a second, of all together.
    :param told: called some times a second.
    :param stop: ends it at once when set.
    :raises UnavailableError: it does not answer.
    :raises InputError: it answers that a request is wrong, as without demo mode.
    """
    traffic = Traffic()
    async with _client(url) as client:
        site = Site(client, traffic, secret_key=secret_key)
        stock = Stock([listing(d) for d in await _reference(site)])
        pace = _Pace(rate)
        end = None if seconds is None else time.monotonic() + seconds

        def is_over() -> bool:
            return end is not None and time.monotonic() > end

        waiting = iter(enumerate(make_shoppers(shoppers, seed=seed)))

        async def browse() -> None:
            for number, shopper in waiting:
                if is_over():
                    return
                traffic.shoppers += 1
                rng = np.random.default_rng([seed, number, 2])
                await _visit(_Visit(site, shopper, stock, pace, rng, traffic), is_over)

        visits = asyncio.gather(*(browse() for _ in range(min(_AT_ONCE, shoppers))))
        while not visits.done():
            told(traffic)
            await asyncio.wait([visits], timeout=0.25)
            if stop is not None and stop.is_set():
                visits.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await visits
        told(traffic)
    return traffic


async def _visit(visit: "_Visit", is_over: Callable[[], bool]) -> None:
    """Let one shopper come back until it has found a car or lost its patience."""
    token = await visit.site.log_in(visit.shopper.email)
    for number in itertools.count():
        turn = number % len(visit.hunts)  # whoever looks for two cars does it in turns
        if visit.hunts[turn].is_over:
            return
        session, found = uuid4().hex[:12], False
        for _ in range(int(visit.rng.integers(*_PAGES))):
            if is_over():
                return
            page = await visit.page(token, turn)
            for event in page.events:
                event["session_id"] = session
            await visit.pace.wait(len(page.events))
            await visit.site.tell(token, page.events)
            if page.bought is not None:
                await visit.site.sell(page.bought)
                return
            found = found or page.pleased
        visit.hunts[turn].end_session(found=found)


@dataclass
class _Page:
    """What somebody did on one page, to be told to the marketplace.

    :ivar pleased: something was worth a second look.
    """

    events: list[dict[str, Any]]
    pleased: bool = False
    bought: str | None = None


class _Visit:
    """One shopper on the site, with what it remembers of each car it looks for."""

    def __init__(
        self, site: Site, shopper: Shopper, stock: Stock, pace: _Pace, rng: np.random.Generator, traffic: Traffic
    ) -> None:
        self.site, self.shopper, self.pace, self.rng = site, shopper, pace, rng
        self._stock, self._traffic = stock, traffic
        patience = max(1.0, shopper.patience / len(shopper.wishes))
        self.hunts = [Hunt(wanted(shopper, wish, stock), patience) for wish in shopper.wishes]
        self._shown: dict[str, dict[str, Any]] = {}  # by listing: the slate it was last seen in, and where

    async def page(self, token: str, turn: int) -> _Page:
        """Ask for a page, look at what attracts, and write to the seller of what is as good as hoped for."""
        wish, hunt = self.shopper.wishes[turn], self.hunts[turn]
        page = _Page([])
        slate: dict[str, Any] = {}
        if self.rng.random() < _SEARCHES:
            filters = {"max_price": round(wish.budget_eur * 1.2), "currency": "EUR"}
            documents = await self.site.found(token, {**filters, "n": _TASTE})
            page.events.append(_event("search", context={"filters": filters}))
            self._traffic.searches += 1
        else:
            recommendation_id, documents = await self.site.recommended(token)
            slate = {"recommendation_id": recommendation_id, "placement": "home"}
            self._traffic.slates += 1
        if not documents:
            return page
        shown = Stock([listing(document) for document in documents])
        utilities = wanted(self.shopper, wish, shown, best=self._stock)
        if slate:
            self._traffic.percentile_sum += float(np.mean([hunt.percentile(u) for u in utilities]))
        ids = [document["listing_id"] for document in documents]
        page.events.append(_event("impression", listing_ids=ids, **slate))
        drawn = hunt.attraction(ids, utilities)
        for row in choose(self.shopper, shown, self.rng, n=int(self.rng.integers(0, 4)), utilities=drawn):
            self._shown[ids[row]] = {**slate, "position": int(row) + 1} if slate else {}
            self._look(page, hunt, ids[row], float(utilities[row]))
        self._write_to_the_best(page, hunt)
        return page

    def _look(self, page: _Page, hunt: Hunt, listing_id: str, utility: float) -> None:
        about = {"listing_id": listing_id, **self._shown[listing_id]}
        pleased = hunt.pleased(utility)
        seconds = round(float(min(self.rng.lognormal(2.6 + 1.3 * pleased, 0.6), 400)), 1)
        page.events += [_event("click", **about), _event("view", **about), _event("dwell", value=seconds, **about)]
        self._traffic.clicks += 1
        self._traffic.recommended_clicks += "recommendation_id" in about
        if hunt.look(listing_id, utility):
            page.pleased = True
            if self.rng.random() < _SAVES:
                page.events.append(_event("favourite", **about))

    def _write_to_the_best(self, page: _Page, hunt: Hunt) -> None:
        best = hunt.pick()
        if best is None or self.rng.random() > _WRITES:
            return
        about = {"listing_id": best, **self._shown[best]}
        page.events.append(_event("contact", reason="message", **about))
        self._traffic.contacts += 1
        self._traffic.recommended_contacts += "recommendation_id" in about
        hunt.drop(best)  # whether it is bought or not, nobody writes twice
        if self.rng.random() < _BUYS:
            page.bought = best


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
    """Return listings from all over the catalogue, of every year as large a share as it has there."""
    years = [
        await site.counted(None, {"n": _MOST_OF_A_PAGE, "min_year": year, "max_year": year})
        for year in range(datetime.now(UTC).year, _OLDEST_YEAR - 1, -1)
    ]
    stock = max(sum(total for total, _ in years), 1)
    return [x for total, documents in years for x in documents[: math.ceil(_REFERENCE * total / stock)]]


@contextlib.asynccontextmanager
async def _client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=10, limits=limits) as client:
        yield client
