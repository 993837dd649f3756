"""Turn the words of many languages into the canonical enums; pure.

A word is compared without case, accents and punctuation. One the tables do not know is left out and named in a
warning, never guessed.
"""

import re
from typing import Any

from carousel.catalogue.feeds.values import Parse, Parsed, count
from carousel.catalogue.listing import plain

_WORDS: dict[str, dict[str, str]] = {
    "fuel_type": {
        "petrol": "petrol gas gasoline benzin benzyna benzina essence gasolina super superplus бензин benzinli",
        "diesel": "diesel dizel nafta gasoil gasoleo olej дизель",
        "electric": "electric elektro elektrisch elektryczny elektrina elektrik electrique electrico ev bev электро",
        "hybrid": "hybrid hybryda hibrit hybride hibrido гибрид",
        "plugin_hybrid": "phev plugin pluginhybrid",
        "mild_hybrid": "mhev mildhybrid",
        "lpg": "lpg autogas gpl",
        "cng": "cng erdgas methane metano",
        "hydrogen": "hydrogen wasserstoff",
        "ethanol": "ethanol flexfuel e85",
        "other": "other others andere sonstige",
    },
    "transmission": {
        "manual": "manual manuell manualna manualni manuelle manuale schaltgetriebe duz механика stick",
        "automatic": "automatic automatik automatyczna automaticka automatique automatico otomatik автомат auto dsg",
        "semi_automatic": "semiauto semiautomatic halbautomatik yariotomatik",
        "cvt": "cvt",
        "other": "other andere",
    },
    "drivetrain": {
        "fwd": "fwd front frontantrieb vorderrad 2wd",
        "rwd": "rwd rear heckantrieb hinterrad",
        "awd": "awd allrad allradantrieb quattro xdrive 4motion",
        "4wd": "4wd 4x4 offroad",
        "other": "other andere",
    },
    "body_type": {
        "hatchback": "hatchback hatch kleinwagen liftback compact",
        "sedan": "sedan saloon limousine limuzyna berline berlina",
        "wagon": "wagon kombi estate variant touring stationwagon break familiar",
        "suv": "suv gelandewagen offroad jeep",
        "crossover": "crossover cuv",
        "coupe": "coupe kupe",
        "convertible": "convertible cabrio cabriolet roadster spider kabriolet",
        "minivan": "minivan mpv monospace",
        "van": "van bus transporter kastenwagen panelvan",
        "pickup": "pickup truck pritsche",
        "city_car": "citycar",
        "other": "other andere sonstige",
    },
    "condition": {
        "new": "new neu neuwagen nowy true",  # is_new: true
        "used": "used gebraucht excellent good fair likenew salvage uzywany preowned secondhand employeescar"
        " jahreswagen false",
        "demo": "demo demonstration demonstrator vorfuhrwagen testdrivecar",
        "pre_registered": "preregistered tageszulassung",
        "classic": "classic oldtimer vintage",
    },
    "seller_type": {
        "dealer": "dealer gewerblich haendler handler trustmarkdealer professional trade galeriden true",
        "private": "private privat individual owner sahibinden particular false",
    },
    "title_status": {
        "clean": "clean", "rebuilt": "rebuilt reconstructed", "salvage": "salvage", "lien": "lien",
        "missing": "missing", "parts": "parts partsonly",
    },
    "color_exterior": {
        "black": "black schwarz czarny noir negro siyah cerna черный",
        "white": "white weiss bialy blanc blanco beyaz bila белый",
        "grey": "grey gray grau szary gris anthracite anthrazit gri seda серый graphite",
        "silver": "silver silber srebrny argent plata gumus stribrna серебристый",
        "blue": "blue blau niebieski bleu azul mavi modra navy lacivert синий",
        "red": "red rot czerwony rouge rojo kirmizi cervena красный burgundy maroon bordeaux",
        "green": "green grun zielony vert verde yesil zelena зеленый",
        "brown": "brown braun brazowy marron kahverengi hneda bronze коричневый",
        "beige": "beige bezowy bej bezova cream champagne ivory",
        "yellow": "yellow gelb zolty jaune amarillo sari zluta gold golden желтый",
        "orange": "orange pomaranczowy naranja turuncu oranzova оранжевый",
        "purple": "purple violet lila violett fioletowy mor fialova",
        "other": "other custom andere",
    },
    "status": {
        "active": "active available aktiv instock verfugbar", "reserved": "reserved reserviert pending",
        "sold": "sold verkauft", "expired": "expired abgelaufen", "withdrawn": "withdrawn removed",
    },
    "price_type": {
        "gross": "gross brutto", "net": "net netto", "msrp": "msrp", "all_in": "allin", "dealer": "dealer",
    },
    "steering": {"left": "left lhd links", "right": "right rhd rechts"},
}  # fmt: skip
_OF_WORD: dict[str, dict[str, str]] = {
    name: {word: value for value, words in table.items() for word in words.split()} for name, table in _WORDS.items()
}
# Several words that mean something else than the first of them.
_PHRASES: dict[str, dict[str, str]] = {
    "fuel_type": {
        "electricgasoline": "hybrid", "electricdiesel": "hybrid", "petrolhybrid": "hybrid", "dieselhybrid": "hybrid",
        "hybridpetrol": "hybrid", "hybriddiesel": "hybrid", "benzinelektro": "hybrid", "petrollpg": "lpg",
        "benzinlpg": "lpg", "petrolcng": "cng", "plugin": "plugin_hybrid", "pluginhybrid": "plugin_hybrid",
        "mildhybrid": "mild_hybrid", "petrolpluginhybrid": "plugin_hybrid",
    },
    "body_type": {"minivan": "minivan", "citycar": "city_car", "stationwagon": "wagon", "pickuptruck": "pickup"},
    "drivetrain": {
        "frontwheeldrive": "fwd", "rearwheeldrive": "rwd", "allwheeldrive": "awd", "fourwheeldrive": "4wd",
    },
    "transmission": {"semiautomatic": "semi_automatic", "semiauto": "semi_automatic"},
}  # fmt: skip
_YES = {"yes", "ja", "true", "1", "y", "tak", "si", "oui", "ano", "evet", "t", "да"}
_NO = {"no", "nein", "false", "0", "n", "nie", "non", "ne", "hayir", "f", "нет"}


def word(name: str) -> Parse:
    """Make a parser of one of the enums: any known word for it in English, German and other languages."""
    words, phrases = _OF_WORD[name], _PHRASES.get(name, {})
    label = name.removesuffix("_exterior").removesuffix("_type") if name != "price_type" else name

    def parse(text: str) -> Parsed:
        parts = re.findall(r"[^\W_]+", plain(text))
        whole = "".join(parts)
        found = phrases.get(whole) or words.get(whole) or next((words[p] for p in parts if p in words), None)
        fields: dict[str, Any] = {} if found is None else {name: found}
        if name == "color_exterior":
            fields["color_name"] = text.strip()[:60]
            if "metallic" in parts:
                fields["metallic"] = True
        if name == "condition" and whole == "salvage":
            fields["damaged"] = True
        return Parsed(fields, () if found else (f"{label}_unknown",))

    return parse


def flag(name: str, *, means: bool = True) -> Parse:
    """Make a parser of yes and no. `means` False turns it round: "accident: no" is accident_free."""

    def parse(text: str) -> Parsed:
        said = plain(text).strip()
        if said in _YES or said in _NO:
            return Parsed({name: (said in _YES) is means})
        return Parsed({}, (f"{name}_unknown",))

    return parse


_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5}


def owners(text: str) -> Parsed:
    """Read a number of owners: "First Owner", "2", "Fourth & Above Owner" (at least 4)."""
    words = re.findall(r"[a-z0-9]+", plain(text))
    if words[:2] == ["test", "drive"]:
        return Parsed({"condition": "demo"})
    at_least = ("owners_at_least",) if "above" in words or text.strip().endswith("+") else ()
    if words and words[0] in _ORDINALS:
        return Parsed({"owners_count": _ORDINALS[words[0]]}, at_least)
    if words in (["unregistered", "car"], ["none"]):
        return Parsed({"owners_count": 0})
    parsed = count("owners_count")(text)
    return Parsed(parsed.fields, parsed.warnings + at_least)
