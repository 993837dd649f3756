"""Make a database fit to work with: its tables and tastes up to date, its vector index whole, nobody erased in it."""

from carousel.activity import partitions as log_partitions
from carousel.activity import retention
from carousel.catalogue.repository import ensure_index, index_words
from carousel.dataflows.rebuild import rebuild_if_needed
from carousel.embedded import erasures
from carousel.storage.migrations import migrate
from carousel.storage.postgres import connect


def prepare(database_url: str, partitions: int) -> int:
    """Migrate, erase again whom a restore brought back, rebuild the index that a load killed in the middle left behind,
    words split by an older rule and tastes of an older formula; return the migrations applied.

    :param partitions: of the event log, kept the first time.
    :raises StartError: the database is of a newer Carousel, or of another number of partitions.
    """
    applied = migrate(database_url)
    with connect(database_url) as connection:
        log_partitions.keep(connection, partitions)
        erasures.settle(connection)  # before tastes are rebuilt from the archive
        ensure_index(connection)
        index_words(connection)
        retention.keep(connection, 0)
    rebuild_if_needed(database_url)
    return applied
