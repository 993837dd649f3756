"""Feeds in languages and shapes nobody prepared a profile for: what can be understood is imported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.listing import Listing

Cars = Callable[..., Path]
Convert = Callable[..., list[Listing | Rejected | None]]

OCTAVIA: dict[str, Any] = {
    "make": "Skoda", "model": "Octavia", "model_year": 2018, "mileage_km": 85_000, "price_amount": 14_990,
    "fuel_type": "diesel", "transmission": "automatic", "body_type": "wagon", "power_kw": 110,
    "color_exterior": "grey",
}  # fmt: skip
COROLLA: dict[str, Any] = {
    "make": "Toyota", "model": "Corolla", "model_year": 2016, "mileage_km": 120_500, "price_amount": 9_500,
    "fuel_type": "petrol", "transmission": "manual", "body_type": "sedan", "power_kw": 97, "color_exterior": "white",
}  # fmt: skip

FEEDS = {
    "French": (
        "cp1252",
        "EUR",
        "Marque;Modèle;Année;Kilométrage;Prix;Carburant;Boîte de vitesses;Carrosserie;Puissance (ch);Couleur\n"
        "Škoda;Octavia;2018;85 000 km;14 990 €;Diesel;Boîte automatique;Break;150;Gris\n"
        "Toyota;Corolla;2016;120 500 km;9 500 €;Essence;Boîte manuelle;Berline;132;Blanc\n",
    ),
    "Russian": (
        "cp1251",
        "RUB",
        "Марка;Модель;Год выпуска;Пробег, км;Цена;Двигатель;Коробка;Кузов;Мощность, л.с.;Цвет\n"
        "Шкода;Октавия;2018;85 000;14 990 руб.;дизель;автоматическая;универсал;150;серый\n"
        "Тойота;Королла;2016;120 500;9 500 руб.;бензин;механическая;седан;132;белый\n",
    ),
    "Arabic": (
        "utf-8",
        "AED",
        "الماركة,الموديل,سنة الصنع,المسافة المقطوعة,السعر,نوع الوقود,ناقل الحركة,نوع الهيكل,قوة المحرك,اللون\n"
        "سكودا,Octavia,٢٠١٨,٨٥٠٠٠ كم,١٤٩٩٠ درهم,ديزل,أوتوماتيك,ستيشن,110 كيلوواط,رمادي\n"
        "تويوتا,كورولا,2016,120500 كم,9500 درهم,بنزين,يدوي,سيدان,97 kW,أبيض\n",
    ),
    "Polish": (
        "cp1250",
        "PLN",
        "Marka\tModel\tRok produkcji\tPrzebieg\tCena\tRodzaj paliwa\tSkrzynia biegów\tTyp nadwozia\tMoc\tKolor\n"
        "Škoda\tOctavia\t2018\t85 tys. km\t14 990 zł\tDiesel\tAutomatyczna\tKombi\t150 KM\tSzary\n"
        "Toyota\tCorolla\t2016\t120 500 km\t9 500 zł\tBenzyna\tManualna\tSedan\t132 KM\tBiały\n",
    ),
    "German": (
        "utf-16",
        "EUR",
        "Hersteller|Baureihe|Erstzulassung|Kilometerstand|Preis|Kraftstoff|Getriebe|Fahrzeugtyp|Leistung (kW)|Farbe\n"
        "ŠKODA|Octavia|03/2018|85.000 km|14.990,- €|Diesel|Automatik|Kombi|110|Grau metallic\n"
        "Toyota|Corolla|11/2016|120.500 km|9.500 €|Benzin|Schaltgetriebe|Limousine|97|Weiß\n",
    ),
    "Chinese": (
        "utf-8",
        "CNY",
        "品牌,车型,年份,里程,价格,燃料类型,变速箱,车身类型,功率,颜色\n"
        "斯柯达,Octavia,2018年,8.5万公里,1.499万元,柴油,自动,旅行车,110kW,灰色\n"
        "丰田,卡罗拉,2016年,12.05万公里,9500元,汽油,手动,轿车,97kW,白色\n",
    ),
}


@pytest.mark.parametrize("language", FEEDS)
def test_a_feed_in_another_language_is_read_without_an_option(language: str, convert: Convert, cars: Cars) -> None:
    encoding, currency, content = FEEDS[language]
    text = content if encoding.startswith("utf") or encoding == "cp1250" else content.replace("Š", "S")
    outcomes = convert(cars(text, encoding=encoding))
    assert all(isinstance(outcome, Listing) for outcome in outcomes), outcomes
    for outcome, expected in zip(outcomes, (OCTAVIA, COROLLA), strict=True):
        found = {name: getattr(outcome, name) for name in expected}
        assert found == expected
        assert isinstance(outcome, Listing)
        assert outcome.price_currency == currency
        assert "currency_assumed" not in outcome.import_warnings
        assert "unit_assumed" not in outcome.import_warnings


def test_a_feed_with_its_columns_in_any_order_and_noise_around_them_is_read(convert: Convert, cars: Cars) -> None:
    ages = [i % 12 for i in range(40)]
    rows = "\n".join(
        f"{i};x;{2010 + age};ab{i};Diesel;{120_000 - 9_000 * age};VW;Golf;{5_000 + 900 * age} EUR"
        for i, age in enumerate(ages)
    )
    outcomes = convert(cars(f"Export 12.11.2026;;;;;;;;\nNr;;Jahr;Ref;Antriebsenergie;Weg;Hst;Typ;Betrag\n{rows}\n"))
    first = outcomes[0]
    assert isinstance(first, Listing)
    assert (first.make, first.model, first.year, first.fuel_type) == ("Volkswagen", "Golf", 2010, "diesel")
    assert (first.mileage_km, first.price_amount) == (120_000, 5_000)
