"""Know makes and models by their many spellings, and split a title into make, model and variant.

The dictionary is `makes.toml`. Spellings are compared as words without case, accents and punctuation, longest first:
"mercedes benz", "Mercedes-Benz" and "MERC" are one make; "Santafe" and "Santa Fe", "X 5" and "X5" are one model.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from carousel.catalogue.feeds.letters import fold, names

_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f\u064b-\u0652]*)+")  # a letter may carry its accents as signs of their own
_PARTS = re.compile(r"[a-z]+|\d+")  # X5 is also X 5
_KIND = re.compile(r"(\w+)( Series|-Class)")
_COMMON_NUMBER = re.compile(r"\d\d?|(?:19|20)\d\d")
_NUMBER_AND_LETTERS = re.compile(r"^(\d{2,4})[a-z]{1,3}$")  # BMW 320i, Mercedes 200D, Mazda 323F
_LOOKS_AHEAD = 8  # words of a title among which the model is looked for: "Verkaufe meinen Nissan Terrano"

Words = tuple[str, ...]


@dataclass
class _Names:
    """Names by their words, found by the longest prefix."""

    of_words: dict[Words, str] = field(default_factory=dict)
    longest: int = 0

    def add(self, spelling: str, name: str) -> None:
        """Add a folded spelling of a name; of two names for one spelling the first stays."""
        words = tuple(_WORD.findall(spelling))
        if words:
            self.of_words.setdefault(words, name)
            self.longest = max(self.longest, len(words))

    def add_variants(self) -> None:
        """Add the names of several words as one, and those of letters and digits as several."""
        for words, name in list(self.of_words.items()):
            whole = "".join(words)
            parts = tuple(_PARTS.findall(whole)) if whole.isascii() else ()
            for variant in ((whole,), parts):
                # Digits put together would be another number: "9 3" is no 93.
                if variant and not whole.isdigit():
                    self.of_words.setdefault(variant, name)
                    self.longest = max(self.longest, len(variant))

    def at_start(self, words: Words) -> tuple[str, int] | None:
        """Return the name the words start with and how many of them it takes."""
        for length in range(min(self.longest, len(words)), 0, -1):
            name = self.of_words.get(words[:length])
            if name is not None:
                return name, length
        return None


@dataclass(frozen=True)
class Makes:
    """The dictionary: makes, and the models of each."""

    _makes: _Names
    _models: Mapping[str, _Names]
    _exact: Mapping[str, Mapping[str, str]]
    _not_cars: frozenset[Words]
    _not_said: frozenset[Words]
    _not_alone: frozenset[Words]

    def is_no_car(self, text: str) -> bool:
        """Tell whether a make is one of trailers, lorries or motorcycles."""
        return tuple(w for w, _ in _words(text)) in self._not_cars

    def is_not_said(self, text: str) -> bool:
        """Tell whether a make or model is a word for "other"."""
        return tuple(w for w, _ in _words(text)) in self._not_said

    def make(self, text: str) -> str | None:
        """Return a make's own name for any of its spellings, None for one the dictionary does not know."""
        return self._makes.of_words.get(tuple(w for w, _ in _words(text)))

    def split_make(self, text: str) -> tuple[str, str] | None:
        """Return (make, what follows) of a text that starts with a make, else None.

        "Alfa Romeo 156 2.0" is ("Alfa Romeo", "156 2.0"). A year in front is passed over: "2008 hummer H3"; and
        "Range Rover Sport" is a Land Rover whose model is all of it.
        """
        found = list(_words(text))
        if found and re.fullmatch(r"(19|20)\d\d", found[0][0]):
            found = found[1:]
        match = self._makes.at_start(tuple(w for w, _ in found))
        if match is None:
            apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)  # "OpelCorsa 1.4"
            return self.split_make(apart) if apart != text else None
        make, length = match
        if self._models[make].at_start(tuple(w for w, _ in found)) is not None:
            length = 0
        return make, text[found[length - 1][1] if length else 0 :].lstrip(")").strip(" _-,./")

    def make_of_model(self, text: str) -> str | None:
        """Return the make whose model a whole text is, None when several have one or the name is a common word."""
        return self._makes_of_models.get(tuple(w for w, _ in _words(text)))

    @cached_property
    def _makes_of_models(self) -> dict[Words, str | None]:
        """{name of a model: the one make that has it}; numbers of up to two digits and years tell nothing."""
        found: dict[Words, str | None] = {}
        for make, of_make in self._models.items():
            for words in of_make.of_words:
                whole = "".join(words)
                if words not in self._not_alone and len(whole) > 1 and not _COMMON_NUMBER.fullmatch(whole):
                    found[words] = None if found.get(words, make) != make else make
        return found

    def model(self, make: str, text: str) -> str | None:
        """Return a model's own name for a whole text that is one of its spellings."""
        exact = self._exact.get(make, {}).get(fold(text))
        if exact is not None:
            return exact
        names = self._models.get(make)
        return names.of_words.get(tuple(w for w, _ in _words(text))) if names else None

    def split_model(self, make: str, text: str) -> tuple[str, str | None] | None:
        """Return (model, variant) of a text that starts with a model of this make."""
        return self._model_at(make, list(_words(text)), text)

    def find_model(self, make: str, title: str) -> tuple[str, str | None] | None:
        """Return (model, variant) of the first model of this make among the first words of a title."""
        found = list(_words(title))
        for start in range(min(_LOOKS_AHEAD, len(found))):
            match = self._model_at(make, found[start:], title)
            # One digit alone is more often a generation or a door than a Mazda 3, unless the make stands before it.
            if match is not None and (
                len(found[start][0]) > 1 or len(match[0]) > 2 or (start and self.make(found[start - 1][0]) == make)
            ):
                return match
        return None

    def _model_at(self, make: str, found: list[tuple[str, int]], text: str) -> tuple[str, str | None] | None:
        names = self._models.get(make)
        if names is None or not found:
            return None
        match = names.at_start(tuple(w for w, _ in found))
        if match is not None:
            model, length = match
            return model, text[found[length - 1][1] :].strip(" _-,./") or None
        number = _NUMBER_AND_LETTERS.match(found[0][0])
        model_of_number = names.of_words.get((number.group(1),)) if number else None
        if model_of_number is None:
            return None
        word, end = found[0]
        return model_of_number, text[end - len(word) :].strip(" _-,./") or None


@lru_cache(maxsize=1)
def makes() -> Makes:
    """Return the packaged dictionary, read once."""
    stored = tomllib.loads((files(__package__) / "makes.toml").read_text(encoding="utf-8"))
    patterns = {kind.strip("*"): names(text) for kind, text in stored["patterns"].items()}
    spelled = _Names()
    models: dict[str, _Names] = {}
    exact: dict[str, dict[str, str]] = {}
    for make, entry in stored["makes"].items():
        for spelling in (make, *names(entry.get("spellings", ""))):
            spelled.add(fold(spelling), make)
        models[make], exact[make] = _Names(), {}
        for spelling, model in _spellings_of_models(entry, patterns):
            folded = fold(spelling)
            models[make].add(folded, model)
            exact[make].setdefault(folded, model)
        models[make].add_variants()
    return Makes(
        spelled,
        models,
        exact,
        _words_of(names(stored["not_cars"])),
        _words_of(names(stored["not_said"])),
        _words_of(names(stored["no_name_alone"])),
    )


def _spellings_of_models(entry: Mapping[str, Any], patterns: Mapping[str, list[str]]) -> Iterable[tuple[str, str]]:
    """Yield (spelling, model) of one make: the models' own names first."""
    own = names(entry.get("models", ""))
    yield from ((model, model) for model in own)
    for model in own:
        kind = _KIND.fullmatch(model)
        if kind is not None:
            yield from ((spelling.replace("*", kind[1]), model) for spelling in patterns[kind[2]])
    for model, text in entry.get("also", {}).items():
        yield from ((spelling, model) for spelling in names(text))


def _words_of(texts: Iterable[str]) -> frozenset[Words]:
    return frozenset(tuple(w for w, _ in _words(text)) for text in texts)


@lru_cache(maxsize=50_000)  # a make is looked at several times, and models repeat
def _words(text: str) -> tuple[tuple[str, int], ...]:
    """Return each word without case and accents, with where it ends in the text."""
    return tuple((fold(match.group()), match.end()) for match in _WORD.finditer(text))
