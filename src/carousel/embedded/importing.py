"""`carousel import`: files into the catalogue of a running `up`, of servers by URL, or of a home at rest."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import redis

from carousel.activity.log import LISTINGS_CHANNEL, left_message
from carousel.catalogue.feeds.download import fetch, is_url
from carousel.catalogue.feeds.run import ImportOptions, import_in_terminal
from carousel.catalogue.imports import recorded
from carousel.catalogue.listing import ListingId
from carousel.embedded.attach import attached, is_reachable
from carousel.errors import InputError
from carousel.processes import temporary_folder
from carousel.settings import Settings
from carousel.storage import postgres, valkey
from carousel.telemetry import log

_logger = log(__name__)


def import_files(settings: Settings, names: Sequence[str], options: ImportOptions, *, as_json: bool) -> int:
    """Import files, folders and what web addresses give; return the exit code: 0 when something of them is in the
    catalogue, else 1.

    :raises InputError: an option or a file that cannot be right.
    """
    with contextlib.ExitStack() as stack:
        files = [_present(settings, name, stack) for name in names]
        if any(map(is_url, names)):
            options = replace(options, most_bytes=settings.import_mb * 2**20)
        if options.dry_run and not is_reachable(settings):
            # Starting servers would write into the home.
            return import_in_terminal(None, files, options, as_json=as_json)
        found = stack.enter_context(attached(settings))
        assert found.database_url is not None
        assert found.valkey_url is not None
        connection = stack.enter_context(postgres.connect(found.database_url))
        client = stack.enter_context(valkey.make(found.valkey_url))
        recorder = None
        if not options.dry_run:
            beside = stack.enter_context(postgres.connect(found.database_url))
            given = {str(file): file.name for file, name in zip(files, names, strict=True) if is_url(name)}
            recorder = stack.enter_context(
                recorded(beside, names, requested_by="cli", source=options.source, names=given)
            )
        return import_in_terminal(
            connection, files, options, as_json=as_json, on_withdrawn=lambda gone: announce(client, gone),
            recorder=recorder,
        )  # fmt: skip


def _present(settings: Settings, name: str, stack: contextlib.ExitStack) -> Path:
    """Return a file or folder, or the file that an address gives, which goes when the stack ends."""
    if not is_url(name):
        path = Path(name)
        if not path.exists():
            raise InputError(f"{name} does not exist; check the name", field="files")
        return path
    folder = stack.enter_context(temporary_folder("carousel-import-"))
    authorization = settings.feed_authorization.get_secret_value() if settings.feed_authorization else None
    file = fetch(name, folder, {}, authorization=authorization, most_bytes=settings.import_mb * 2**20)
    assert file is not None  # nothing was known of it, so it cannot be unchanged
    return file


def announce(client: valkey.Valkey, gone: Sequence[ListingId]) -> None:
    """Tell the pages that show them; whoever misses it sees it on the next request."""
    try:
        client.publish(LISTINGS_CHANNEL, left_message(gone, "withdrawn"))
    except (redis.RedisError, OSError) as error:
        _logger.warning("withdrawn listings not announced", error=str(error))
