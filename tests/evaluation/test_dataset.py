"""Logs of any form are read without being told how, and what cannot be read says so in one line."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from carousel.activity.events import WEIGHTS, EventType
from carousel.errors import UnusableFeedError
from carousel.evaluation.dataset import Dataset, ReadOptions, load
from carousel.evaluation.kinds import event_type

Write = Callable[..., Path]
AT = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


def said(dataset: Dataset, column: str) -> object:
    columns = dataset.facts["columns"]
    assert isinstance(columns, dict)
    return columns.get(column)


@pytest.mark.parametrize(
    "header",
    [
        "user_id,item_id,timestamp",
        "visitorid,itemid,timestamp",
        "customer,product,date",
        "shopper_id,listing_id,occurred_at",
        "uid,ad_id,ts",
        "Session-ID,Car ID,Event Time",
        "Kunde,Fahrzeug,Zeitstempel",
        "reviewerID,asin,unixReviewTime",
        "customer_id,article_id,t_dat",
    ],
)
def test_columns_are_found_by_their_names(log_file: Write, header: str) -> None:
    dataset = load(log_file(f"price,{header}\n9,u1,i1,1700000000\n8,u1,i2,1700000100\n7,u2,i1,1700000200\n"))
    assert [said(dataset, role) for role in ("user", "item", "time")] == header.split(",")
    assert (dataset.user_count, dataset.item_ids, dataset.timed) == (2, ["i1", "i2"], True)


def test_columns_can_be_named(log_file: Write) -> None:
    path = log_file("who,what,when_\na,x,1700000000\nb,y,1700000001\n")
    with pytest.raises(UnusableFeedError, match=r"no column says the user.*'who', 'what'.*--user COLUMN"):
        load(path)
    dataset = load(path, ReadOptions(user="who", item="what", time="when_"))
    assert (dataset.user_count, dataset.item_ids, dataset.timed) == (2, ["x", "y"], True)
    with pytest.raises(UnusableFeedError, match="--user nobody: there is no such column"):
        load(path, ReadOptions(user="nobody", item="what"))


@pytest.mark.parametrize(
    ("header", "row", "roles"),
    [
        ("user_id,user_type,ad_ref,listing_price,ts", "u{u},dealer,{i},{i}000,{t}", ("user_id", "ad_ref", None)),
        ("created,user_ref,car_make,car_model,car_ref", "{t},{u},VW,Golf,{i}", ("user_ref", "car_ref", None)),
        ("ts,user_agent,client_ip,session_key,listing_ref", "{t},Moz,10.0.0.1,{u},{i}",
         ("session_key", "listing_ref", None)),
        ("time,user_country,user_hash,advert_title,advert_no", "{t},DE,{u},VW Golf,{i}",
         ("user_hash", "advert_no", None)),
        ("user_id,ad_id,type,action,ts", "{u},{i},suv,favorite,{t}", ("user_id", "ad_id", "action")),
        ("userId,anonymousId,product_id,ts", ",{u},{i},{t}", ("anonymousId", "product_id", None)),
        ("session_id,user_key,listing_key,ts", "s{u}{i},{u},{i},{t}", ("user_key", "listing_key", None)),
        ("customer_email,ad_slug,ts", "{u},{i},{t}", ("customer_email", "ad_slug", None)),
        ("card_id,user_id,listing,ts", "7,{u},{i},{t}", ("user_id", "listing", None)),
    ],
)  # fmt: skip
def test_a_name_that_only_begins_like_a_role_is_passed_over(
    log_file: Write, header: str, row: str, roles: tuple[str, ...]
) -> None:
    rows = "\n".join(row.format(u=f"u{n % 7}", i=n % 11, t=1_700_000_000 + n) for n in range(50))
    dataset = load(log_file(f"{header}\n{rows}\n"))
    assert tuple(said(dataset, role) for role in ("user", "item", "type")) == roles


def test_what_many_share_is_no_user_and_no_item(log_file: Write) -> None:
    with pytest.raises(UnusableFeedError, match="no column says the user or the item"):
        load(log_file("user_agent,listing_price,ts\nMozilla,12000,1700000000\nOpera,13000,1700000001\n"))


@pytest.mark.parametrize(
    "header",
    [
        "Пользователь;Объявление;Дата;Действие",
        "uzytkownik;ogloszenie;data;akcja",
        "użytkownik;ogłoszenie;data zdarzenia;typ",
        "kullanici_id;ilan_no;tarih;islem",
        "Kundennummer;Inseratsnummer;Zeitpunkt;Ereignis",
        "Besucher;Fahrzeug-ID;Datum;Aktion",
        "usuario;anuncio;fecha;evento",
        "utilisateur;annonce;horodatage;action",
        "utente;codice annuncio;data;azione",
        "uživatel;inzerát;čas;akce",
    ],
)
def test_columns_are_found_in_many_languages(log_file: Write, header: str) -> None:
    rows = "\n".join(f"u{n % 7};{n % 11};{1_700_000_000 + n};view" for n in range(50))
    dataset = load(log_file(f"{header}\n{rows}\n"))
    assert [said(dataset, role) for role in ("user", "item", "time", "type")] == header.split(";")


def test_a_column_that_is_named_in_other_letters_is_that_column(log_file: Write) -> None:
    path = log_file("Когда;Кто;Что\n1700000000;u1;x\n1700000100;u2;y\n")
    dataset = load(path, ReadOptions(user="Кто", item="что", time="Когда"))
    assert [said(dataset, role) for role in ("user", "item", "time")] == ["Кто", "Что", "Когда"]
    with pytest.raises(UnusableFeedError, match="--user Где: there is no such column"):
        load(path, ReadOptions(user="Где", item="Что"))


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("user_{u},car_{i},{day} 10:00:00", (1, 2, 3)),
        ("user_{u}\t{day}T10:00:00Z\tid-{i}\tDeep Dish", (1, 3, 2)),
        ("user_{u}\tcar_{i}\tsome text", (1, 2, None)),
        ("{u}\t{day}T10:00:00Z\t30.2359{u}\t-97.795{i}\t{i}", (1, 5, 2)),
    ],
)
def test_a_first_row_that_is_like_the_others_is_no_header(
    log_file: Write, row: str, columns: tuple[int | None, ...]
) -> None:
    rows = [row.format(u=n % 7, i=n % 11, day=f"2024-05-{n % 28 + 1:02d}") for n in range(60)]
    dataset = load(log_file("\n".join(rows)))
    assert dataset.facts["rows"] == 60
    assert tuple(said(dataset, role) for role in ("user", "item", "time")) == tuple(
        n and f"column_{n}" for n in columns
    )
    assert (dataset.user_count, dataset.item_count) == (7, 11)


@pytest.mark.parametrize(
    "time",
    [
        f"{AT:.0f}", f"{AT * 1e3:.0f}", f"{AT * 1e6:.0f}", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000+00:00",
        "2026-01-31T14:00:00+02:00", "2026-01-31T07:00:00-0500", "2026-01-31 12:00:00 UTC", "2026-01-31 12:00",
        "31.01.2026 12:00", "31/01/2026 12:00:00", "01/31/2026 12:00", "20260131120000", "31-Jan-2026 12:00:00",
        "2026-01-31 12:00:00+00", "2026-01-31 07:00:00.000-05", "31.01.26 12:00", "31/01/26 12:00", "01/31/26 12:00 PM",
        "31-JAN-26 12:00:00", "31.01.2026, 12:00:00", "01/31/2026, 12:00:00 PM", "1/31/2026, 12:00:00\u202fPM",
        "2026-01-31T13:00:00+01:00[Europe/Berlin]", "2026-01-31T12:00:00Z[UTC]", "January 31, 2026 12:00",
        "Jan 31, 2026, 12:00:00 PM", "31 January 2026 12:00",
    ],
)  # fmt: skip
def test_one_moment_in_many_spellings(log_file: Write, time: str) -> None:
    log = load(log_file(f"user_id;item_id;date\na;x;{time}\na;y;{time}\n")).log
    assert log.at.tolist() == [AT, AT]


def test_a_month_may_be_written_out(log_file: Write) -> None:
    log = load(log_file('user,item,date\na,x,"September 13, 2020"\na,y,"May 3, 2021"\n')).log
    assert [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d") for at in log.at] == ["2020-09-13", "2021-05-03"]


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ("Datum;Uhrzeit;Kunde;Fahrzeug\n{d}.01.2026;{c};u{n};{n}", ReadOptions()),
        ("Tag;Uhrzeit;Kunde;Fahrzeug\n{d}.01.2026;{c};u{n};{n}", ReadOptions(time="Tag")),
        ("user,item,date,time\nu{n},{n},2026-01-{d},{c}", ReadOptions()),
        ("user,item,date,time\nu{n},{n},202601{d},{c}", ReadOptions()),
        ("2026-01-{d}\t{c}\tu{n}\t{n}", ReadOptions()),
    ],
)
def test_a_day_and_a_time_of_day_are_one_moment(log_file: Write, row: str, options: ReadOptions) -> None:
    *header, cells = row.split("\n")
    moments = [datetime.fromtimestamp(AT + 3600 * n, UTC) for n in range(-40, 10)]
    rows = [cells.format(d=at.day, c=at.strftime("%H:%M:%S"), n=n % 7) for n, at in enumerate(moments)]
    dataset = load(log_file("\n".join([*header, *rows])), options)
    assert (dataset.user_count, dataset.item_count) == (7, 7)
    assert dataset.log.at.tolist() == [at.timestamp() for at in moments]
    assert any(note.startswith("The time is ") for note in dataset.notes)


def test_day_and_month_are_told_apart_by_the_whole_file(log_file: Write) -> None:
    rows = "\n".join(f"u{i},i,0{i % 9 + 1}/02/2026" for i in range(3_000))
    log = load(log_file(f"user,item,date\n{rows}\nv,i,02/25/2026\n")).log
    assert datetime.fromtimestamp(log.at[-1], UTC).strftime("%m-%d") == "09-02"  # 09/02 is the 2nd of September


def test_day_and_month_of_two_digit_years_too(log_file: Write) -> None:
    rows = "\n".join(f"u{i},i,0{i % 9 + 1}/02/26" for i in range(3_000))
    dataset = load(log_file(f"user,item,date\n{rows}\n"))
    assert "'date' could have day and month the other way round; it was read as dates as %d/%m/%y." in dataset.notes
    log = load(log_file(f"user,item,date\n{rows}\nv,i,02/25/26\n")).log
    assert datetime.fromtimestamp(log.at[-1], UTC).strftime("%Y-%m-%d") == "2026-09-02"


def test_october_keeps_its_t(log_file: Write) -> None:
    log = load(log_file("user,item,date\na,x,05-OCT-2024\na,y,06-OCT-2024\n")).log
    assert [datetime.fromtimestamp(at, UTC).strftime("%m-%d") for at in log.at] == ["10-05", "10-06"]


def test_a_date_before_1900_is_none(log_file: Write) -> None:
    rows = "\n".join(f"u{i},i,2026-01-31T12:00:0{i}" for i in range(9))
    dataset = load(log_file(f"user,item,date\n{rows}\nv,i,0001-01-01T00:00:00\n"))
    assert len(dataset.log) == 9
    assert "1 of 10 rows lack a user, an item or a time and are left out." in dataset.notes


@pytest.mark.parametrize("by_user", [False, True], ids=["by time", "by user"])
@pytest.mark.parametrize("first", [123_450_000, 1_400_000_000], ids=["1973", "2014"])
def test_large_numbers_without_a_header_are_ids_beside_a_time(log_file: Write, first: int, by_user: bool) -> None:
    rows = [(first + i % 61, i % 50, i % 5 + 1, 1_433_221_332 + 3600 * i) for i in range(600)]
    if by_user:
        rows.sort()
    dataset = load(log_file("\n".join("\t".join(map(str, row)) for row in rows)))
    assert [said(dataset, role) for role in ("user", "item", "strength", "time")] == [
        f"column_{i}" for i in (1, 2, 3, 4)
    ]
    assert (dataset.user_count, dataset.item_count) == (61, 50)


def test_ids_without_a_header_do_not_become_the_time_where_there_is_none(log_file: Write) -> None:
    rows = [
        (5_000_000 + 7_919_333 * (i % 37), f"Game {i % 10}", ("purchase", "play")[i % 2], 1.5 * i, 0)
        for i in range(400)
    ]
    dataset = load(log_file("\n".join(",".join(map(str, row)) for row in rows)))
    assert [said(dataset, role) for role in ("user", "item", "type", "time")] == [
        "column_1",
        "column_2",
        "column_3",
        None,
    ]
    assert (dataset.user_count, dataset.item_count, dataset.timed) == (37, 10, False)


def test_types_become_weights(log_file: Write) -> None:
    types = ["view", "addtocart", "transaction", "call_click", "shown", "hide", "remove_from_cart", "pirouette"]
    lines = "\n".join(f"u,i{i},{1_700_000_000 + i},{t}" for i, t in enumerate(types))
    dataset = load(log_file(f"visitorid,itemid,timestamp,event\n{lines}\n"))
    assert dict(zip(dataset.item_ids, dataset.log.weights.tolist(), strict=True)) == {
        "i0": 1, "i1": 5, "i2": 10, "i3": 10, "i5": -4, "i6": -3, "i7": 1,
    }  # fmt: skip
    assert "Types that we do not know count as a view: 'pirouette'." in dataset.notes
    assert "Not interest, so not counted: 'shown'." in dataset.notes


@pytest.mark.parametrize("kind", WEIGHTS)
def test_our_own_types_are_themselves(kind: EventType) -> None:
    assert event_type(kind) == kind


@pytest.mark.parametrize(
    ("kind", "names"),
    {
        "impression": "display view_item_list viewItemList product_impression list_view",
        "search": "apply_filter filter_applied save_search view_search_results Suche",
        "favourite": "bookmark add_bookmark starred addtocart add_to_wishlist Gemerkt favori избранное ulubione saved",
        "contact": "booking reserved phone_call callback lead_form generate_lead Anruf Anfrage appel llamada звонок",
        "test_drive": "testDrive Probefahrt",
        "click": "select_item clickout Klick",
        "view": "page_view productview first_visit Aufruf Besuch vue wyświetlenie просмотр görüntüleme visualizzazione",
        "hide": "hide_listing ausgeblendet not_interested",
        "share": "shared geteilt compartir",
        "compare": "comparison Vergleich comparar",
        None: "start session_start video_start carousel restart scroll facebook",
    }.items(),
)
def test_types_are_known_by_whole_words_in_many_languages(kind: EventType | None, names: str) -> None:
    assert {name: event_type(name) for name in names.split()} == dict.fromkeys(names.split(), kind)


def packed(kind: str, data: bytes) -> bytes:
    if kind == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("log.csv", data)
        return out.getvalue()
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "plain": bytes}[kind](data)


@pytest.mark.parametrize("kind", ["plain", "gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("form", ["csv", "tsv", "cr", "utf16", "colons", "headerless", "json", "wrapped", "ndjson"])
def test_every_form_says_the_same(log_file: Write, form: str, kind: str) -> None:
    rows = [(f"u{i % 7}", f"i{i % 11}", 1_700_000_000 + 60 * i) for i in range(100)]
    documents = [{"user": {"id": u}, "item_id": i, "ts": t} for u, i, t in rows]
    table = [("user_id", "item_id", "timestamp"), *rows]

    def text(separator: str, end: str, cells: list[tuple[object, ...]]) -> bytes:
        return (end.join(separator.join(map(str, row)) for row in cells) + end).encode()

    content = {
        "csv": text(",", "\r\n", table),
        "tsv": b"93\n100\n" + text("\t", "\n", table),  # two lines that count, as some copies begin
        "cr": text(";", "\r", table),
        "utf16": text(",", "\n", table).decode().encode("utf-16"),
        "colons": text("::", "\n", [(u, i, 5, t) for u, i, t in rows]),
        "headerless": text("\t", "\n", [(u, i, t) for u, i, t in rows]),
        "json": orjson.dumps(documents),
        "wrapped": orjson.dumps({"events": documents}),
        "ndjson": b"\n".join(map(orjson.dumps, documents)),
    }[form]
    dataset = load(log_file(packed(kind, content)))
    assert (len(dataset.log), dataset.user_count, dataset.item_count, dataset.clock) == (100, 7, 11, True)
    assert dataset.log.at[0] == 1_700_000_000


def test_parquet_with_brotli_and_an_anonymous_session(log_file: Write) -> None:
    frame = pl.DataFrame(
        {
            "user_id": [1.0, None, None, 1.0],
            "session_id": ["s1", "s2", "s2", "s3"],
            "listing_id": ["a", "a", "b", "b"],
            "occurred_at": [datetime(2026, 1, d, tzinfo=UTC) for d in (1, 2, 3, 4)],
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out, compression="brotli")
    dataset = load(log_file(out.getvalue(), "log.parquet.brotli"))
    assert dataset.user_count == 2  # 1, and who was in session s2
    assert dataset.log.users.tolist() == [0, 1, 1, 0]


def test_sessions_with_their_events_inside(log_file: Write) -> None:
    lines = [{"session": s, "events": [{"aid": i, "ts": 1_700_000_000_000 + i, "type": "clicks"} for i in (1, 2, 3)]}
             for s in (10, 11)]  # fmt: skip
    dataset = load(log_file(b"\n".join(map(orjson.dumps, lines)), "log.jsonl"))
    assert (len(dataset.log), dataset.user_count, dataset.item_ids) == (6, 2, ["1", "2", "3"])


LOG = [(f"u{n % 7}", f"i{n % 11}", 1_700_000_000 + n) for n in range(60)]


@pytest.mark.parametrize("form", ["ndjson", "json", "parquet"])
def test_a_list_beside_the_ids_makes_no_rows_and_loses_none(log_file: Write, form: str) -> None:
    rows = [
        {"user_id": u, "asin": i, "timestamp": t, "images": [{"url": "a"}, {"url": "b"}][: t % 3]} for u, i, t in LOG
    ]
    out = io.BytesIO()
    pl.DataFrame(rows).write_parquet(out)
    content = {"ndjson": b"\n".join(map(orjson.dumps, rows)), "json": orjson.dumps(rows), "parquet": out.getvalue()}
    assert len(load(log_file(content[form])).log) == 60


def test_the_list_with_the_items_is_made_into_rows_and_others_are_not(log_file: Write) -> None:
    rows = [{"event_timestamp": t * 1_000_000, "event_name": "view_item", "user_id": None, "user_pseudo_id": u,
             "event_params": [{"key": "a"}, {"key": "b"}], "items": [{"item_id": i, "price": 1}] * (t % 3 == 0)}
            for u, i, t in LOG]  # fmt: skip
    path = log_file(b"\n".join(map(orjson.dumps, rows)), "events.json")
    dataset = load(path)
    assert [said(dataset, role) for role in ("user", "item", "time", "type")] == [
        "user_pseudo_id", "items.item_id", "event_timestamp", "event_name",
    ]  # fmt: skip
    assert len(dataset.log) == 20
    assert "40 of 60 rows have no items and are left out." in dataset.notes
    assert said(load(path, ReadOptions(item="event_params.key")), "item") == "event_params.key"


def test_ids_may_begin_as_numbers_and_go_on_as_text(log_file: Write) -> None:
    rows = [{"user_id": n % 50 if n < 10_500 else f"a{n % 50}", "item": {"id": n % 20 + 0.0}, "ts": 1_700_000_000 + n}
            for n in range(11_000)]  # fmt: skip
    dataset = load(log_file(b"\n".join(map(orjson.dumps, rows))))
    assert (len(dataset.log), dataset.user_count) == (11_000, 100)
    assert dataset.item_ids == sorted(map(str, range(20)))


@pytest.mark.parametrize("title", ['"Heroes', 'Deep "Dish', '"'])
def test_a_quote_that_means_itself_loses_no_row(log_file: Write, title: str) -> None:
    rows = "\n".join(f"{u}\t{i}\t{title if n % 7 == 0 else 'ok'} a\t{t}" for n, (u, i, t) in enumerate(LOG))
    dataset = load(log_file(f"user\titem\ttitle\tts\n{rows}\n"))
    assert (len(dataset.log), dataset.user_count) == (60, 7)


def test_a_text_of_several_lines_is_one_row(log_file: Write) -> None:
    rows = "\n".join(f'{u},{i},"good, very\ngood, indeed, a car",{t}' for u, i, t in [*LOG, ("", "i1", 1_700_000_099)])
    dataset = load(log_file(f"user,item,text,ts\n{rows}\n"))
    assert (len(dataset.log), dataset.user_count) == (60, 7)


def test_quotes_that_do_not_pair_up_spoil_one_row(log_file: Write) -> None:
    rows = "\n".join(f'"u{i % 9}, x",i{i % 7},{1_700_000_000 + i}' for i in range(200))
    dataset = load(log_file(f'user_id,item_id,timestamp\n{rows}\nbroken,"line\n'))
    assert (len(dataset.log), dataset.user_count) == (200, 9)


def test_ratings_and_counts(log_file: Write) -> None:
    rated = log_file("userId,movieId,rating,timestamp\n1,1,5,1700000000\n1,2,1,1700000001\n2,1,4,1700000002\n")
    assert load(rated).log.weights.tolist() == [1, 1, 1]
    assert load(rated, ReadOptions(min_rating=4)).item_ids == ["1"]
    assert len(load(rated, ReadOptions(min_rating=4)).log) == 2
    counted = load(log_file("user_id,artist_id,listen_count\n1,1,1\n1,2,100\n"))
    assert sorted(counted.log.weights.tolist()) == pytest.approx([1, 1 + np.log(100)], rel=1e-6)


@pytest.mark.parametrize("name", ["clicked", "is_click", "click", "label", "clicks"])
def test_what_was_shown_and_not_clicked_is_no_interest(log_file: Write, name: str) -> None:
    rows = "\n".join(f"u{n % 5},i{n},3,{int(n % 4 == 0)},{1_700_000_000 + n}" for n in range(40))
    dataset = load(log_file(f"user_id,item_id,position,{name},timestamp\n{rows}\n"))
    assert dataset.log.weights.tolist() == [1] * 10
    assert dataset.notes == (f"30 rows whose '{name}' is not above 0 are no interest, so not counted.",)


def test_a_flag_may_be_true_or_false_and_a_label_may_be_text(log_file: Write) -> None:
    head = "user_id,item_id,label,timestamp"
    dataset = load(log_file(f"{head}\na,x,true,1700000000\na,y,False,1700000001\n"))
    assert dataset.item_ids == ["x"]
    dataset = load(log_file(f"{head}\na,x,red,1700000000\na,y,blue,1700000001\n"))
    assert (dataset.item_ids, said(dataset, "strength")) == (["x", "y"], None)


def test_ratings_may_have_a_decimal_comma(log_file: Write) -> None:
    path = log_file("Benutzer;Fahrzeug-ID;Zeit;Bewertung\n1;a;1700000000;4,5\n1;b;1700000001;3,5\n2;a;1700000002;5\n")
    assert load(path, ReadOptions(min_rating=4)).item_ids == ["a"]


def test_without_a_time_the_seed_draws_the_order(log_file: Write) -> None:
    path = log_file("user_id,item_id\n" + "\n".join(f"u{i % 5},i{i}" for i in range(50)))
    one, again, other = (load(path, ReadOptions(seed=seed)) for seed in (1, 1, 2))
    assert not one.timed
    assert any("No column says when" in note for note in one.notes)
    assert one.log.items.tolist() == again.log.items.tolist() != other.log.items.tolist()


def test_a_k_core_keeps_only_who_and_what_has_enough(log_file: Write) -> None:
    rows = [(u, i) for u in "abc" for i in "xyz"] + [("d", "x"), ("a", "w")]
    text = "user_id,item_id,timestamp\n" + "\n".join(f"{u},{i},{1_700_000_000 + n}" for n, (u, i) in enumerate(rows))
    dataset = load(log_file(text), ReadOptions(min_per_user=2, min_per_item=2))
    assert (dataset.user_count, dataset.item_ids, len(dataset.log)) == (3, ["x", "y", "z"], 9)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "is an image"),
        (b"user_id,item_id,timestamp\n", "no rows"),
        (b"user_id\n1\n2\n", "no columns|one column"),
        (b"PAR1 and then nothing of the kind", "cannot be read"),
        (b"[1, 2, 3]", "no list of objects"),
        (b'{"a": 1, "b"', "not JSON|cannot be read"),
        (b"\x1f\x8b" + b"garbage" * 20, "check the file"),
        (b"user_id,item_id,event\na,x,impression\nb,y,impression\n", "its types are impression"),
        (b"user_id,item_id,timestamp\n,,\n,,\na,b,1700000000\n", "lack a user"),
    ],
)  # fmt: skip
def test_what_is_no_log_says_why_in_one_line(log_file: Write, content: bytes, why: str) -> None:
    with pytest.raises(UnusableFeedError, match=why) as caught:
        load(log_file(content, "log.dat"))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UnusableFeedError, match="No such file"):
        load(tmp_path / "nowhere.csv")


def test_rows_that_say_the_same_count_once(log_file: Write) -> None:
    text = "user_id,item_id,timestamp,type\n" + "a,x,1700000000,view\n" * 3 + "a,x,1700000000,click\n"
    dataset = load(log_file(text))
    assert len(dataset.log) == 2
    assert "2 rows say the same as another and are counted once." in dataset.notes
