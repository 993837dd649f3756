"""Real Postgres and Valkey for every test that asks for them, started once, in about a second."""

from collections.abc import Callable, Iterator, Sequence

import hypothesis
import psycopg
import pytest

from carousel.catalogue.listing import Listing
from carousel.catalogue.snapshot import Snapshot
from carousel.embedded.servers import Servers, running_servers
from carousel.settings import Settings
from carousel.storage import postgres
from carousel.storage.migrations import migrate
from carousel.storage.valkey import Valkey, make

# The same examples every time, so that no run fails by its luck; `make chaos` draws others.
hypothesis.settings.register_profile("repeatable", derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def own_settings() -> Iterator[None]:
    """No setting of the developer's shell reaches a test or a process it starts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(f"CAROUSEL_{name.upper()}", raising=False)
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers in a temporary home, migrated."""
    with running_servers(tmp_path_factory.mktemp("home")) as running:
        migrate(running.database_url)
        yield running


@pytest.fixture
def database(servers: Servers) -> Iterator[postgres.Connection]:
    """A connection to empty tables."""
    with postgres.connect(servers.database_url) as connection:
        empty(connection)
        yield connection


@pytest.fixture
def valkey(servers: Servers) -> Iterator[Valkey]:
    """A client of an empty Valkey."""
    with make(servers.valkey_url) as client:
        client.flushall()
        yield client


def empty(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Empty every table; the one row of catalogue_state goes back to its start."""
    tables = connection.execute(
        "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables "
        "WHERE schemaname = 'public' AND tablename NOT LIKE '%yoyo%'"
    ).fetchone()
    assert tables is not None
    connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE".encode())
    connection.execute("INSERT INTO catalogue_state DEFAULT VALUES")


@pytest.fixture
def snapshot_of() -> Callable[[Sequence[Listing]], Snapshot]:
    """Build the in-memory catalogue of some listings, without a database."""
    return Snapshot.of
