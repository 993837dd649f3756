"""Write letters alike, so that one spelling in a table finds all of them; pure.

`plain` takes away case and what Unicode can take apart. Here go the letters it cannot: a dotless ı, ø, đ, and the
letters that Arabic and Persian write in several ways.
"""

from carousel.catalogue.listing import plain

_ALIKE = str.maketrans(
    {
        "ı": "i", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ə": "e",
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ة": "ه", "ۀ": "ه", "ک": "ك", "ڪ": "ك",
        "ـ": None,  # tatweel only stretches a word
        "\u200c": None, "\u200d": None, "\u200e": None, "\u200f": None, "\u00ad": None,  # marks nobody sees
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Return a text without case, accents and the different forms of one letter: "Yakıt" is "yakit"."""
    return text.lower() if text.isascii() else plain(text).translate(_ALIKE)


def names(text: str) -> list[str]:
    """Return the names of a text that separates them by commas, as the tables of this folder do."""
    return [name for part in text.replace("\n", " ").split(",") if (name := part.strip())]
