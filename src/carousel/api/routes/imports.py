"""Feeds over HTTP, with the secret key: send one, see what became of it, and get its rejected rows back."""

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from carousel.api.dependencies import Resources, SecretKey, Use
from carousel.api.schemas import PROBLEMS, ImportOut, ImportPage, ImportStarted, RejectOut, RejectPage, problem_response
from carousel.api.uploads import discard, filename_of
from carousel.catalogue import imports
from carousel.catalogue.feeds.header import OF_REJECTS, of_rejects
from carousel.catalogue.feeds.run import ImportOptions
from carousel.catalogue.listing import feed_name
from carousel.errors import InputError

router = APIRouter(prefix="/v1", tags=["imports"], responses=PROBLEMS, dependencies=[SecretKey])
LONGEST_WAIT = 30.0
_ROWS_AT_ONCE = 500

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_BUSY: dict[int | str, dict[str, Any]] = {409: problem_response("Conflict")}
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

Source = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Name of the feed; the file's name by default."),
]


@router.post(
    "/imports",
    operation_id="startImport",
    status_code=202,
    response_model=ImportStarted,
    responses={200: {"model": ImportOut, "description": "Finished (`wait=true`)."}, **_BUSY},
    openapi_extra=_BODY,
)
async def start_import(
    request: Request,
    use: Use,
    source: Source = None,
    currency: Annotated[str | None, Query(pattern="^[A-Za-z]{3}$")] = None,
    distance_unit: Annotated[Literal["km", "mi"] | None, Query()] = None,
    make: Annotated[str | None, Query(min_length=1, max_length=60, pattern=r"^[^\x00]*$")] = None,
    column_map: Annotated[
        list[Annotated[str, Query(max_length=300)]], Query(alias="map", max_length=200, description="COLUMN=FIELD")
    ] = [],  # noqa: B006 - FastAPI copies it
    full_feed: Annotated[bool, Query(description="Withdraw the source's listings that are not in it.")] = False,
    dry_run: Annotated[bool, Query(description="Only say what would be done.")] = False,
    force: Annotated[bool, Query(description="Import also what looks wrong as a whole.")] = False,
    filename: Annotated[str, Query(description="Its name where it comes from.", examples=["cars.csv"])] = "upload",
    wait: Annotated[bool, Query(description="Answer when it is finished, after 30 s at the latest.")] = False,
) -> Response:
    """Import the file that is the body: any form `carousel import` reads. The answer comes as soon as the file is
    here; the import goes on by itself, and `Location` says where to look at it."""
    name = filename_of(filename)
    feed = source or feed_name(Path(name).stem) or "upload"
    options = ImportOptions(
        source=feed,
        currency=currency,
        assumed_currency=use.settings.currency,
        distance_unit=distance_unit,
        make=make,
        column_map=_pairs(column_map),
        full_feed=full_feed,
        force=force,
        dry_run=dry_run,
    )
    options.check(1)
    file = await use.uploads.receive(request.stream(), name)
    try:
        import_id = await use.uploads.start(file, feed, _said(options))
    except BaseException:
        discard(file)
        raise
    if wait:
        await use.uploads.wait(import_id, LONGEST_WAIT)
    async with use.pool.connection() as connection:
        run = await imports.get(connection, import_id)
    headers = {"Location": f"/v1/imports/{import_id}"}
    if wait and run.state != "running":
        return JSONResponse(_import(run).model_dump(mode="json"), 200, headers)
    return JSONResponse(ImportStarted(import_id=import_id, state=run.state).model_dump(mode="json"), 202, headers)


@router.get("/imports", operation_id="listImports")
async def list_imports(
    use: Use,
    source: Source = None,
    n: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
) -> ImportPage:
    """Imports of the last year, the newest first, whoever started them."""
    async with use.pool.connection() as connection:
        runs = await imports.page(connection, source=source, before=cursor, n=n + 1)
    more = runs[n - 1].import_id if len(runs) > n else None
    return ImportPage(imports=[_import(run) for run in runs[:n]], next_cursor=more)


@router.get("/imports/{import_id}", operation_id="getImport")
async def get_import(import_id: UUID, use: Use) -> ImportOut:
    """How far an import is, and what it did."""
    async with use.pool.connection() as connection:
        return _import(await imports.get(connection, import_id))


@router.get("/imports/{import_id}/rejects", operation_id="listImportRejects", response_model=RejectPage, responses=_CSV)
async def list_rejects(
    import_id: UUID,
    request: Request,
    use: Use,
    n: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next_cursor` of the page before.")] = 0,
) -> Response:
    """The rows an import rejected, with the reason, in their order. The first 10,000 of a run are kept, for the last
    20 runs of a source and at most 30 days. With `Accept: text/csv`: all of them as a file that can be mended and
    imported again."""
    async with use.pool.connection() as connection:
        run = await imports.get(connection, import_id)
        if "text/csv" in request.headers.get("accept", ""):
            columns = await imports.reject_columns(connection, import_id)
            columns = columns[of_rejects(columns) :]  # mended rejects that are rejected again
            disposition = f'attachment; filename="rejects-{import_id}.csv"'
            return StreamingResponse(
                _lines(use, run, columns),
                media_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": disposition},
            )
        rows = await imports.rejects(connection, import_id, after=cursor, n=n + 1)
    page = RejectPage(
        rejects=[
            RejectOut(
                number=r.number, file=r.file, line=r.line, reason=r.reason, detail=_said_to(run, r.detail), row=r.row
            )
            for r in rows[:n]
        ],
        total=run.rejects,
        next_cursor=rows[n - 1].number if len(rows) > n else None,
    )
    return Response(page.model_dump_json(), media_type="application/json")


async def _lines(use: Resources, run: imports.Run, columns: list[str]) -> AsyncIterator[str]:
    """Yield the CSV page by page: a slow reader holds no connection meanwhile."""
    yield _csv([[*OF_REJECTS, *columns]])
    after = 0
    while True:
        async with use.pool.connection() as connection:
            rows = await imports.rejects(connection, run.import_id, after=after, n=_ROWS_AT_ONCE)
        if not rows:
            return
        yield _csv(
            [[r.line, r.reason, _said_to(run, r.detail), *(r.row.get(name, "") for name in columns)] for r in rows]
        )
        after = rows[-1].number


def _csv(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


# What the command line calls an option is a query parameter here.
_PARAMETERS = (
    (re.compile(r"""--map (['"])(.*?)\1"""), r"map=\2"),
    (re.compile("--map (?=.*=)"), "map="),
    (re.compile(r"--map\b"), "map=COLUMN=FIELD"),
    (re.compile(r"--make\b(?! NAME)"), "make=NAME"),
    (re.compile("--(make|currency) "), r"\1="),
    (re.compile("--distance-unit "), "distance_unit="),
    (re.compile(r"--full-feed\b"), "full_feed=true"),
    (re.compile(r"--dry-run\b"), "dry_run=true"),
    (re.compile(r"--force\b"), "force=true"),
)


def _said_to(run: imports.Run, text: str) -> str:
    """Return what an import says in the words of whoever started it: options, or the parameters of a request."""
    if run.requested_by == "api":
        for option, parameter in _PARAMETERS:
            text = option.sub(parameter, text)
    return text


def _counts(run: imports.Run) -> dict[str, Any] | None:
    if run.counts is None:
        return None
    said = dict(run.counts)
    if said.get("refused"):
        said["refused"] = _said_to(run, said["refused"])
    said["questions"] = [_said_to(run, question) for question in said.get("questions", [])]
    return said


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.rpartition("=")[::2] for text in texts)
    if not all(column and name for column, name in pairs.items()):
        raise InputError("map takes COLUMN=FIELD, such as map=Preis=price_amount", field="map")
    return pairs


def _said(options: ImportOptions) -> dict[str, object]:
    """Return what differs from the defaults, for the command line of the importing process."""
    return {name: value for name, value in vars(options).items() if value != getattr(ImportOptions(), name)}


def _import(run: imports.Run) -> ImportOut:
    return ImportOut(
        import_id=run.import_id,
        state=run.state,
        sources=run.sources,
        files=run.files,
        requested_by=run.requested_by,
        dry_run=run.dry_run,
        started_at=run.started_at,
        finished_at=run.finished_at,
        seconds=round(run.seconds, 3),
        share=round(run.share, 4),
        rows_read=run.rows_read,
        rejected=run.rejects,
        counts=_counts(run),
        mapping=run.mapping,
        error=run.error and _said_to(run, run.error),
    )
