"""Words of many languages become the canonical values; what no table knows stays unknown."""

import tomllib
from importlib.resources import files

import pytest

from carousel.catalogue.feeds import values as v
from carousel.catalogue.feeds.letters import fold, names
from carousel.catalogue.feeds.words import flag, owners, word
from carousel.catalogue.listing import ENUMS

TABLES = tomllib.loads((files("carousel.catalogue.feeds") / "words.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("petrol", "Benzin|essence|gasolina|benzina|Benzyna|benzín|бензин|benzinli|بنزين|البنزين|汽油|ガソリン|휘발유"),
        ("diesel", "Diésel|gazole|gasolio|nafta|dízel|motorină|дизель|дизельный|Dizel|ديزل|柴油|軽油|경유"),
        ("electric", "Elektro|électrique|Elektryczny|elektřina|elektromos|el|электро|Elektrik|كهرباء|纯电动"),
        ("hybrid", "Hybride|Híbrido|ibrida|hybryda|гибрид|Hibrit|هايبرد|Electric/Gasoline|Hybrid (Benzin/Elektro)"),
        ("plugin_hybrid", "Hybride rechargeable|Híbrido enchufable|Plug-in-Hybrid|laddhybrid|petrol plug-in hybrid"),
        ("mild_hybrid", "Mild hybrid diesel|мягкий гибрид|MHEV"),
        ("lpg", "Benzyna+LPG|Benzin/LPG|Gas licuado (GLP)|газ, пропан-бутан / бензин|Autogas (LPG)"),
        ("cng", "Erdgas (CNG)|Gas natural (CNG)|metano|Газ метан / Бензин"),
        ("ethanol", "Gasolina e álcool|Flex|Petrol / E85"),
        ("other", "andere|Autre|Diğer|другое"),
    ],
)
def test_fuels(value: str, texts: str) -> None:
    assert {text: word("fuel_type")(text).fields.get("fuel_type") for text in texts.split("|")} == dict.fromkeys(
        texts.split("|"), value
    )


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (
            "manual",
            "Schaltgetriebe|Boîte manuelle|cambio manuale|Skrzynia manualna|механическая|Düz Vites|يدوي|手动|M/T",
        ),
        ("automatic", "Boîte automatique|Automático|Otomatik Vites|автоматическая|АКПП|أوتوماتيك|自动|A/T|DSG"),
        ("automatic", "8-Speed Automatic w/ Manual Shift|Automatic with manual mode"),
        ("semi_automatic", "Semi-Auto|semi-automatic|Yarı Otomatik Vites|робот|boîte robotisée|Halbautomatik"),
        ("cvt", "вариатор|Automatic CVT|stufenloses Getriebe|无级变速"),
    ],
)
def test_gearboxes(value: str, texts: str) -> None:
    for text in texts.split("|"):
        assert (text, word("transmission")(text).fields) == (text, {"transmission": value})


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("sedan", "Limousine|Sedan/Limuzyna|Berlina|berline|седан|سيدان|4dr Sedan|三厢"),
        ("hatchback", "Kleinwagen|Hatchback/5|Hatchback 5 Kapı|хэтчбек 5 дв.|лифтбек|هاتشباك"),
        ("wagon", "Familiar|Station wagon|Kombi|break|универсал|estate|ستيشن"),
        ("suv", "SUV/Geländewagen/Pickup|Todoterreno|внедорожник 5 дв.|Arazi Aracı|Coupé SUV|Compact SUV|fuoristrada"),
        ("minivan", "Monovolumen|mini-van|Van/Kleinbus|минивэн|monospace"),
        ("van", "bus|Kastenwagen|фургон|furgón|микроавтобус"),
        ("coupe", "Sportowy/Coupe|Spor / Coupe|купе|كوبيه"),
        ("convertible", "Cabrio|Roadster|Üstü Açık / Cabriolet|кабриолет"),
        ("pickup", "Crew Cab Pickup|truck|пикап|بيك أب"),
    ],
)
def test_bodies(value: str, texts: str) -> None:
    for text in texts.split("|"):
        assert (text, word("body_type")(text).fields) == (text, {"body_type": value})


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("drivetrain", "Napęd na przednie koła", "fwd"),
        ("drivetrain", "передний привод", "fwd"),
        ("drivetrain", "Tracción trasera", "rwd"),
        ("drivetrain", "4x4 (dołączany automatycznie)", "4wd"),
        ("drivetrain", "полный", "awd"),
        ("drivetrain", "دفع خلفي", "rwd"),
        ("steering", "левый руль", "left"),
        ("steering", "kierownica po prawej", "right"),
        ("seller_type", "Частное лицо", "private"),
        ("seller_type", "Particulier", "private"),
        ("seller_type", "Yetkili Bayiden", "dealer"),
        ("seller_type", "معرض", "dealer"),
        ("status", "https://schema.org/InStock", "active"),
        ("status", "NOT_AVAILABLE", "withdrawn"),
        ("status", "SoldOut", "sold"),
        ("status", "продано", "sold"),
        ("title_status", "Salvage, rebuilt", "rebuilt"),
        ("condition", "2. El", "used"),
        ("condition", "Occasion", "used"),
        ("condition", "с пробегом", "used"),
        # A Turkish new car and an Italian pre-registered one differ in the order of the words.
        ("condition", "0 km", "new"),
        ("condition", "Km 0", "pre_registered"),
        ("condition", "Vorführwagen, gebraucht", "demo"),
        ("price_type", "zzgl. MwSt", "net"),
    ],
)
def test_other_words(field: str, text: str, value: str) -> None:
    assert word(field)(text).fields[field] == value


@pytest.mark.parametrize(
    ("text", "color", "metallic"),
    [
        ("Saphirschwarz (metalizado)", "black", True),
        ("тёмно-синий", "blue", None),
        ("Ciemnoniebieski", "blue", None),
        ("Kırmızı", "red", None),
        ("Gümüş Gri", "silver", None),
        ("Titanium Gray Metallic", "grey", True),
        # The name of a shade decides only where no plain colour is said.
        ("Graphite Blue", "blue", None),
        ("Graphite", "grey", None),
        ("أبيض", "white", None),
        ("rouge, non métallisé", "red", False),
    ],
)
def test_colours(text: str, color: str, metallic: bool | None) -> None:
    fields = word("color_exterior")(text).fields
    assert (fields["color_exterior"], fields.get("metallic"), fields["color_name"]) == (color, metallic, text)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("transmission", "not automatic"),
        ("transmission", "not an automatic"),
        ("transmission", "otomatik değil"),
        ("transmission", "Manual / Automatic"),
        ("fuel_type", "petrol or diesel"),
        ("fuel_type", "plutonium"),
        ("condition", "not new"),
        ("condition", "3"),
        ("drivetrain", "2wd"),
        ("color_exterior", "Metropolis Carrot"),
        ("seller_type", "dealer or private"),
    ],
)
def test_what_is_denied_contradicted_or_unknown_is_not_guessed(field: str, text: str) -> None:
    parsed = word(field)(text)
    assert field not in parsed.fields
    assert parsed.warnings == (f"{field.removesuffix('_type').removesuffix('_exterior')}_unknown",)


def test_a_word_behind_a_denied_one_still_counts() -> None:
    assert word("transmission")("Keine Automatik, Schaltgetriebe").fields == {"transmission": "manual"}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("salvage", {"condition": "used", "damaged": True}),
        ("Hasarlı", {"condition": "used", "damaged": True}),
        ("Certified Pre-Owned", {"condition": "used", "certified": True}),
    ],
)
def test_a_condition_says_more_than_new_or_used(text: str, fields: dict[str, object]) -> None:
    assert word("condition")(text).fields == fields


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("accident_free", "non accidenté", True),
        ("accident_free", "Bezwypadkowy", True),
        ("accident_free", "nicht unfallfrei", False),
        ("accident_free", "بدون حوادث", True),
        ("damaged", "не битый", False),
        ("damaged", "Unfallfrei", False),
        ("damaged", "uszkodzony", True),
        ("service_history", "No service history", False),
        ("service_history", "Full", True),
        ("price_negotiable", "VB", True),
        ("price_negotiable", "Festpreis", False),
        ("vat_reclaimable", "MwSt. nicht ausweisbar", False),
        ("metallic", "áno", True),
        ("certified", "नहीं", None),
    ],
)
def test_flags(name: str, text: str, value: bool | None) -> None:
    expected = v.Parsed({name: value}) if value is not None else v.Parsed({}, (f"{name}_unknown",))
    assert flag(name)(text) == expected


@pytest.mark.parametrize(
    ("text", "accident_free"),
    [("no", True), ("oui", False), ("0", True), ("2", False), ("Unfallfrei", True), ("No accidents", True)],
)
def test_a_column_of_accidents_is_turned_round_but_its_words_are_not(text: str, accident_free: bool) -> None:
    assert flag("accident_free", means=False)(text) == v.Parsed({"accident_free": accident_free})


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Первая рука", 1), ("1. Hand", 1), ("aus 2. Hand", 2), ("1ère main", 1), ("Único dono", 1), ("Jeden", 1),
        ("İlk sahibinden", 1), ("2 владельца", 2), ("UnRegistered Car", 0), ("No previous owners", 0),
    ],
)  # fmt: skip
def test_owners_in_many_languages(text: str, count: int) -> None:
    assert owners(text) == v.Parsed({"owners_count": count})


@pytest.mark.parametrize(("text", "count"), [("3 или более", 3), ("2+", 2), ("4 or more owners", 4)])
def test_owners_or_more(text: str, count: int) -> None:
    assert owners(text) == v.Parsed({"owners_count": count}, ("owners_at_least",))


def test_every_value_of_the_tables_is_one_a_listing_may_have() -> None:
    settings = {"weaker", "endings", "together", "order", "first", "nothing"}
    for name, table in TABLES["fields"].items():
        assert table.keys() - settings <= set(ENUMS[name])
        assert set(table.get("weaker", {})) | set(table.get("endings", {})) <= set(ENUMS[name])
    assert TABLES["fields"].keys() == ENUMS.keys()


@pytest.mark.parametrize("section", ["fields", "flags"])
def test_no_name_stands_for_two_values(section: str) -> None:
    for table in TABLES[section].values():
        seen: dict[str, str] = {}
        for value, text in table.items():
            for name in names(text) if isinstance(text, str) else ():
                key = "".join(c for c in fold(name) if c.isalnum() or c == "!")
                assert seen.setdefault(key, value) == value, name
