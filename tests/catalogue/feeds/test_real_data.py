"""The real files of six sources import as they are: no options, no crash, every row accounted for."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.feeds.run import ImportOptions, import_files
from carousel.catalogue.listing import Listing
from carousel.storage.postgres import Connection

pytestmark = pytest.mark.real_data

Convert = Callable[..., list[Listing | Rejected | None]]


def test_cardekho_4340_has_763_exact_duplicates(database: Connection, real_data: Path, here: Path) -> None:
    report = import_files(database, [real_data / "cardekho_4340" / "car_data.csv"], ImportOptions())
    assert (report.read, report.duplicates, report.rejected, report.written.imported) == (4_340, 763, 0, 3_577)


@pytest.mark.parametrize(
    ("pattern", "read", "duplicates", "most_rejected", "profile"),
    [
        ("cardekho_v3/*.csv", 8_128, 1_202, 0, "cardekho"),
        ("autoscout24_de/*.csv", 46_405, 2_134, 150, "autoscout24_de"),
        ("ebay_kleinanzeigen/*.csv", 18_705, 0, 620, "ebay_kleinanzeigen"),
        ("craigslist_10k/*.csv", 10_000, 46, 340, "craigslist"),
    ],
)
def test_rows_of_a_source_become_listings(
    convert: Convert, real_data: Path, pattern: str, read: int, duplicates: int, most_rejected: int, profile: str
) -> None:
    outcomes = [outcome for path in sorted(real_data.glob(pattern)) for outcome in convert(path)]
    listings = [o for o in outcomes if isinstance(o, Listing)]
    assert len(outcomes) == read
    assert outcomes.count(None) == duplicates
    assert sum(isinstance(o, Rejected) for o in outcomes) <= most_rejected
    assert {x.source for x in listings} == {profile}
    assumed = Counter(w for x in listings for w in x.import_warnings if w.endswith("_assumed"))
    assert not assumed


@pytest.mark.parametrize("name", ["otomoto_small_geo", "spain_datamarket", "truecar_us", "turkey_car_market"])
def test_sources_without_a_profile_are_read_by_their_column_names(convert: Convert, real_data: Path, name: str) -> None:
    outcomes = [outcome for path in sorted((real_data / name).glob("*.csv")) for outcome in convert(path)]
    rejected = sum(isinstance(o, Rejected) for o in outcomes)
    assert rejected < len(outcomes) * 0.02


def test_the_raw_scrapes_do_not_crash(convert: Convert, real_data: Path) -> None:
    for path in sorted((real_data / "uk_100k" / "unclean").glob("*.csv")):
        outcomes = convert(path, make="Ford", currency="GBP", distance_unit="mi")
        assert any(isinstance(o, Listing) for o in outcomes)


def test_all_six_sources_together_account_for_every_row(real_data: Path, here: Path) -> None:
    """Writing all of them takes a minute and more: benchmarks/import_feeds.py does it."""
    names = ("cardekho_4340", "cardekho_v3", "uk_100k", "autoscout24_de", "ebay_kleinanzeigen", "craigslist_10k")
    files = [path for name in names for path in sorted((real_data / name).glob("*.csv"))]
    report = import_files(None, files, ImportOptions(dry_run=True))
    assert report.read == 186_765
    assert report.written.imported + report.duplicates + report.rejected == report.read
    assert report.rejected < report.read * 0.01


def test_several_sources_are_written_and_the_index_is_whole_after(
    database: Connection, real_data: Path, here: Path
) -> None:
    names = ("cardekho_4340", "cardekho_v3", "craigslist_10k")
    files = [path for name in names for path in sorted((real_data / name).glob("*.csv"))]
    report = import_files(database, files, ImportOptions())
    stored = database.execute("SELECT count(*), count(DISTINCT source) FROM listing").fetchone()
    assert stored == (report.written.imported, 2)
    valid = database.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'listing_embedding'::regclass"
    ).fetchone()
    assert valid == (True,)
