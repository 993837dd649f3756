"""What a shopper says, as an event that changes a taste."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from carousel.activity.events import decode, encode
from carousel.catalogue.listing import ListingId
from carousel.errors import InputError
from carousel.taste.evidence import Evidence
from carousel.taste.stated import NOTHING, Budget, Preference, Stated, Statement, stated_of, statement_event
from carousel.taste.taste import Hide, Recent, Taste, merge, update

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEARNED = Taste(
    as_of=NOW,
    version=3,
    event_count=3,
    evidence=Evidence.of({"make": {"Fiat": (1.0, 2.0, 0.0), "Kia": (0.0, 1.0, 0.5)}, "body": {"suv": (0.0, 1.0, 0.0)}}),
    recent=(Recent(ListingId("a"), 1.0, 1e9), Recent(ListingId("b"), 1.0, 1e9 + 1)),
    hidden={ListingId("h"): Hide("price", 1e9)},
)
SAID = Stated(
    personalised=False,
    preferences=(Preference("transmission", "automatic", "only"), Preference("make", "Fiat", "never")),
    budget=Budget(5_000.0, 20_000.0, "EUR"),
    home=(51.34, 12.37),
    together=(("a", "b"),),
)


def said(taste: Taste, stated: Stated = NOTHING, **more: Any) -> Taste:
    """Say something, by way of the log."""
    event = statement_event(Statement(stated, **more), "s", NOW)
    return update(taste, decode(encode(event)), None)


def test_a_statement_comes_through_the_log_unchanged() -> None:
    after = said(LEARNED, SAID)
    assert replace(after.stated, event_id="") == SAID
    assert after.version == LEARNED.version + 1
    assert after.evidence == LEARNED.evidence
    assert stated_of(after.stated.as_json()) == after.stated


def test_a_later_statement_replaces_all_of_an_earlier_one() -> None:
    after = said(said(LEARNED, SAID), Stated(budget=Budget(max=9_000.0)))
    assert replace(after.stated, event_id="") == Stated(budget=Budget(max=9_000.0))


def test_a_forgotten_brand_leaves_the_others() -> None:
    after = said(LEARNED, forget=(("make", "Fiat"),))
    assert set(after.evidence.traits) == {"make=Kia", "body=suv"}
    assert after.evidence.nested()["make"]["Kia"] == (0.0, 1.0, 0.5)
    assert set(said(LEARNED, forget=(("make", ""),)).evidence.traits) == {"body=suv"}


def test_a_forgotten_make_takes_its_models_along() -> None:
    of_models = {"Fiat Panda": (0.0, 1.0, 0.0), "Fiatagri X": (0.0, 1.0, 0.0)}
    evidence = Evidence.of({"make": {"Fiat": (0.0, 1.0, 0.0)}, "model": of_models, "body": {"suv": (0.0, 1.0, 0.0)}})
    learned = replace(LEARNED, evidence=evidence)
    assert set(said(learned, forget=(("make", "Fiat"),)).evidence.traits) == {"model=Fiatagri X", "body=suv"}
    assert set(said(learned, forget=(("make", ""),)).evidence.traits) == {"body=suv"}


@pytest.mark.parametrize("value", ["9000", ""])
def test_a_forgotten_price_is_not_too_dear_either(value: str) -> None:
    learned = replace(LEARNED, evidence=Evidence.of({"price": {"9000": (0, 1, 0)}, "price_from": {"9000": (0, 0, 4)}}))
    assert not said(learned, forget=(("price", value),)).evidence


def test_a_reset_keeps_only_what_is_hidden() -> None:
    after = said(said(LEARNED, SAID), reset=True)
    assert not after.evidence
    assert after.recent == ()
    assert after.hidden.keys() == {"h"}
    assert after.stated.is_empty
    assert after.hidden["h"] == Hide()  # showing it again takes back nothing that is learned from now on


def test_dropped_listings_leave_the_history() -> None:
    assert [r.listing_id for r in said(LEARNED, drop=("a", "unknown")).recent] == ["b"]


def test_after_a_merge_the_account_s_own_words_stand() -> None:
    anonymous = said(Taste.empty(NOW), Stated(budget=Budget(max=9_000.0)))
    assert merge(LEARNED, anonymous).stated == anonymous.stated
    account = said(LEARNED, SAID)
    assert merge(account, anonymous).stated == account.stated


def test_after_a_merge_no_earlier_statement_counts_again() -> None:
    """The last one stands beside the taste for a day: it is applied again where the taste seems not to know it."""
    reset = said(LEARNED, reset=True)
    assert merge(reset, LEARNED).stated.event_id == reset.stated.event_id
    visit = said(LEARNED, SAID)
    merged = merge(reset, visit)
    assert (merged.stated.budget, merged.stated.event_id) == (visit.stated.budget, visit.stated.event_id)


def test_nobody_is_known_to_who_does_not_want_it() -> None:
    impersonal = said(LEARNED, SAID).impersonal()
    assert not impersonal.evidence
    assert impersonal.stated.is_empty
    assert impersonal.hidden.keys() == {"h"}
    assert impersonal.version == LEARNED.version + 1


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"personalised": "no"}, "personalised", "true or false"),
        ({"preferences": [{"block": "colour", "value": "red", "level": "only"}]}, "preferences", "color"),
        ({"preferences": [{"block": "make", "value": "Fiat", "level": "always"}]}, "preferences", "less, never"),
        ({"preferences": [{"block": "make", "value": f"{i}", "level": "more"} for i in range(61)]}, "preferences", "60"),  # noqa: E501
        ({"budget": {"min": 9, "max": 3}}, "budget", "swap"),
        ({"budget": {"max": -1}}, "max", "above 0"),
        ({"budget": {"max": np.nan}}, "max", "above 0"),
        ({"budget": {"max": 9, "currency": "XXX"}}, "budget", "EUR"),
        ({"home": {"lat": 99, "lon": 0}}, "home", "-90 to 90"),
        ({"home": {"lat": 9, "lon": None}}, "home", "-180 to 180"),
        ({"questionnaire": {"use": "racing"}}, "questionnaire", "city, family, work, fun"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(body: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InputError) as raised:
        stated_of(body)
    assert raised.value.field == field
    assert words in str(raised.value)
