"""The number of streams is the same for whoever writes and reads them."""

import pytest

from carousel.activity import partitions
from carousel.activity.repository import Move, advance
from carousel.errors import StartError
from carousel.storage.postgres import Connection


def test_the_first_number_is_kept_and_another_refused(database: Connection) -> None:
    partitions.check(database, 16)  # nothing is kept yet
    partitions.keep(database, 8)
    partitions.keep(database, 8)
    for refuses in (partitions.keep, partitions.check):
        with pytest.raises(StartError, match=r"CAROUSEL_PARTITIONS is 16, but .* made with 8, for life; set it to 8"):
            refuses(database, 16)


def test_a_number_below_what_was_read_is_not_kept(database: Connection) -> None:
    advance(database, "taste", [Move("activity:11", "0-0", "5-0", 1)])
    with pytest.raises(StartError, match="CAROUSEL_PARTITIONS is 8, but events were read from activity:11"):
        partitions.keep(database, 8)
    partitions.keep(database, 16)


def test_a_database_that_was_not_migrated_yet_fits_any(database: Connection) -> None:
    with database.transaction(force_rollback=True):
        database.execute("ALTER TABLE catalogue_state DROP COLUMN partitions")
        partitions.check(database, 3)
