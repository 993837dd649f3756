"""What the site believes about me, in words and numbers, and how to change it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import numpy as np
from fastapi import APIRouter
from scipy.special import betaincinv

from carousel.activity.events import Event, decode, encode
from carousel.activity.log import HIDDEN_SECONDS, stated_key
from carousel.activity.repository import timeline
from carousel.api.dependencies import AShopper, Resources, Use, refuse_a_visit_that_became_an_account
from carousel.api.latest import Latest
from carousel.api.routes.listings import main_currency
from carousel.api.schemas import PROBLEMS, InterestOut, Moment, StatedBody, Statement, TasteBody, TasteOut
from carousel.api.tokens import Shopper
from carousel.catalogue.search import CHOICES
from carousel.catalogue.snapshot import STEPS, Snapshot
from carousel.catalogue.traits import CATEGORICAL, NUMERIC, positions
from carousel.errors import InputError
from carousel.recommend.names import name_of
from carousel.recommend.reasons import label
from carousel.recommend.scorers import SMOOTHING
from carousel.taste import repository
from carousel.taste.stated import Stated, stated_of, statement_event
from carousel.taste.stated import Statement as Said
from carousel.taste.taste import FROM_HERE_UP, Taste, decayed, phase, update

router = APIRouter(prefix="/v1", tags=["shopper"], responses=PROBLEMS)
_MOST_STATEMENTS = 60
_MOST_MOMENTS = 20
_CREDIBLE = 0.9
_UNITS = {
    "price": "around {:,.0f} €",
    "mileage": "around {:,.0f} km",
    "power": "around {:,.0f} kW",
    "year": "from {:.0f}",
}
_DID = {
    "view": "Viewed", "click": "Clicked", "dwell": "Looked closely at", "favourite": "Saved", "unfavourite": "Unsaved",
    "compare": "Compared", "share": "Shared", "contact": "Contacted the seller of", "test_drive": "Asked to drive",
    "hide": "Hid", "unhide": "Showed again", "sold": "Bought",
}  # fmt: skip


@router.get("/me/taste", operation_id="myTaste")
async def my_taste(shopper: AShopper, use: Use) -> TasteOut:
    """What the site believes about me, strongest first; what I said; my interests; and what changed it last."""
    taste, snapshot = await _load(use, shopper)
    return await _answer(use, shopper.shopper_id, taste, snapshot)


@router.put("/me/taste", operation_id="changeMyTaste")
async def change_my_taste(body: TasteBody, shopper: AShopper, use: Use) -> TasteOut:
    """Say what I want. A field that is given replaces what I said before, one that is absent stays; `forget` drops
    what was learned of a value, once. The next slate follows."""
    taste, snapshot = await _load(use, shopper)
    given = body.model_dump(exclude_unset=True)
    for amounts in filter(None, (given.get("budget"), given.get("questionnaire"))):
        amounts["currency"] = amounts.get("currency") or main_currency(use, snapshot)
    forget = tuple(_trait(one["block"], one.get("value", "")) for one in given.pop("forget", None) or ())
    interests = given.pop("drop_interests", None) or ()
    dropped = (*_of_interests(use, taste, snapshot, interests), *_saying(taste, snapshot, forget))
    drop = tuple(dict.fromkeys(dropped))
    stated = stated_of(taste.stated.as_json() | given)
    _check_values(stated, snapshot)
    return await _say(use, shopper, taste, snapshot, Said(stated, forget, drop))


@router.post("/me/taste/reset", operation_id="resetMyTaste")
async def reset_my_taste(shopper: AShopper, use: Use) -> TasteOut:
    """Forget all that was learned and said; hidden cars stay hidden."""
    taste, snapshot = await _load(use, shopper)
    return await _say(use, shopper, taste, snapshot, Said(Stated(), reset=True))


async def _load(use: Resources, shopper: Shopper) -> tuple[Taste, Snapshot]:
    await refuse_a_visit_that_became_an_account(use, shopper)
    async with use.pool.connection() as connection:
        known, revision = await repository.load_with_revision(connection, shopper.shopper_id)
        snapshot = await use.live.current(connection, revision)
    taste = known or Taste.empty(datetime.now(UTC))
    latest = await Latest.load(use.valkey, shopper.shopper_id)
    latest.refuse_erased(shopper)
    return latest.stated(taste), snapshot


async def _say(use: Resources, shopper: Shopper, taste: Taste, snapshot: Snapshot, said: Said) -> TasteOut:
    shopper_id = shopper.shopper_id
    # What cannot be read again or applied is refused before it is on the log.
    try:
        event = decode(encode(statement_event(said, shopper_id, datetime.now(UTC))))
    except InputError as error:
        raise InputError(f"all that you say is kept as the context of one event, and {error}", field="body") from error
    after = update(taste, event, None)
    await use.append([event], issued_at=shopper.issued_at)
    await use.valkey.set(stated_key(shopper_id), b"%d %b" % (after.version, encode(event)), ex=HIDDEN_SECONDS)
    return await _answer(use, shopper_id, after, snapshot)


def _trait(block: str, value: str) -> tuple[str, str]:
    if block not in (*CATEGORICAL, *NUMERIC):
        raise InputError(f"block is {block!r}; use one of {', '.join((*CATEGORICAL, *NUMERIC))}", field="forget")
    return block, value


def _of_interests(use: Resources, taste: Taste, snapshot: Snapshot, interest_ids: Sequence[str]) -> Iterator[str]:
    """Yield the listings of the history that interests are made of."""
    known = {found.listing_id: found for found in use.recommender.interests(taste, snapshot, datetime.now(UTC))}
    for interest_id in interest_ids:
        if interest_id not in known:
            raise InputError(
                f"there is no interest {interest_id[:40]!r} (any more); GET /v1/me/taste lists them",
                field="drop_interests",
            )
        yield from (snapshot.ids[row] for row in known[interest_id].rows)


def _saying(taste: Taste, snapshot: Snapshot, forget: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the listings of the history that say what is to be forgotten: left in it, they would bring it back."""
    known = [row for r in taste.recent if (row := snapshot.row_of.get(r.listing_id)) is not None]
    for block, value in forget:
        codes = (snapshot.codes(block) if block in CATEGORICAL else snapshot.grid(block))[known]
        if not value:
            says = codes > 0
        elif block in CATEGORICAL:
            says = (codes > 0) & (codes == snapshot.vocabularies[block].code(value))
        else:
            at = positions(np.array([_number(value)]), snapshot.knots[block], block)
            says = (codes > 0) & (np.abs((codes - 1) / STEPS - at) < 1)
        yield from (snapshot.ids[known[i]] for i in np.flatnonzero(says))


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        cure = "expected a number, as in the statements of GET /v1/me/taste"
        raise InputError(f"value is {value[:40]!r}; {cure}", field="forget") from None


def _check_values(stated: Stated, snapshot: Snapshot) -> None:
    """Refuse a value no listing has: only `automtic` would empty every page."""
    for preference in stated.preferences:
        vocabulary = snapshot.vocabularies[preference.block]
        if preference.block not in CHOICES or vocabulary.code(preference.value) is not None:
            continue
        close = get_close_matches(preference.value, vocabulary.values[1:], n=1)
        cure = f"did you mean {close[0]}?" if close else f"no car in stock has this {preference.block}"
        raise InputError(f"{preference.block} is {preference.value[:40]!r}; {cure}", field="preferences")


async def _answer(use: Resources, shopper_id: str, taste: Taste, snapshot: Snapshot) -> TasteOut:
    now = datetime.now(UTC)
    async with use.pool.connection() as connection:
        moments = await timeline(connection, shopper_id, _MOST_MOMENTS)
    statements = sorted(_statements(taste, snapshot, now), key=lambda s: -abs(s.weight))
    currency = main_currency(use, snapshot)
    interests = []
    for found in use.recommender.interests(taste, snapshot, now):
        name = name_of(snapshot, found.rows, found.weights, currency)
        interests.append(
            InterestOut(
                interest_id=found.listing_id, name=name.text, facts=dict(name.facts), share=round(found.share, 3)
            )
        )
    return TasteOut(
        taste_version=taste.version,
        event_count=taste.event_count,
        personalised=taste.stated.personalised,
        phase=phase(taste, now),
        statements=statements[:_MOST_STATEMENTS],
        stated=_stated(taste.stated),
        interests=interests,
        timeline=[_moment(event, name) for event, name in moments],
    )


def _stated(stated: Stated) -> StatedBody:
    said: dict[str, Any] = stated.as_json()
    said.pop("event_id", None)
    if stated.home:
        said["home"] = {"lat": stated.home[0], "lon": stated.home[1]}
    return StatedBody.model_validate(said)


def _statements(taste: Taste, snapshot: Snapshot, now: datetime) -> Iterator[Statement]:
    rates = snapshot.base_rates()
    evidence = decayed(taste, now)
    for block, upwards in FROM_HERE_UP.items():  # told at the value it was said of
        for value, (_, _, against) in evidence.pop(upwards, {}).items():
            beside = evidence.setdefault(block, {})
            session, purchase, known = beside.get(value, (0.0, 0.0, 0.0))
            beside[value] = (session, purchase, known + against)
    for block, values in evidence.items():
        total = sum(purchase + session for session, purchase, _ in values.values())
        for value, (session, purchase, against) in values.items():
            rate = _rate(snapshot, rates[block], block, value)
            lift, low, high = _lift(purchase + session, total, rate, SMOOTHING[block])
            yield Statement(
                block=block,
                value=value,
                text=_text(block, value),
                weight=round(purchase + session - against, 3),
                lift=lift,
                low=low,
                high=high,
                stated=taste.stated.level_of(block, value),
            )


def _rate(snapshot: Snapshot, rates: Any, block: str, value: str) -> float:
    """Return the share of the stock that has a value; of a number, the share near it."""
    if block in NUMERIC:
        knots = np.array(snapshot.knots[block], dtype=np.float64)
        return float(rates[1 + int(np.abs(np.log(knots) - np.log(max(float(value), 1e-9))).argmin())])
    code = snapshot.vocabularies[block].code(value)
    return 0.0 if code is None else float(rates[code])


def _lift(count: float, total: float, rate: float, alpha: float) -> tuple[float, float, float]:
    """Return log(share wanted / share of the stock) and its credible interval, by a beta posterior."""
    rate = float(np.clip(rate, 1e-4, 1 - 1e-4))
    for_it, other = count + alpha * rate, max(total - count, 0.0) + alpha * (1 - rate)
    low, high = betaincinv(for_it, other, ((1 - _CREDIBLE) / 2, (1 + _CREDIBLE) / 2))
    lifts = np.log(np.maximum((for_it / (for_it + other), low, high), 1e-6) / rate)
    middle, least, most = (round(float(lift), 3) for lift in lifts)
    return middle, least, most


def _moment(event: Event, name: str | None) -> Moment:
    facts: dict[str, Any] = {"name": name}
    if event.type == "search":
        filters, query = event.context.get("filters") or {}, event.context.get("query")
        said = ", ".join(_words(value) for field, value in filters.items() if field != "currency")
        text = f"Searched for {said or query or 'everything'}"
        facts = {"query": query, "filters": filters, "currency": filters.get("currency") or event.currency}
    elif event.type == "state":
        reset = bool(event.context.get("reset"))
        text = "Started afresh" if reset else "Said what is wanted"
        facts = {"reset": reset}
    elif event.type == "merge":
        text = "Logged in"
    else:
        text = f"{_DID.get(event.type, event.type)} {name or 'a car that is gone'}"
    facts = {field: value for field, value in facts.items() if value}
    return Moment(at=event.occurred_at, type=event.type, listing_id=event.listing_id, text=text, facts=facts)


def _words(value: object) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(
        label(part) if isinstance(part, str) else f"{part:,}" for part in parts if isinstance(part, str | int | float)
    )


def _text(block: str, value: str) -> str:
    if block in NUMERIC:
        return _UNITS[block].format(float(value)).replace(",", " ")
    return value if block in ("make", "model", "region") else label(value)
