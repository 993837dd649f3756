"""Read the interactions of any system into numpy columns: who did what with which item, when."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carousel.activity.events import EventType
from carousel.errors import InputError, UnusableFeedError, first_line
from carousel.evaluation.columns import Roles, roles_of, times_of
from carousel.evaluation.kinds import event_type, strength
from carousel.evaluation.moments import TimeForm, is_time_of_day, other_order, time_form
from carousel.evaluation.reading import Table, open_table
from carousel.processes import temporary_folder

_SAMPLE = 2_000
_NOTHING = ["", "-", "null", "NULL", "None", "none", "nan", "NaN", "N/A", "NA", "na", "\\N", "<null>", "undefined"]
_MOST_LOST = 0.5
"""Share of rows without a user, an item or a time above which we have misunderstood the file."""
_LOST_ANYWAY = 0.1
"""Share of more rows that may lack something after a file's quotes were mended: so many just have an empty cell."""

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What the caller says of a log; None means: find out. A column named "" is not used.

    :ivar min_rating: rows rated lower do not count as interest.
    :ivar min_per_user: least distinct items of a user, repeated with `min_per_item` until both hold (a k-core).
    """

    user: str | None = None
    item: str | None = None
    time: str | None = None
    type: str | None = None
    strength: str | None = None
    min_rating: float | None = None
    min_per_user: int = 1
    min_per_item: int = 1
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Log:
    """Interactions in the order they happened.

    :ivar users: (n,) int32 codes, :ivar items: (n,) int32 codes, :ivar at: (n,) seconds since 1970, or the row's
        number where nobody knows the time; :ivar weights: (n,) in views, below zero is evidence against;
        :ivar kinds: (n,) index in `Dataset.kinds`.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    at: NDArray[np.float64]
    weights: NDArray[np.float32]
    kinds: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Log":
        return Log(self.users[rows], self.items[rows], self.at[rows], self.weights[rows], self.kinds[rows])


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A log and what its codes mean.

    :ivar timed: whether the order is that of time; else it was drawn by the seed.
    :ivar notes: what a reader of the figures has to know, one sentence each.
    """

    name: str
    log: Log
    user_count: int
    item_ids: list[str]
    kinds: tuple[EventType, ...]
    timed: bool
    clock: bool
    """Whether `at` is in seconds; an order without a clock has no days."""
    notes: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def item_count(self) -> int:
        return len(self.item_ids)


def load(path: Path, options: ReadOptions | None = None, told: Told | None = None) -> Dataset:
    """Read a log.

    :raises UnusableFeedError: it is no log; the message names what was looked for and what to do.
    """
    options = options or ReadOptions()
    tell = told or (lambda _: None)
    tell(f"reading {path.name}")
    with temporary_folder("carousel-evaluate-") as folder:
        said = [name for name in (options.user, options.item, options.time, options.type, options.strength) if name]
        table = open_table(path, folder, said)
        try:
            try:
                return _read(path, table, options, tell)
            except pl.exceptions.PolarsError:
                if table.mended is None:
                    raise
                return _read(path, table.mended(), options, tell)
        except pl.exceptions.PolarsError as error:
            raise UnusableFeedError(f"{path} cannot be read ({first_line(error)}); export it as CSV") from error


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the rows of a table say: those with a user, an item and a time, and how many lack one."""

    frame: pl.DataFrame
    read: int
    lost: int
    roles: Roles
    form: TimeForm | None
    kinds: tuple[EventType, ...]
    notes: list[str]


def _read(path: Path, table: Table, options: ReadOptions, tell: Told) -> Dataset:
    rows = _rows(path, table, options)
    if table.mended is not None and (rows.lost or table.doubtful):
        with contextlib.suppress(UnusableFeedError):
            rows = _better(rows, _rows(path, table.mended(), options))
    roles, form, notes = rows.roles, rows.form, rows.notes
    if not rows.frame.height or rows.lost > _MOST_LOST * rows.read:
        raise UnusableFeedError(
            f"{path}: {rows.lost:,} of {rows.read:,} rows lack a user ({roles.user!r}), an item ({roles.item!r})"
            + (f" or a time ({roles.time!r}, {form.name})" if form else "")
            + "; name the columns with --user, --item and --time"
        )
    if rows.lost:
        notes.append(f"{rows.lost:,} of {rows.read:,} rows lack a user, an item or a time and are left out.")
    tell(f"sorting {rows.frame.height:,} interactions")
    log, user_count, item_ids = _coded(rows.frame, timed=form is not None, seed=options.seed)
    log, repeated = _without_duplicates(log) if form else (log, 0)
    if repeated:
        notes.append(f"{repeated:,} rows say the same as another and are counted once.")
    dataset = Dataset(
        name=path.name, log=log, user_count=user_count, item_ids=item_ids, kinds=rows.kinds, timed=form is not None,
        clock=form is not None and form.unit > 0, notes=tuple(notes),
        facts={"file": path.name, "form": table.form, "rows": rows.read, "columns": _said_of(roles),
               "times": form.name if form else "none"},
    )  # fmt: skip
    return _core(dataset, options)


def _rows(path: Path, table: Table, options: ReadOptions) -> _Rows:
    """Find the columns of a table and read its rows.

    :raises UnusableFeedError: no rows, no columns that could be meant, or no interest in any.
    """
    head = table.frame.head(_SAMPLE).collect()
    if not head.height:
        raise UnusableFeedError(f"{path} has columns and no rows; export the interactions again")
    sample = {name: head[name].to_list() for name in head.columns}
    said = {"user": options.user, "item": options.item, "time": options.time, "type": options.type,
            "strength": options.strength}  # fmt: skip
    roles = roles_of(sample, said, named=table.named)
    notes: list[str] = []
    if options.time is None and roles.time is not None:
        roles = replace(roles, time=_readable_time(roles.time, sample, notes))
    clock = _time_of_day(table, roles, sample)
    if clock is not None and roles.time is not None:
        notes.append(f"The time is {roles.time!r} with {clock!r}.")
        both = pl.concat_str([pl.col(roles.time), pl.col(clock).fill_null("")], separator=" ").alias(
            f"{roles.time} {clock}"
        )
        table = replace(table, frame=table.frame.with_columns(both))
        roles = replace(roles, time=f"{roles.time} {clock}")
        sample |= head.select(both).to_dict(as_series=False)
    form = _form(table, roles, sample, notes)
    frame, kinds = _collected(table, roles, form, options, notes)
    if not (frame["weight"] > 0).any():
        raise UnusableFeedError(f"{path}: no row says that somebody was interested; its types are {', '.join(kinds)}")
    read = frame.height
    if table.inside is not None and roles.item.startswith(f"{table.inside}."):
        frame = frame.drop_nulls("item")
        if frame.height < read:
            notes.append(f"{read - frame.height:,} of {read:,} rows have no {table.inside} and are left out.")
    usable = frame.drop_nulls(["user", "item", *(["at"] if form else [])])
    return _Rows(usable, read, frame.height - usable.height, roles, form, kinds, notes)


def _better(rows: _Rows, mended: _Rows) -> _Rows:
    """Return the reading of a file that says more.

    Where quotes do pair up, a text of several lines falls apart when each line is read by itself, into rows that lack
    most.
    """
    as_whole = mended.lost / mended.read < rows.lost / rows.read + _LOST_ANYWAY
    as_timed = mended.form is not None or rows.form is None
    return mended if as_whole and as_timed and mended.frame.height > rows.frame.height else rows


def _time_of_day(table: Table, roles: Roles, sample: dict[str, list[str | None]]) -> str | None:
    """Return the column with the time of day where that of the time holds only the day."""
    if roles.time is None or any(":" in (cell or "") for cell in sample[roles.time]):
        return None
    for name in times_of(list(sample)) if table.named else sample:
        both = [f"{day} {clock}" for day, clock in zip(sample[roles.time], sample[name], strict=True) if day and clock]
        if name not in roles.used() and is_time_of_day([cell for cell in sample[name] if cell]):
            form = time_form(both)
            if form is not None and form.formats:
                return name
    return None


def _readable_time(named: str, sample: dict[str, list[str | None]], notes: list[str]) -> str | None:
    """Return the first column named like a time that holds one: of a date and a time of day, the date."""
    for name in dict.fromkeys([named, *times_of(list(sample))]):
        if time_form([cell for cell in sample[name] if cell]) is not None:
            return name
    shown = next((cell for cell in sample[named] if cell), "nothing")
    notes.append(f"{named!r} holds no time that we can read, such as {shown[:40]!r}.")
    return None


def _form(table: Table, roles: Roles, sample: dict[str, list[str | None]], notes: list[str]) -> TimeForm | None:
    """Return how times are written; with day and month in doubt, the order that reads more of the whole file."""
    if roles.time is None:
        notes.append(
            "No column says when: the order is drawn by the seed and one random item per user is held out, which is"
            " easier than predicting the future."
        )
        return None
    form = time_form([cell for cell in sample[roles.time] if cell])
    if form is None:
        shown = next((cell for cell in sample[roles.time] if cell), "")
        raise UnusableFeedError(
            f"{roles.time!r} holds no time that we can read, such as {shown[:40]!r}; use seconds since 1970 or"
            ' 2026-01-31T12:00:00Z, name another column with --time, or give --time "" to go without'
        )
    other = other_order(form)
    if other is not None:
        column = pl.col(roles.time)
        known = table.frame.select(
            form.seconds(column).is_not_null().sum().alias("a"), other.seconds(column).is_not_null().sum().alias("b")
        ).collect(engine="streaming")
        if known["b"][0] > known["a"][0]:
            form = other
        elif known["b"][0] == known["a"][0]:
            notes.append(f"{roles.time!r} could have day and month the other way round; it was read as {form.name}.")
    if form.unit == 0:
        notes.append(f"{roles.time!r} holds {form.name}.")
    return form


def _collected(
    table: Table, roles: Roles, form: TimeForm | None, options: ReadOptions, notes: list[str]
) -> tuple[pl.DataFrame, tuple[EventType, ...]]:
    """Read only the columns that have a role, with ids and types as categories."""

    def text(name: str) -> pl.Expr:
        cell = pl.col(name).str.strip_chars()
        return pl.when(~cell.is_in(_NOTHING)).then(cell)

    user = text(roles.user)
    if roles.session is not None and roles.session != roles.user:
        user = pl.coalesce(user, pl.lit("session ") + text(roles.session))
    columns = [
        user.cast(pl.Categorical).alias("user"),
        text(roles.item).cast(pl.Categorical).alias("item"),
        (form.seconds(pl.col(roles.time)) if form and roles.time else pl.lit(0.0)).alias("at"),
        (text(roles.type) if roles.type else pl.lit("")).fill_null("").cast(pl.Categorical).alias("type"),
        (_number(pl.col(roles.strength)) if roles.strength else pl.lit(1.0)).cast(pl.Float32).alias("strength"),
    ]
    frame = table.frame.select(columns).collect(engine="streaming")
    if options.min_rating is not None and roles.strength is None:
        raise InputError("--min-rating needs a column of ratings; name it with --strength", field="min_rating")
    names = [str(name) for name in frame["type"].unique().sort().cast(pl.String)]
    ours: dict[str, EventType | None] = {name: event_type(name) if name else "view" for name in names}
    weights = {name: strength(kind) for name, kind in ours.items()}
    unknown = [name for name, kind in ours.items() if kind is None]
    if unknown:
        notes.append(f"Types that we do not know count as a view: {', '.join(map(repr, unknown[:10]))}.")
    ignored = [name for name, weight in weights.items() if weight == 0]
    if ignored:
        notes.append(f"Not interest, so not counted: {', '.join(map(repr, ignored[:10]))}.")
    weight = pl.col("type").cast(pl.String).replace_strict(weights, return_dtype=pl.Float32)
    if options.min_rating is not None:
        weight = weight * (pl.col("strength").fill_null(0) >= options.min_rating).cast(pl.Float32)
        notes.append(f"Only ratings of at least {options.min_rating:g} count as interest.")
    elif roles.is_rating:
        notes.append("Every rating counts as interest, a low one too; --min-rating 4 changes that.")
    elif roles.strength:
        count = pl.col("strength").fill_null(1)
        weight = pl.when(count > 0).then(weight * (1 + count.clip(lower_bound=1).log())).otherwise(0.0)
        without = int((frame["strength"] <= 0).sum())
        if without:
            notes.append(f"{without:,} rows whose {roles.strength!r} is not above 0 are no interest, so not counted.")
        if (frame["strength"] > 1).any():
            notes.append(f"An interaction weighs 1 + ln({roles.strength}).")
    kinds: tuple[EventType, ...] = tuple(kind or "view" for kind in ours.values())
    index = {name: i for i, name in enumerate(names)}
    kind = pl.col("type").cast(pl.String).replace_strict(index, return_dtype=pl.Int16)
    frame = frame.with_columns(weight.alias("weight"), kind.alias("kind")).drop("type", "strength")
    return frame.filter(pl.col("weight") != 0), kinds


def _number(column: pl.Expr) -> pl.Expr:
    """Return a column of text as numbers: 4,5 is 4.5 as much of Europe writes it, and a flag is 1 or 0."""
    text = column.str.strip_chars().str.to_lowercase().replace({"true": "1", "false": "0"})
    return text.str.replace(r"^(-?\d+),(\d\d?)$", "${1}.${2}").cast(pl.Float32, strict=False).fill_nan(None)


def _coded(frame: pl.DataFrame, *, timed: bool, seed: int) -> tuple[Log, int, list[str]]:
    """Turn ids into codes and rows into the order of time, or one drawn by the seed."""
    users, user_names = _codes(frame["user"])
    items, item_names = _codes(frame["item"])
    at = frame["at"].to_numpy().astype(np.float64)
    if timed:
        # Rows of one moment stay as in a file sorted by time; else their order could betray what is asked.
        ordered = bool((np.diff(at) >= 0).all())
        ties = np.arange(len(at)) if ordered else np.random.default_rng(seed).permutation(len(at))
        order = np.lexsort((ties, at))
    else:
        order = np.random.default_rng(seed).permutation(len(at))
        at = np.empty(len(at))
        at[order] = np.arange(len(order))
    log = Log(users, items, at, frame["weight"].to_numpy().astype(np.float32), frame["kind"].to_numpy())
    return log.take(order), len(user_names), item_names


def _codes(column: pl.Series) -> tuple[NDArray[np.int32], list[str]]:
    """Return each row's code, dense and in the order of the names, and the names."""
    physical = column.to_physical().to_numpy()
    known, first, inverse = np.unique(physical, return_index=True, return_inverse=True)
    names = column.gather(first).cast(pl.String).to_list()
    by_name = np.argsort(np.array(names, dtype=object), kind="stable")
    rank = np.empty(len(known), dtype=np.int32)
    rank[by_name] = np.arange(len(known), dtype=np.int32)
    return rank[inverse], [names[i] for i in by_name]


def _without_duplicates(log: Log) -> tuple[Log, int]:
    """Count a row once that says the same as another: same user, item, moment and type."""
    order = np.lexsort((log.kinds, log.items, log.users, log.at))
    same = np.zeros(len(log), dtype=bool)
    a, b = order[1:], order[:-1]
    same[a] = (
        (log.at[a] == log.at[b])
        & (log.users[a] == log.users[b])
        & (log.items[a] == log.items[b])
        & (log.kinds[a] == log.kinds[b])
    )
    return log.take(~same), int(same.sum())


def _core(dataset: Dataset, options: ReadOptions) -> Dataset:
    """Leave out users and items with too few interactions until all that stay have enough."""
    if max(options.min_per_user, options.min_per_item) <= 1:
        return dataset
    log = dataset.log
    while len(log):
        pairs = np.unique(log.users.astype(np.int64) * dataset.item_count + log.items)
        of_user = np.bincount(pairs // dataset.item_count, minlength=dataset.user_count)
        of_item = np.bincount(pairs % dataset.item_count, minlength=dataset.item_count)
        keep = (of_user[log.users] >= options.min_per_user) & (of_item[log.items] >= options.min_per_item)
        if keep.all():
            break
        log = log.take(keep)
    if not len(log):
        raise UnusableFeedError(
            f"nobody has {options.min_per_user} items that {options.min_per_item} users each have; lower --min-per-user"
        )
    users, user_codes = np.unique(log.users, return_inverse=True)
    items, item_codes = np.unique(log.items, return_inverse=True)
    log = replace(log, users=user_codes.astype(np.int32), items=item_codes.astype(np.int32))
    note = f"Only users with {options.min_per_user} items and items with {options.min_per_item} users are kept."
    return replace(
        dataset, log=log, user_count=len(users), item_ids=[dataset.item_ids[i] for i in items],
        notes=(*dataset.notes, note),
    )  # fmt: skip


def _said_of(roles: Roles) -> dict[str, str]:
    named = {"user": roles.user, "item": roles.item, "time": roles.time, "type": roles.type,
             "strength": roles.strength, "session": roles.session}  # fmt: skip
    return {role: name for role, name in named.items() if name is not None}
