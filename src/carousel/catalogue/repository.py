"""The catalogue in PostgreSQL: the only place that knows tables `listing` and `catalogue_state`.

Writes are synchronous (one path for imports and the API, which calls it in a thread); reads on the request path are
asynchronous.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from psycopg.rows import TupleRow

from carousel.catalogue.embedding import VERSION, embed
from carousel.catalogue.listing import (
    FIELD_NAMES,
    WORDS_VERSION,
    Listing,
    ListingId,
    Status,
    content_hash,
    search_text,
    to_document,
    to_eur,
    words,
)
from carousel.catalogue.relisting import (
    Past,
    is_renamed,
    is_same_car,
    is_still_one,
    is_vin_of_one_car,
    likeness,
    past_of,
    remember,
    rfc3339,
    together,
    without_past,
)
from carousel.catalogue.traits import DEFAULT_KNOTS, NUMERIC, Described, Knots, fit_knots
from carousel.catalogue.traits import describe as describe_values
from carousel.storage.postgres import AsyncConnection, Connection, halfvec, halfvec_binary
from carousel.telemetry import log

_logger = log(__name__)

# --- reads -----------------------------------------------------------------------------------------------------------

SNAPSHOT_COLUMNS = (
    "no", "listing_id", "status", "make", "model", "body_type", "fuel_type", "transmission", "drivetrain",
    "seller_type", "color_exterior", "condition", "region", "seller", "price_amount", "price_currency", "year",
    "mileage_km", "power_kw", "lat", "lon", "listed_at", "car", "first_listed_at",
)  # fmt: skip
# Of the car: only of a relisting does the document know better, and few are read.
_FIRST_LISTED_AT = sql.SQL(
    "CASE WHEN car IS NULL THEN listed_at "
    "ELSE coalesce((document->>'first_listed_at')::timestamptz, listed_at) END AS first_listed_at"
)


async def revision(connection: AsyncConnection) -> int:
    """Return the number of committed changes of the catalogue."""
    row = await (await connection.execute("SELECT revision FROM catalogue_state")).fetchone()
    assert row is not None
    return int(row[0])


async def changes(
    connection: AsyncConnection, since: str | None, *, chunk: int = 20_000
) -> tuple[int, Knots, str, AsyncIterator[list[TupleRow]]]:
    """Return what changed since an earlier call: (revision, knots, horizon for the next call, chunks of rows).

    Rows have `SNAPSHOT_COLUMNS`. The horizon is the oldest transaction still open at reading time, so a row
    committed late is read again rather than missed; all four come from one snapshot of the database, and the
    transaction stays open until the chunks are exhausted. `since=None` reads the active listings only.
    """
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    head = await connection.execute(
        "SELECT revision, knots, pg_snapshot_xmin(pg_current_snapshot())::text FROM catalogue_state"
    )
    row = await head.fetchone()
    assert row is not None
    columns = sql.SQL(", ").join(map(_column, SNAPSHOT_COLUMNS))
    condition = sql.SQL("status = 'active'") if since is None else sql.SQL("changed_by >= %s::text::xid8")

    async def rows() -> AsyncIterator[list[TupleRow]]:
        try:
            async with connection.cursor("catalogue_changes") as cursor:
                await cursor.execute(
                    sql.SQL("SELECT {} FROM listing WHERE {}").format(columns, condition),
                    () if since is None else (since,),
                )
                while batch := await cursor.fetchmany(chunk):
                    yield batch
        finally:
            await connection.execute("COMMIT")

    return row[0], _read_knots(row[1]), row[2], rows()


def _column(name: str) -> sql.Composable:
    return _FIRST_LISTED_AT if name == "first_listed_at" else sql.Identifier(name)


def snapshot_rows(connection: Connection, listing_ids: Iterable[str]) -> list[TupleRow]:
    """Return `SNAPSHOT_COLUMNS` of the active listings and of some others, as if all were on sale, each by itself."""
    columns = sql.SQL(", ").join(
        sql.SQL({"status": "'active'", "car": "NULL"}[name]) if name in ("status", "car") else _column(name)
        for name in SNAPSHOT_COLUMNS
    )
    statement = sql.SQL("SELECT {} FROM listing WHERE status = 'active' OR listing_id = ANY(%s) ORDER BY no")
    return connection.execute(statement.format(columns), (list(listing_ids),)).fetchall()


def documents(connection: Connection, status: Status | None) -> Iterator[str]:
    """Yield the JSON text of the listings of a status (None: all) by id, with a cursor of the server: any number."""
    with connection.transaction(), connection.cursor(name="listing_documents") as cursor:
        cursor.itersize = 2_000
        cursor.execute(
            "SELECT document::text FROM listing WHERE %(status)s::text IS NULL OR status = %(status)s "
            "ORDER BY listing_id",
            {"status": status},
        )
        for (document,) in cursor:
            yield document


async def active_documents(connection: AsyncConnection, listing_ids: Sequence[str]) -> dict[str, str]:
    """Return the JSON text of the listings among these that are active now: the last step of every list we serve."""
    cursor = await connection.execute(
        "SELECT listing_id, document::text FROM listing WHERE listing_id = ANY(%s) AND status = 'active'",
        (list(listing_ids),),
    )
    return dict(await cursor.fetchall())


async def document(connection: AsyncConnection, listing_id: str) -> str | None:
    """Return the JSON text of a listing in any status, or None."""
    cursor = await connection.execute("SELECT document::text FROM listing WHERE listing_id = %s", (listing_id,))
    row = await cursor.fetchone()
    return row[0] if row else None


async def of_same_car(connection: AsyncConnection, listing_id: str) -> list[str]:
    """Return the listings of one listing's car, itself among them, in any status; none if it is unknown."""
    cursor = await connection.execute(
        """
        WITH own AS (SELECT coalesce(car, listing_id) AS id FROM listing WHERE listing_id = %s)
        SELECT listing_id FROM listing JOIN own ON listing_id = own.id
        UNION SELECT listing_id FROM listing JOIN own ON car = own.id
        """,
        (listing_id,),
    )
    return [i for (i,) in await cursor.fetchall()]


def locked_documents(connection: Connection, listing_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return listings in any status by id; nobody changes them before the caller's transaction ends."""
    # In the order of every writer.
    rows = connection.execute(
        "SELECT listing_id, document FROM listing WHERE listing_id = ANY(%s) ORDER BY listing_id FOR UPDATE",
        (list(listing_ids),),
    )
    return dict(rows.fetchall())


# The index gives its answer in a relaxed order, so the few rows found are sorted once more.
_NEAREST_TO_POINT = """
WITH near AS MATERIALIZED (
    SELECT no, embedding <-> %(point)s AS distance FROM listing
    WHERE status = 'active' ORDER BY embedding <-> %(point)s LIMIT %(n)s
)
SELECT no FROM near ORDER BY distance
"""
_NEAREST_TO_LISTING = """
WITH point AS MATERIALIZED (
    SELECT embedding, coalesce(car, listing_id) AS car FROM listing WHERE listing_id = %(listing_id)s
),
near AS MATERIALIZED (
    SELECT no, listing_id, car, listed_at, document, embedding <-> (SELECT embedding FROM point) AS distance
    FROM listing WHERE status = 'active' AND listing_id <> %(listing_id)s AND EXISTS (SELECT FROM point)
    ORDER BY embedding <-> (SELECT embedding FROM point) LIMIT %(n)s
)
"""


_CARS_NEAR_LISTING = (
    _NEAREST_TO_LISTING + "SELECT coalesce(car, listing_id), listed_at, document::text, (SELECT car FROM point)"  # noqa: S608
    " FROM near ORDER BY distance"
)
_RELISTED = 12
"""Listings asked for beyond those wanted, as some may be of one car."""


async def nearest_to_point(connection: AsyncConnection, point: NDArray[np.float32], n: int) -> list[int]:
    """Return `no` of the active listings nearest to a point, nearest first."""
    cursor = await connection.execute(_NEAREST_TO_POINT, {"point": halfvec(point), "n": n})
    return [no for (no,) in await cursor.fetchall()]


async def nearest_to_listing(connection: AsyncConnection, listing_id: str, n: int) -> list[int]:
    """Return `no` of the active listings nearest to a listing in any status, nearest first; none if it is unknown."""
    query = _NEAREST_TO_LISTING + "SELECT no FROM near ORDER BY distance"  # noqa: S608 - constants
    cursor = await connection.execute(query, {"listing_id": listing_id, "n": n})
    return [no for (no,) in await cursor.fetchall()]


async def documents_near(connection: AsyncConnection, listing_id: str, n: int) -> list[str]:
    """Return the JSON text of the active listings nearest to a listing, nearest first: one of each other car."""
    cursor = await connection.execute(_CARS_NEAR_LISTING, {"listing_id": listing_id, "n": n + _RELISTED})
    newest: dict[str, tuple[datetime, str]] = {}
    for car, listed_at, text, own_car in await cursor.fetchall():
        if car != own_car and (car not in newest or listed_at > newest[car][0]):
            newest[car] = (listed_at, text)
    return [text for _, text in newest.values()][:n]


async def text_matches(connection: AsyncConnection, text: str) -> NDArray[np.int64]:
    """Return the `no` of active listings that have every word of a text, the last one as a prefix."""
    query = _words_query(text)
    if not query:
        return np.empty(0, dtype=np.int64)
    cursor = await connection.execute(
        "SELECT string_agg(int8send(no), '') FROM listing, CAST(%s AS tsquery) AS query"
        " WHERE status = 'active' AND search @@ query",
        (query,),
        binary=True,
    )
    row = await cursor.fetchone()
    # One value of 8 bytes a match: 20,000 rows of their own would cost Python 10 ms.
    return np.frombuffer(row[0] if row and row[0] else b"", dtype=">i8").astype(np.int64)


# Words are split here and not by PostgreSQL, which takes "MX-5" for "mx" and minus five and "1.6" for one word, so that
# both sides of a search agree: "MX-5" is indexed as "mx5" too, and looked for as that or as "mx" before "5".


def _words_index(document: Mapping[str, Any]) -> str:
    """Return the words of a stored listing as the text of a tsvector."""
    lexemes: list[str] = []
    place = 0
    for parts in words(search_text(document)):
        if len(parts) > 1:
            lexemes.append(f"'{_joined(parts)}':{place + 1}")
        for part in parts:
            place += 1
            lexemes.append(f"'{part}':{place}")
    return " ".join(lexemes)


def _words_query(text: str) -> str:
    """Return what looks for every word of a text, the last one as a prefix, as the text of a tsquery."""
    terms = []
    wanted = words(text)[:12]
    for number, parts in enumerate(wanted, 1):
        end = ":*" if number == len(wanted) else ""
        term = " <-> ".join(f"'{part}'" for part in parts) + end
        terms.append(f"('{_joined(parts)}'{end} | {term})" if len(parts) > 1 else term)
    return " & ".join(terms)


def _joined(parts: Sequence[str]) -> str:
    return "".join(parts)[:_LONGEST_WORD]


_LONGEST_WORD = 200  # PostgreSQL takes 2,046 bytes


async def attention(connection: AsyncConnection) -> list[tuple[str, float, int]]:
    """Return (listing_id, decayed evidence weight as of now, impressions) of the listings shoppers saw or acted on."""
    cursor = await connection.execute(
        """
        SELECT listing_id, coalesce(score * exp(-extract(epoch FROM now() - as_of) / 604800 * ln(2)), 0),
               coalesce(impressions, 0)
        FROM popularity FULL JOIN exposure USING (listing_id)
        """
    )
    return [(i, float(score), shown) for i, score, shown in await cursor.fetchall()]


_DESCRIBED = (
    "listing_id, make, model, body_type, fuel_type, transmission, drivetrain, seller_type, color_exterior, condition, "
    "region, price_amount, price_currency, year, mileage_km, power_kw, embedding"
)


def describe(connection: Connection, listing_ids: Iterable[str]) -> dict[str, Described]:
    """Return traits and embedding of the listings that exist, in any status: a sold car still says what was wanted."""
    knots = read_knots(connection)
    rows = connection.execute(
        f"SELECT {_DESCRIBED} FROM listing WHERE listing_id = ANY(%s)",  # noqa: S608 - constant columns
        (list(listing_ids),),
    ).fetchall()
    described = {}
    for (
        listing_id, make, model, body, fuel, transmission, drivetrain, seller, color, condition, region, price,
        currency, year, mileage, power, embedding,
    ) in rows:  # fmt: skip
        values: dict[str, str | float | None] = {
            "make": make, "model": f"{make} {model}", "body": body, "fuel": fuel, "transmission": transmission,
            "drivetrain": drivetrain, "seller": seller, "color": color, "condition": condition, "region": region,
            "price": to_eur(price, currency), "year": year, "mileage": mileage, "power": power,
        }  # fmt: skip
        vector = np.asarray(embedding.to_numpy(), dtype=np.float32)
        described[listing_id] = Described(listing_id, describe_values(values, knots), vector)
    return described


def read_knots(connection: Connection) -> Knots:
    """Return the knots of the numeric traits, the defaults before a catalogue was fitted."""
    row = connection.execute("SELECT knots FROM catalogue_state").fetchone()
    assert row is not None
    return _read_knots(row[0])


def refit_knots(connection: Connection) -> bool:
    """Fit the knots to the catalogue's quantiles when it has moved by more than a fifth; return whether it had."""
    with connection.transaction():
        state = connection.execute("SELECT knots_listings FROM catalogue_state FOR UPDATE").fetchone()
        count = connection.execute("SELECT count(*) FROM listing WHERE status = 'active'").fetchone()
        assert state is not None
        assert count is not None
        if abs(count[0] - state[0]) <= 0.2 * max(state[0], 1):
            return False
        rows = connection.execute(
            """
            SELECT price_amount::float8, price_currency, year::float8, mileage_km::float8, power_kw::float8 FROM listing
            WHERE status = 'active' ORDER BY no LIMIT 200000
            """
        ).fetchall()
        columns = {
            "price": [np.nan if p is None else to_eur(p, c) for p, c, *_ in rows],
            "year": [r[2] for r in rows],
            "mileage": [r[3] for r in rows],
            "power": [r[4] for r in rows],
        }
        knots = fit_knots({b: np.array([np.nan if x is None else x for x in v]) for b, v in columns.items()})
        connection.execute(
            "UPDATE catalogue_state SET knots = %s::jsonb, knots_listings = %s, revision = revision + 1",
            (orjson.dumps(knots).decode(), count[0]),
        )
    return True


def _read_knots(stored: dict[str, Any]) -> Knots:
    return {block: tuple(stored.get(block) or DEFAULT_KNOTS[block]) for block in NUMERIC}


# --- writes ----------------------------------------------------------------------------------------------------------

BATCH = 5_000
"""Listings of one transaction: large enough for COPY to pay, small enough that another writer waits under a second."""

_SMALL = 4  # up to here plain INSERTs beat COPY through a temporary table: one row takes 1.4 ms against 2.1 ms

# One listing costs 0.8 ms to add to an HNSW index of 46,000 and 0.11 ms in a rebuild of it all (measured on 2 cores):
# a load larger than this share of the catalogue is faster without the index.
_REBUILD_SHARE = 0.15
_REBUILD_LEAST = 1_000
_INDEX_LOCK = 0x6C697374696E67  # "listing": one process at a time takes the index away

_COLUMNS: dict[str, str] = {
    "listing_id": "text", "source": "text", "status": "text", "make": "text", "model": "text", "condition": "text",
    "body_type": "text", "fuel_type": "text", "transmission": "text", "drivetrain": "text", "color_exterior": "text",
    "seller_type": "text", "seller": "text", "country": "text", "region": "text", "year": "int2", "mileage_km": "int4",
    "power_kw": "int2", "price_amount": "numeric", "price_currency": "text", "lat": "float4", "lon": "float4",
    "listed_at": "timestamptz", "updated_at": "timestamptz", "document": "json", "raw": "json", "content_hash": "bytea",
    "search": "text", "embedding": "bytea", "embedding_version": "int2", "vin": "text", "source_listing_id": "text",
    "likeness": "bytea", "car": "text", "words_version": "int2",
}  # fmt: skip
_AS_IS = tuple(name for name in _COLUMNS if name in FIELD_NAMES and name not in ("status", "listed_at", "updated_at"))


@dataclass(frozen=True)
class WriteResult:
    """What became of the listings of one write; a listing given twice counts twice, the last one is kept."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "WriteResult") -> "WriteResult":
        return WriteResult(
            self.imported + other.imported, self.updated + other.updated, self.unchanged + other.unchanged
        )


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database holds of a listing before a write.

    :ivar version: the transaction that wrote it last.
    """

    content_hash: bytes
    status: Status
    listed_at: datetime
    sold_at: str | None
    version: str


@dataclass(frozen=True, slots=True)
class _Change:
    """A listing that differs from what is stored, and the form it will be stored in.

    :ivar version: of what is stored; None for a new listing.
    :ivar likeness: what listings of one car have in common.
    :ivar car: the first listing of the same car, where another is known.
    """

    listing: Listing
    raw: dict[str, Any] | None
    document: dict[str, Any]
    content_hash: bytes
    listed_at: datetime
    version: str | None
    likeness: bytes | None
    car: ListingId | None = None


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Stored listings that are of another car than they said, as of one write.

    :ivar ids: what is stored of them is no longer true.
    :ivar found: those whose other car is known.
    :ivar released: by such a listing, those of its former car, which had it as the first.
    """

    ids: set[ListingId] = field(default_factory=set)
    found: set[ListingId] = field(default_factory=set)
    released: dict[ListingId, list[ListingId]] = field(default_factory=dict)


def upsert(
    connection: Connection,
    listings: Sequence[Listing],
    raw: Sequence[dict[str, Any] | None] | None = None,
    *,
    keep_sold: bool = False,
    progress: Callable[[int], None] | None = None,
) -> WriteResult:
    """Add or replace listings; rows that would not change are not touched.

    The first `listed_at` of a listing stays when a later write brings a later one. Changes are committed in
    batches of `BATCH`.

    :param raw: the source's own row of each listing, kept beside it.
    :param keep_sold: a listing stored as sold stays sold, for sources that do not know.
    :param progress: called after each batch with its length.
    """
    rows = raw if raw is not None else [None] * len(listings)
    result = WriteResult()
    for start in range(0, len(listings), BATCH):
        batch = listings[start : start + BATCH]
        result += _upsert_batch(connection, batch, rows[start : start + BATCH], keep_sold)
        if progress is not None:
            progress(len(batch))
    return result


def preview(connection: Connection, listings: Sequence[Listing], *, keep_sold: bool = False) -> WriteResult:
    """Return what `upsert` would do, without doing it."""
    last = {x.listing_id: (x, None) for x in listings}
    stored = _stored(connection, list(last))
    changed = [c.listing.listing_id for c in _changes(last, stored, keep_sold)]
    return _result(listings, set(changed), {i for i in changed if i not in stored})


def set_status(connection: Connection, listing_ids: Sequence[ListingId], status: Status) -> int:
    """Give listings a status; return how many had another one. Ids the catalogue does not know are passed over."""
    return len(_set_status(connection, listing_ids, status))


def set_sold(connection: Connection, sales: Mapping[ListingId, datetime]) -> int:
    """Mark listings as sold that are as they were when their sale was reported; return how many were not sold yet.

    Whoever has changed one since, and put it on sale again, knows better than a report that comes late.
    """
    unchanged = """
        AND updated_at <= (SELECT at FROM unnest(%s::text[], %s::timestamptz[]) AS sale (id, at) WHERE id = listing_id)
    """
    return len(_set_status(connection, list(sales), "sold", unchanged, (list(sales), list(sales.values()))))


def _set_status(
    connection: Connection,
    listing_ids: Sequence[ListingId],
    status: Status,
    condition: str = "",
    parameters: Sequence[object] = (),
) -> list[ListingId]:
    """Give listings a status that have another one and meet a condition; return them."""
    changed = []
    wanted = sorted(set(listing_ids))
    for start in range(0, len(wanted), BATCH):
        with connection.transaction():
            rows = connection.execute(
                f"""
                SELECT listing_id, document FROM listing
                WHERE listing_id = ANY(%s) AND status <> %s {condition} ORDER BY listing_id FOR UPDATE
                """,  # noqa: S608 - constant
                (wanted[start : start + BATCH], status, *parameters),
            ).fetchall()
            if not rows:
                continue
            now = rfc3339(datetime.now(UTC))
            documents = [_with_status(document, status, now) for _, document in rows]
            connection.execute(
                """
                UPDATE listing SET status = %s, document = new.document::json, content_hash = new.content_hash,
                    updated_at = now(), changed_by = pg_current_xact_id()
                FROM unnest(%b::text[], %b::text[], %b::bytea[]) AS new (listing_id, document, content_hash)
                WHERE listing.listing_id = new.listing_id
                """,
                (
                    status,
                    [listing_id for listing_id, _ in rows],
                    [orjson.dumps(d).decode() for d in documents],
                    [content_hash(d) for d in documents],
                ),
            )
            _bump(connection)
            changed += [ListingId(listing_id) for listing_id, _ in rows]
    return changed


class Offer:
    """What some sources have on offer when an import begins, and who changed it last: what is changed later stays.

    It is in a temporary table of the connection.
    """

    def __init__(self, connection: Connection, sources: Iterable[str]) -> None:
        self._connection = connection
        connection.execute("DROP TABLE IF EXISTS listing_offer")
        connection.execute("CREATE TEMP TABLE listing_offer (listing_id text PRIMARY KEY, changed_by xid8 NOT NULL)")
        self._size = connection.execute(
            "INSERT INTO listing_offer SELECT listing_id, changed_by FROM listing"
            " WHERE source = ANY(%s) AND status IN ('active', 'reserved')",
            (list(sources),),
        ).rowcount

    def __len__(self) -> int:
        return self._size

    def chunks(self, *, size: int = 10_000) -> Iterator[list[ListingId]]:
        """Yield the ids of those that nobody has changed since."""
        with self._connection.transaction(), self._connection.cursor("listings_on_offer") as cursor:
            cursor.execute("SELECT listing_id FROM listing_offer JOIN listing USING (listing_id, changed_by)")
            while rows := cursor.fetchmany(size):
                yield [ListingId(listing_id) for (listing_id,) in rows]

    def withdraw(self, listing_ids: Sequence[ListingId]) -> list[ListingId]:
        """Withdraw listings; return which, without those somebody has changed since."""
        unchanged = "AND (listing_id, changed_by) IN (SELECT listing_id, changed_by FROM listing_offer)"
        return _set_status(self._connection, listing_ids, "withdrawn", unchanged)


class Stage:
    """The listings of one import, held beside the catalogue and applied in one transaction.

    What is staged is in a temporary table of the connection: a process that dies leaves nothing of it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._renamed = _Renamed()
        began = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        assert began is not None
        self._began = began[0]
        connection.execute("DROP TABLE IF EXISTS listing_stage")
        connection.execute(f"CREATE TEMP TABLE listing_stage ({_TEMPORARY}, version text)".encode())
        connection.execute("CREATE INDEX ON listing_stage (vin) WHERE vin IS NOT NULL")
        connection.execute("CREATE INDEX ON listing_stage (likeness) WHERE likeness IS NOT NULL")

    def add(
        self, listings: Sequence[Listing], raw: Sequence[dict[str, Any] | None], *, keep_sold: bool = False
    ) -> WriteResult:
        """Stage what differs from the catalogue; return what applying it will do. Ids must not repeat.

        A listing that somebody changed since the stage was made is left as it is.

        :param keep_sold: a listing stored as sold stays sold, for sources that do not know.
        """
        last = {x.listing_id: (x, row) for x, row in zip(listings, raw, strict=True)}
        for listing_id in self._newer(list(last)):
            del last[listing_id]
        stored = _stored(self._connection, list(last))
        changes = _with_past(self._connection, list(_changes(last, stored, keep_sold)), self._renamed, staged=True)
        versions = {c.listing.listing_id: c.version for c in changes}
        rows = ((*row, versions[row[0]]) for row in _rows(changes))
        _copy(self._connection, "listing_stage", rows, more=("text",))
        return _result(listings, versions.keys(), {i for i, version in versions.items() if version is None})

    def _newer(self, listing_ids: list[ListingId]) -> list[ListingId]:
        # What a restore brought may bear numbers of transactions that this server has not come to.
        rows = self._connection.execute(
            "SELECT listing_id FROM listing WHERE listing_id = ANY(%s)"
            " AND NOT pg_visible_in_snapshot(changed_by, %s::pg_snapshot)"
            " AND changed_by < pg_snapshot_xmax(pg_current_snapshot())",
            (listing_ids, self._began),
        )
        return [ListingId(listing_id) for (listing_id,) in rows]

    def apply(self, offer: Offer | None = None, gone: Sequence[ListingId] = ()) -> tuple[WriteResult, list[ListingId]]:
        """Change the catalogue, and withdraw what is gone of an offer; return what was left as it is, and which
        listings were withdrawn.

        A listing that somebody else changed since it was staged is left: that change is the newer one.

        :return: of those left, `imported` and `updated` would have been.
        """
        connection, renamed = self._connection, self._renamed
        with connection.transaction():
            connection.execute("ANALYZE listing_stage")
            connection.execute(
                "SELECT count(*) FROM (SELECT FROM listing JOIN listing_stage USING (listing_id)"
                " ORDER BY listing_id FOR UPDATE OF listing) AS locked"
            )
            left = connection.execute(
                "DELETE FROM listing_stage AS s USING listing AS l WHERE l.listing_id = s.listing_id"
                " AND l.changed_by::text IS DISTINCT FROM s.version RETURNING s.version IS NULL, s.listing_id"
            ).fetchall()
            for _, listing_id in left:
                renamed.released.pop(listing_id, None)
                renamed.found.discard(listing_id)
            insert = _insert_sql(f"SELECT {_SELECTED} FROM listing_stage ORDER BY listing_id")  # noqa: S608 - constant
            written = connection.execute(insert.encode()).rowcount
            # First, because what is released is changed too, and then no longer as it was offered.
            withdrawn = offer.withdraw(gone) if offer is not None else []
            _release(connection, renamed)
            if written:
                _bump(connection)
        connection.execute("TRUNCATE listing_stage")
        imported = sum(new for new, _ in left)
        return WriteResult(imported, len(left) - imported), withdrawn


@contextlib.contextmanager
def bulk_index(connection: Connection, changes: int | None = None) -> Iterator[bool]:
    """Take the HNSW index away during a large load and build it again after; yield whether it did.

    Meanwhile nearest-neighbour queries scan, which is exact and slower. Both steps run CONCURRENTLY, so readers and
    writers are not blocked; the connection must be in autocommit. A process that dies in between leaves no index:
    `ensure_index` at the next start builds it.

    :param changes: listings the load will write; a load too small to pay leaves the index alone. None: large.
    """
    if not _pays(connection, changes) or not _lock_index(connection):
        yield False
        return
    try:
        connection.execute("DROP INDEX CONCURRENTLY IF EXISTS listing_embedding")
        yield True
    finally:
        if not connection.closed:
            try:
                _build_index(connection)
            finally:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_INDEX_LOCK,))


def ensure_index(connection: Connection) -> bool:
    """Build the HNSW index if a load that died left none or half of one; return whether it was built.

    Does nothing while another process is loading: that one builds it. The connection must be in autocommit.
    """
    if _index_is_valid(connection) or not _lock_index(connection):
        return False
    try:
        _build_index(connection)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_INDEX_LOCK,))
    return True


def index_words(connection: Connection) -> int:
    """Index again the words of the listings that another code split; return how many listings that were.

    What a process of another version writes meanwhile is left to the next call, and so is what a killed one left. The
    connection must be in autocommit.
    """
    stale = f"(words_version < {WORDS_VERSION} OR words_version > {WORDS_VERSION})"  # as the index can look for it
    found = connection.execute(f"SELECT count(*) FROM listing WHERE {stale}".encode()).fetchone()  # noqa: S608
    assert found is not None
    if not found[0]:
        return 0
    done, last = 0, ""
    with bulk_index(connection, found[0]):
        while True:
            with connection.transaction():
                rows = connection.execute(
                    f"SELECT listing_id, document FROM listing WHERE listing_id > %s AND {stale}"  # noqa: S608 - constant
                    " ORDER BY listing_id LIMIT %s FOR UPDATE",
                    (last, BATCH),
                ).fetchall()
                if not rows:
                    break
                connection.execute(
                    "UPDATE listing SET search = new.search::tsvector, words_version = %s"
                    " FROM unnest(%b::text[], %b::text[]) AS new (listing_id, search)"
                    " WHERE listing.listing_id = new.listing_id",
                    (WORDS_VERSION, [row[0] for row in rows], [_words_index(document) for _, document in rows]),
                )
            done, last = done + len(rows), rows[-1][0]
    _logger.info("indexed the words of listings that another version split", listings=done)
    return done


def _upsert_batch(
    connection: Connection, listings: Sequence[Listing], raw: Sequence[dict[str, Any] | None], keep_sold: bool
) -> WriteResult:
    last = {x.listing_id: (x, row) for x, row in zip(listings, raw, strict=True)}
    with connection.transaction():
        stored = _stored(connection, list(last), lock=True)
        renamed = _Renamed()
        changes = _with_past(connection, list(_changes(last, stored, keep_sold)), renamed)
        imported: set[str] = set()
        if changes:
            rows = _rows(changes)
            imported = _insert_rows(connection, rows) if len(rows) <= _SMALL else _copy_rows(connection, rows)
            _release(connection, renamed)
            _bump(connection)
    return _result(listings, {c.listing.listing_id for c in changes}, imported)


def _result(listings: Sequence[Listing], changed: Set[str], imported: Set[str]) -> WriteResult:
    touched = sum(x.listing_id in changed for x in listings)
    return WriteResult(len(imported), touched - len(imported), len(listings) - touched)


def _stored(connection: Connection, listing_ids: list[ListingId], *, lock: bool = False) -> dict[str, _Stored]:
    # Locked in one order by every writer, so that two batches over the same listings cannot wait for each other.
    rows = connection.execute(
        f"""
        SELECT listing_id, content_hash, status, listed_at,
            CASE WHEN status = 'sold' THEN document->>'sold_at' END, changed_by::text
        FROM listing WHERE listing_id = ANY(%s) ORDER BY listing_id {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608 - constant
        (listing_ids,),
    )
    return {row[0]: _Stored(*row[1:]) for row in rows}


def _changes(
    listings: Mapping[ListingId, tuple[Listing, dict[str, Any] | None]], stored: Mapping[str, _Stored], keep_sold: bool
) -> Iterator[_Change]:
    """Yield what differs from what is stored, without its past."""
    for listing_id, (listing, raw) in listings.items():
        document = to_document(listing)
        before = stored.get(listing_id)
        listed_at = listing.listed_at
        if before is not None:
            if keep_sold and before.status == "sold" and listing.status == "active":
                document["status"] = "sold"
            if before.listed_at < listed_at:
                listed_at = before.listed_at
                document["listed_at"] = rfc3339(listed_at)
        if document["status"] == "sold" and "sold_at" not in document:
            sold_at = before.sold_at if before is not None and before.status == "sold" else rfc3339(datetime.now(UTC))
            document |= {"sold_at": sold_at} if sold_at is not None else {}
        digest = content_hash(document)
        if before is None or before.content_hash != digest or before.status != document["status"]:
            version = before.version if before else None
            yield _Change(listing, raw, document, digest, listed_at, version, likeness(listing))


def _with_past(
    connection: Connection, changes: Sequence[_Change], renamed: _Renamed, *, staged: bool = False
) -> list[_Change]:
    """Add to each change what is known of its car: its own former prices, or those of an earlier listing of it.

    :param renamed: of the same write so far; grows.
    """
    now = datetime.now(UTC)
    known = _known(connection, [c.listing.listing_id for c in changes if c.version is not None])
    others = {
        c.listing.listing_id: known[c.listing.listing_id][1] or c.listing.listing_id
        for c in changes
        if c.version is not None and is_renamed(c.document, known[c.listing.listing_id][0])
    }
    renamed.ids.update(others)
    mates = _mates(connection, set(others.values()))
    new = [c for c in changes if c.version is None or c.listing.listing_id in others]
    same = _Relistings(connection, new, renamed.ids, staged=staged)
    complete = []
    for change in changes:
        listing_id = change.listing.listing_id
        if change.version is None:
            past = same.past_of(change)
            car = past.car if past is not None else None
        else:
            before, car = known[listing_id]
            past = past_of(before, None)
            former = others.get(listing_id)
            if former and _has_left(change.document, before, former, mates.get(former, ()), renamed):
                past = past if car is None else past_of(without_past(before), None)
                found = same.past_of(change)
                past, car = (past, None) if found is None else (together(found, past), found.car)
                if found is not None:
                    renamed.found.add(listing_id)
        if past is not None:
            remember(change.document, past, change.listing, now)
            change = replace(change, car=car)
        same.add(change)
        complete.append(change)
    return complete


def _known(
    connection: Connection, listing_ids: Sequence[ListingId]
) -> dict[ListingId, tuple[dict[str, Any], ListingId | None]]:
    """Return the documents of stored listings, and the first listing of the same car where that is another."""
    if not listing_ids:
        return {}
    rows = connection.execute(
        "SELECT listing_id, document, car FROM listing WHERE listing_id = ANY(%s)", (list(listing_ids),)
    )
    return {listing_id: (document, car) for listing_id, document, car in rows}


def _mates(connection: Connection, cars: Set[ListingId]) -> dict[ListingId, list[dict[str, Any]]]:
    """Return the documents of all listings of some cars."""
    mates: dict[ListingId, list[dict[str, Any]]] = {}
    if cars:
        rows = connection.execute(
            "SELECT coalesce(car, listing_id), document FROM listing WHERE car = ANY(%(cars)s)"
            " OR listing_id = ANY(%(cars)s)",
            {"cars": list(cars)},
        )
        for car, document in rows:
            mates.setdefault(car, []).append(document)
    return mates


def _has_left(
    now: dict[str, Any], before: dict[str, Any], car: ListingId, of_its_car: Sequence[dict[str, Any]], renamed: _Renamed
) -> bool:
    """Tell whether a renamed listing is alone; of those it was the first listing of, the others are released."""
    listing_id = now["listing_id"]
    others = [mate for mate in of_its_car if mate["listing_id"] != listing_id]
    strangers = [mate["listing_id"] for mate in others if not is_still_one(now, before, mate)]
    if car == listing_id and strangers:
        renamed.released[listing_id] = strangers
    return len(strangers) == len(others)


def _release(connection: Connection, renamed: _Renamed) -> None:
    """Make the listings that were of one car with another be of a car of their own, without its past.

    Those that were found to be of some car by the same write stay of that one, which may be the releasing one again.
    """
    released = renamed.released
    if not released:
        return
    rows = connection.execute(
        "SELECT car, listing_id, document FROM listing WHERE listing_id = ANY(%s) AND car = ANY(%s)"
        " ORDER BY listed_at, listing_id FOR UPDATE",
        ([mate for mates in released.values() for mate in mates if mate not in renamed.found], list(released)),
    ).fetchall()
    first: dict[str, dict[str, Any]] = {}
    for car, _, document in rows:
        first.setdefault(car, document)
    changed = []
    for car, listing_id, document in rows:
        own, is_first = without_past(document), listing_id == first[car]["listing_id"]
        if first[car]["listed_at"] < own["listed_at"]:
            own["first_listed_at"] = first[car]["listed_at"]
        changed.append((listing_id, None if is_first else first[car]["listing_id"], orjson.dumps(own).decode()))
    connection.execute(
        """
        UPDATE listing SET car = new.car, document = new.document::json, changed_by = pg_current_xact_id()
        FROM unnest(%b::text[], %b::text[], %b::text[]) AS new (listing_id, car, document)
        WHERE listing.listing_id = new.listing_id
        """,
        [list(column) for column in zip(*changed, strict=True)] if changed else ([], [], []),
    )


class _Relistings:
    """Finds the car of a new listing among those stored, those staged and those of the same write.

    :param renamed: listings of which what is stored is no longer true.
    """

    def __init__(
        self, connection: Connection, new: Sequence[_Change], renamed: Set[ListingId], *, staged: bool
    ) -> None:
        self._known: dict[bytes | str, list[tuple[ListingId, dict[str, Any]]]] = {}
        self._renamed = renamed
        vins = [x.listing.vin for x in new if is_vin_of_one_car(x.listing.vin)]
        likenesses = [x.likeness for x in new if x.likeness is not None]
        own_ids = [x.listing for x in new if x.listing.source_listing_id not in (None, x.listing.listing_id)]
        for table in ("listing", "listing_stage") if staged else ("listing",):
            for column, keys in (("vin", vins), ("likeness", likenesses)):
                if keys:
                    self._find(connection, table, sql.SQL("{} = ANY(%s)").format(sql.Identifier(column)), (keys,))
            if own_ids:
                condition = sql.SQL(
                    "(source, source_listing_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
                    " AND source_listing_id <> listing_id"
                )
                self._find(
                    connection, table, condition, ([x.source for x in own_ids], [x.source_listing_id for x in own_ids])
                )

    def _find(self, connection: Connection, table: str, condition: sql.Composable, values: tuple[Any, ...]) -> None:
        rows = connection.execute(
            sql.SQL(
                "SELECT listing_id, coalesce(car, listing_id), source, vin, source_listing_id, likeness, document"
                " FROM {} WHERE {} ORDER BY listed_at"
            ).format(sql.Identifier(table), condition),
            values,
        )
        for listing_id, car, source, vin, own_id, like, document in rows:
            if table == "listing" and listing_id in self._renamed:
                continue
            for key in _keys(listing_id, source, vin, own_id, bytes(like) if like is not None else None):
                self._known.setdefault(key, []).append((ListingId(car), document))

    def past_of(self, change: _Change) -> Past | None:
        """Return the past of the newest listing of the same car."""
        for key in _keys_of(change):
            for car, document in reversed(self._known.get(key, [])):
                if car != change.listing.listing_id and is_same_car(change.document, document):
                    return past_of(document, car)
        return None

    def add(self, change: _Change) -> None:
        for key in _keys_of(change):
            self._known.setdefault(key, []).append(
                (ListingId(change.car or change.listing.listing_id), change.document)
            )


def _keys_of(change: _Change) -> list[bytes | str]:
    listing = change.listing
    return _keys(listing.listing_id, listing.source, listing.vin, listing.source_listing_id, change.likeness)


def _keys(listing_id: str, source: str, vin: str | None, own_id: str | None, like: bytes | None) -> list[bytes | str]:
    """Return what a car is recognised by, the surest first."""
    keys: list[bytes | str] = [f"vin {vin}"] if is_vin_of_one_car(vin) else []
    if own_id is not None and own_id != listing_id:
        keys.append(f"id {source} {own_id}")
    if like is not None:
        keys.append(like)
    return keys


def _rows(changes: Sequence[_Change]) -> list[tuple[Any, ...]]:
    """Return the rows to write, in the order of `_COLUMNS`, sorted by listing_id."""
    changes = sorted(changes, key=lambda change: change.listing.listing_id)
    now = datetime.now(UTC)
    vectors = halfvec_binary(embed([change.listing for change in changes]))
    rows = []
    for change, vector in zip(changes, vectors, strict=True):
        listing = change.listing
        values = {name: getattr(listing, name) for name in _AS_IS}
        for name in ("lat", "lon"):  # 0.1 m; the columns take no number nearer to zero than 1e-45
            values[name] = None if values[name] is None else round(values[name], 6)
        values["status"] = change.document["status"]
        values["seller"] = listing.seller_id or listing.seller_name
        values["year"] = listing.year
        values["listed_at"] = change.listed_at
        values["updated_at"] = listing.updated_at or now
        values["document"] = orjson.dumps(change.document).decode()
        values["raw"] = None if change.raw is None else orjson.dumps(change.raw, default=str).decode()
        values["content_hash"] = change.content_hash
        values["search"] = _words_index(change.document)
        values["words_version"] = WORDS_VERSION
        values["embedding"] = vector
        values["embedding_version"] = VERSION
        values["likeness"] = change.likeness
        values["car"] = change.car
        rows.append(tuple(map(values.__getitem__, _COLUMNS)))
    return rows


def _insert_sql(rows: str) -> str:
    names = ", ".join(_COLUMNS)
    # An API that changes an imported listing has no row of the source to put in its place.
    kept = {"raw": "raw = coalesce(excluded.raw, listing.raw)"}
    update = ", ".join(kept.get(name, f"{name} = excluded.{name}") for name in _COLUMNS if name != "listing_id")
    return f"""
        INSERT INTO listing ({names}) {rows}
        ON CONFLICT (listing_id) DO UPDATE SET {update}, changed_by = pg_current_xact_id()
        WHERE listing.content_hash <> excluded.content_hash OR listing.status <> excluded.status
    """


_RETURNING = "RETURNING listing_id, xmax = 0"


def _insert_rows(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> set[str]:
    values = ", ".join(
        {"search": "%s::tsvector", "embedding": "%b::halfvec"}.get(name, f"%s::{kind}")
        for name, kind in _COLUMNS.items()
    )
    statement = _insert_sql(f"VALUES ({values})") + _RETURNING
    at = list(_COLUMNS).index("embedding")
    imported = set()
    for row in rows:
        vector = HalfVector.from_binary(row[at])
        written = connection.execute(statement.encode(), (*row[:at], vector, *row[at + 1 :])).fetchone()
        if written is not None and written[1]:
            imported.add(written[0])
    return imported


def _copy_rows(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> set[str]:
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS listing_load ({_TEMPORARY}) ON COMMIT DELETE ROWS".encode())
    _copy(connection, "listing_load", rows)
    statement = _insert_sql(f"SELECT {_SELECTED} FROM listing_load ORDER BY listing_id") + _RETURNING  # noqa: S608
    return {listing_id for listing_id, imported in connection.execute(statement.encode()) if imported}


_TEMPORARY = ", ".join(f"{name} {'halfvec' if name == 'embedding' else kind}" for name, kind in _COLUMNS.items())
_SELECTED = ", ".join("search::tsvector" if name == "search" else name for name in _COLUMNS)


def _copy(connection: Connection, table: str, rows: Iterable[tuple[Any, ...]], more: Sequence[str] = ()) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        # A halfvec travels as the bytes it is made of, which is what a bytea does, and JSON as its text: psycopg
        # would write a JSON string of it.
        copy.set_types(["text" if kind == "json" else kind for kind in (*_COLUMNS.values(), *more)])
        for row in rows:
            copy.write_row(row)


def _with_status(document: dict[str, Any], status: Status, now: str) -> dict[str, Any]:
    changed = {**document, "status": status}
    changed.pop("sold_at", None)
    return {**changed, "sold_at": now} if status == "sold" else changed


def _bump(connection: Connection) -> None:
    """Tell every snapshot that the catalogue changed; the last statement, because it makes writers wait in line."""
    connection.execute("UPDATE catalogue_state SET revision = revision + 1")


def _pays(connection: Connection, changes: int | None) -> bool:
    if changes is None:
        return True
    if changes < _REBUILD_LEAST:
        return False
    return changes > _REBUILD_SHARE * (_count_active(connection) + changes)


def _count_active(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM listing WHERE status = 'active'").fetchone()
    assert row is not None
    return int(row[0])


def _lock_index(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_INDEX_LOCK,)).fetchone()
    assert row is not None
    return bool(row[0])


def _index_is_valid(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('listing_embedding')"
    ).fetchone()
    return row is not None and bool(row[0])


def _build_index(connection: Connection) -> None:
    if _index_is_valid(connection):
        return
    try:
        _create_index(connection, workers=2)
    except psycopg.errors.DiskFull:
        # Parallel builds share memory in /dev/shm, of which a container often has 64 MB.
        _create_index(connection, workers=0)


def _create_index(connection: Connection, *, workers: int) -> None:
    connection.execute("DROP INDEX CONCURRENTLY IF EXISTS listing_embedding")
    # A graph that outgrows this memory is built several times slower; one listing takes about 1 kB of it.
    megabytes = min(max(256, _count_active(connection) // 800), 2_048)
    connection.execute(f"SET maintenance_work_mem = '{megabytes}MB'".encode())
    connection.execute(f"SET max_parallel_maintenance_workers = {workers}".encode())
    try:
        connection.execute(
            "CREATE INDEX CONCURRENTLY listing_embedding ON listing USING hnsw (embedding halfvec_l2_ops)"
            " WHERE status = 'active'"
        )
    finally:
        if not connection.closed:
            connection.execute("RESET maintenance_work_mem")
            connection.execute("RESET max_parallel_maintenance_workers")
