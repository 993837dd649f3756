"""Loading the market fills an empty service, and loading it again changes nothing."""

from carousel.activity import log as activity_log
from carousel.activity.events import decode
from carousel.activity.shoppers import demo_shopper_id
from carousel.embedded.servers import Servers
from carousel.market import load
from carousel.settings import Settings
from carousel.storage.postgres import Connection
from carousel.storage.valkey import Valkey


def settings(servers: Servers) -> Settings:
    return Settings(database_url=servers.database_url, valkey_url=servers.valkey_url)


def entries(valkey: Valkey) -> dict[str, list[bytes]]:
    streams = activity_log.stream_keys(8)
    return {s: [fields[activity_log.FIELD] for _, fields in valkey.xrange(s)] for s in streams}


def state(database: Connection) -> list[tuple[object, ...]]:
    return database.execute("SELECT revision, (SELECT count(*) FROM listing) FROM catalogue_state").fetchall()


def test_a_loaded_market_has_listings_accounts_and_history(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    load(settings(servers), listings=300, shoppers=5)
    assert database.execute("SELECT count(*) FROM listing WHERE status = 'active'").fetchall() == [(300,)]
    accounts = database.execute("SELECT shopper_id, kind, subject FROM shopper WHERE issuer = 'demo'").fetchall()
    assert (demo_shopper_id("john1@example.com"), "account", "john1@example.com") in accounts
    assert len(accounts) == 5
    events = [decode(e) for stream in entries(valkey).values() for e in stream]
    assert {e.shopper_id for e in events} == {row[0] for row in accounts}


def test_every_event_is_about_a_listing_of_the_market_in_its_shoppers_stream(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    load(settings(servers), listings=300, shoppers=5)
    known = {row[0] for row in database.execute("SELECT listing_id FROM listing").fetchall()}
    for number, stream in enumerate(entries(valkey).values()):
        for event in map(decode, stream):
            assert event.listing_id is None or event.listing_id in known
            assert activity_log.partition(event.shopper_id, 8) == number


def test_loading_twice_changes_nothing(servers: Servers, database: Connection, valkey: Valkey) -> None:
    load(settings(servers), listings=300, shoppers=5)
    before = state(database), entries(valkey)
    load(settings(servers), listings=300, shoppers=5)
    assert (state(database), entries(valkey)) == before
    assert database.execute("SELECT count(*) FROM shopper").fetchall() == [(5,)]


def test_cars_that_waited_remember_what_they_cost_before(
    servers: Servers, database: Connection, valkey: Valkey
) -> None:
    load(settings(servers), listings=300, shoppers=1)
    documents = [row[0] for row in database.execute("SELECT document FROM listing").fetchall()]
    changed = [d for d in documents if "price_history" in d]
    assert 0.1 < len(changed) / len(documents) < 0.4
    for document in changed:
        prices = document["price_history"]
        assert prices[-1]["amount"] == document["price_amount"] != prices[-2]["amount"]
        moments = [p["at"] for p in prices]
        assert moments == sorted(moments)
        assert moments[0] == document["listed_at"]
