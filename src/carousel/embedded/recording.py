"""Imports that nobody watches in a terminal: recorded in the database, started by a schedule or by the API."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from carousel.catalogue.feeds.report import ImportReport
from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.catalogue.imports import RunRecorder, adopted, recorded, start
from carousel.embedded.attach import attached
from carousel.embedded.importing import announce
from carousel.processes import temporary_folder
from carousel.settings import Settings
from carousel.storage import postgres, valkey


def import_and_record(
    settings: Settings,
    file: Path,
    options: ImportOptions,
    *,
    name: str,
    feed_key: bytes,
    validators: Mapping[str, str],
) -> ImportReport:
    """Import a file by a schedule, as a run of its own.

    :param settings: with both URLs.
    :param name: how the file was named: itself, or the address it is from.
    :raises CarouselError: it could not be imported; the run says why, too.
    """
    with (
        postgres.connect(str(settings.database_url)) as beside,
        recorded(
            beside, [name], requested_by="sync", source=options.source, dry_run=options.dry_run,
            names={str(file): file.name}, feed_key=feed_key, validators=validators,
        ) as recorder,
    ):  # fmt: skip
        return _import(settings, file, options, recorder)


def record_failure(settings: Settings, options: ImportOptions, *, name: str, feed_key: bytes, error: str) -> None:
    """Record a run that ended before there was a file to import."""
    with postgres.connect(str(settings.database_url)) as connection:
        import_id = start(
            connection, [name], requested_by="sync", source=options.source, dry_run=options.dry_run, feed_key=feed_key
        )
        RunRecorder(connection, import_id, {}).fail(error)


def import_upload(settings: Settings, import_id: UUID, file: Path, options: ImportOptions) -> ImportReport:
    """Import a file that was sent to the API, as the run it has begun.

    :raises CarouselError: it could not be imported; the run says why, too.
    """
    options = replace(options, rejects=file.with_name(f".{file.name}.rejects"))  # the API removes it with the file
    with (
        attached(settings) as found,
        postgres.connect(str(found.database_url)) as beside,
        adopted(beside, import_id, names={str(file): file.name}) as recorder,
    ):
        return _import(found, file, options, recorder)


def _import(settings: Settings, file: Path, options: ImportOptions, recorder: RunRecorder) -> ImportReport:
    with contextlib.ExitStack() as stack:
        if options.rejects is None:  # they are in the database; a file beside nobody's terminal would be left lying
            folder = stack.enter_context(temporary_folder("carousel-rejects-"))
            options = replace(options, rejects=folder / "rejects.csv")
        options = replace(options, most_bytes=settings.import_mb * 2**20)
        connection = stack.enter_context(postgres.connect(str(settings.database_url)))
        client = stack.enter_context(valkey.make(str(settings.valkey_url)))
        report = import_files(
            connection, [file], options, told=recorder.progress, on_reject=recorder.reject,
            on_withdrawn=lambda gone: announce(client, gone),
        )  # fmt: skip
        recorder.finish(report)
        return report
