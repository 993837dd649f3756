"""What the free text of a listing names beside make and model: its fuel, gearbox and body; pure.

Only words that mean one thing are known, and a text that names two fuels names none.
"""

import re
from collections.abc import Mapping


def _table(words: Mapping[str, str]) -> dict[str, str]:
    return {word: value for value, text in words.items() for word in text.split()}


_FUELS = _table(
    {
        "diesel": "diesel dizel tdi sdi cdi hdi bluehdi dci crdi jtd jtdm tdci cdti multijet bluetec дизель",
        "petrol": "benzin benziner petrol benzina essence gasolina tsi tfsi fsi gti vti tce бензин",
        "hybrid": "hybrid híbrido hybride гибрид",
    }
)
_GEARBOXES = _table(
    {
        "automatic": "automatic automatik automat automático automatica automatique otomatik dsg автомат",
        "manual": "schaltgetriebe manuell механика",
        "cvt": "cvt multitronic lineartronic вариатор",
    }
)
# In a variant these are gearboxes; in a title "Auto" is a car and "man" somebody.
_GEARBOXES_OF_VARIANTS = _table({"automatic": "auto aut", "manual": "man manual"})
_BODIES = _table(
    {
        "convertible": "cabrio cabriolet convertible roadster kabriolet spyder кабриолет",
        "wagon": "kombi estate wagon универсал",
        "coupe": "coupe coupé купе",
        "sedan": "limousine sedan saloon седан",
        "hatchback": "hatchback hb хэтчбек",
        "pickup": "pickup пикап",
    }
)
_BODIES_OF_MAKES = {
    "BMW": {"touring": "wagon"}, "Audi": {"avant": "wagon", "sportback": "hatchback"}, "SEAT": {"st": "wagon"},
    "Peugeot": {"sw": "wagon"}, "Volkswagen": {"variant": "wagon"}, "Ford": {"turnier": "wagon"},
    "Skoda": {"combi": "wagon"}, "Renault": {"grandtour": "wagon"}, "Kia": {"sportswagon": "wagon"},
    "Citroën": {"tourer": "wagon"}, "Opel": {"st": "wagon"}, "Mercedes-Benz": {"t-modell": "wagon"},
}  # fmt: skip
_TOURING_SPORTS = re.compile(r"touring sports|sports tourer", re.IGNORECASE)  # of Toyota and Opel
_BMW = re.compile(r"(?<![^\W_])[1-8]\d\d(ci|xi|is|i|d|td|xd)(?![^\W_])", re.IGNORECASE)


def named_in(make: str, model: str, title: str, variant: str) -> dict[str, str]:
    """Return which of fuel_type, transmission and body_type a title and a variant name.

    A model may begin with such a word, as the Wagon R does; at its end, as in 407 SW, it means what it says.
    """
    both = _words(f"{title} {variant} {model.rpartition(' ')[2]}") - _words(model.rpartition(" ")[0])
    found = {
        "fuel_type": _one(_FUELS, both) or _fuel_of_bmw(make, title),
        "transmission": _one(_GEARBOXES, both) or _one(_GEARBOXES_OF_VARIANTS, _words(variant)),
        "body_type": _one(_BODIES | _BODIES_OF_MAKES.get(make, {}), both)
        or ("wagon" if _TOURING_SPORTS.search(f"{title} {variant}") else None),
    }
    return {name: value for name, value in found.items() if value is not None}


def _words(text: str) -> set[str]:
    return set(re.split(r"[^\w-]+|_", text.lower()))


def _one(table: Mapping[str, str], words: set[str]) -> str | None:
    named = {table[word] for word in words & table.keys()}
    return named.pop() if len(named) == 1 else None


def _fuel_of_bmw(make: str, title: str) -> str | None:
    """Return the fuel of a 320i or a 320d."""
    engine = _BMW.search(title) if make == "BMW" else None
    return None if engine is None else "petrol" if "i" in engine[1].lower() else "diesel"
