"""Made-up listings with every field, the files other companies would send, and the way through the importer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from carousel.catalogue.feeds.convert import Converter
from carousel.catalogue.feeds.run import ImportOptions, open_input
from carousel.catalogue.listing import Listing, ListingId

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def listing(number: int = 1, **given: Any) -> Listing:
    """A listing that every format takes, with some fields given otherwise."""
    said: dict[str, Any] = {
        "source": "market", "url": f"https://cars.example/{number}", "vin": f"TMBJJ7NE0F0{number:06d}",
        "make": "Skoda", "model": "Octavia", "variant": "1.6 TDI Ambition", "model_year": 2015,
        "first_registration": "2015-03", "mileage_km": 98_500, "price_amount": Decimal("9990.50"),
        "price_currency": "EUR", "body_type": "wagon", "fuel_type": "diesel", "transmission": "manual",
        "drivetrain": "fwd", "power_kw": 77, "displacement_cc": 1598, "gears": 5, "doors": 5, "seats": 5,
        "consumption_l_100km": 4.1, "co2_g_km": 107, "emission_standard": "euro5", "color_exterior": "silver",
        "color_name": "Satin Silver", "color_interior": "black", "upholstery": "cloth", "owners_count": 1,
        "features": ("towbar", "heat_pump"), "steering": "left", "seller_type": "dealer", "seller_id": "dealer-17",
        "seller_name": "Autohaus Müster & Söhne", "country": "DE", "region": "Sachsen", "city": "Dresden",
        "postal_code": "01067", "lat": 51.05, "lon": 13.74, "listed_at": datetime(2025, 6, 1, tzinfo=UTC),
        "images": ("https://cars.example/1.jpg", "https://cars.example/2.jpg"), "image_count": 2,
        "title": 'Octavia Combi, "top"', "description": "One owner, no accidents.", "certified": False,
    }  # fmt: skip
    return Listing(listing_id=ListingId(f"AH-{number}"), **(said | given))


@pytest.fixture
def samples() -> Path:
    """The folder of made-up files."""
    return Path(__file__).parent / "data"


@pytest.fixture
def imported(tmp_path: Path) -> Callable[[Path], list[Any]]:
    """Turn a file into what the importer makes of each row."""

    def run(path: Path) -> list[Any]:
        read = open_input(path, ImportOptions(), NOW)
        converter = Converter(read.header, read.given)
        return [
            converter.convert(row, converter.listing_id(row.cells, converter.digest(row.cells))) for row in read.feed
        ]

    return run


@pytest.fixture
def converted(tmp_path: Path, imported: Callable[[Path], list[Any]]) -> Callable[..., list[Any]]:
    """Turn records with the importer's names into listings, by its own parsers."""

    def run(records: Iterable[Mapping[str, Any]]) -> list[Any]:
        path = tmp_path / "records.ndjson"
        path.write_bytes(b"\n".join(orjson.dumps(dict(record)) for record in records))
        return imported(path)

    return run
