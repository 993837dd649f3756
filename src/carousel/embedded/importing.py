"""`carousel import`: files into the catalogue of a running `up`, of servers by URL, or of a home at rest."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import redis

from carousel.activity.log import LISTINGS_CHANNEL, left_message
from carousel.catalogue.feeds.run import ImportOptions, import_in_terminal
from carousel.catalogue.listing import ListingId
from carousel.embedded.attach import attached, is_reachable
from carousel.settings import Settings
from carousel.storage import postgres, valkey
from carousel.telemetry import log

_logger = log(__name__)


def import_files(settings: Settings, files: Sequence[Path], options: ImportOptions, *, as_json: bool) -> int:
    """Import files and return the exit code: 0 when something of them is in the catalogue, else 1.

    :raises InputError: an option or a file that cannot be right.
    """
    if options.dry_run and not is_reachable(settings):
        return import_in_terminal(None, files, options, as_json=as_json)  # starting servers would write into the home
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(attached(settings))
        assert found.database_url is not None
        assert found.valkey_url is not None
        connection = stack.enter_context(postgres.connect(found.database_url))
        client = stack.enter_context(valkey.make(found.valkey_url))
        return import_in_terminal(
            connection, files, options, as_json=as_json, on_withdrawn=lambda gone: _announce(client, gone)
        )


def _announce(client: valkey.Valkey, gone: Sequence[ListingId]) -> None:
    """Tell the pages that show them; whoever misses it sees it on the next request."""
    try:
        with client.pipeline(transaction=False) as pipeline:
            for listing_id in gone:
                pipeline.publish(LISTINGS_CHANNEL, left_message(listing_id, "withdrawn"))
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        _logger.warning("withdrawn listings not announced", error=str(error))
