"""Find the encoding of a text file; refuse what is no text, with the cure."""

import codecs
import re
from pathlib import Path

import charset_normalizer

from carousel.catalogue.feeds.header import known_cells
from carousel.errors import UnusableFeedError

_CHUNK = 1 << 20
_PUNCTUATION = "€£§°²³´·–—‘’‚“”„…«»®™\u00a0"
# The letters beyond ASCII that the languages of a code page use. Of equals the first one wins.
_LATIN = {
    "cp1252": frozenset("äöüßéèêëàâáãåçîïíìôóòõûùúñœæø" + _PUNCTUATION),
    "cp1254": frozenset("çğıöşüâîû\u0307" + _PUNCTUATION),
    "cp1250": frozenset("ąćęłńóśźżčďěňřšťůžáéíúýľĺŕôäöőüűßăâîşţëç" + _PUNCTUATION),
}
_OTHER_SCRIPTS = {
    "cp1251": frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў№" + _PUNCTUATION),
    "cp1256": frozenset("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئپچژگ،؛؟ـ" + _PUNCTUATION),
}
_IN_BOTH = frozenset("šž")  # the same bytes in cp1252 and cp1250: a "Škoda" in a German file says nothing
_ALIKE = 0.05  # what two code pages explain more or less of the letters does not tell them apart
_HEADER_WITHIN = 20  # lines

_SURE = 0.9  # of the letters beyond ASCII that a code page must explain

_CONTROL = (*range(9), *range(14, 32))
_SIGNATURES = (
    (b"%PDF", "a PDF", "export the listings as CSV"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "save the sheet as CSV, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first (unzstd)"),
    (b"BZh", "a bzip2 archive", "unpack it first (bunzip2)"),
    (b"\x89PNG", "an image", "give the file with the listings"),
    (b"\xff\xd8\xff", "an image", "give the file with the listings"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
)


def encoding_of(path: Path, head: bytes) -> str:
    """Return the encoding of a text file.

    :param head: its first bytes.
    :raises UnusableFeedError: it is no text; the message says what it is and what to do.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for signature, what, cure in _SIGNATURES:
        if head.lstrip().startswith(signature):
            raise UnusableFeedError(f"{path} is {what}, not CSV, JSON or Parquet; {cure}")
    nul = head.count(0)
    if nul:
        if head[1::2].count(0) > len(head) * 0.4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) * 0.4:
            return "utf-16-be"
        # A few NUL bytes are rows to reject; a program, a picture or a database is full of control characters.
        if sum(head.count(byte) for byte in _CONTROL) > len(head) * 0.01:
            raise UnusableFeedError(f"{path} is binary, not CSV, JSON or Parquet; export the listings as CSV")
    mistakes, beyond_ascii = _utf8_mistakes(path)
    if mistakes == 0:
        return "utf-8"
    if mistakes < beyond_ascii * 0.05:
        return "utf-8"  # UTF-8 with a few broken letters, which become U+FFFD
    return _code_page(_lines_beyond_ascii(path), head)


def _code_page(sample: bytes, head: bytes) -> str:
    """Return the encoding of bytes that are no UTF-8.

    Code pages are told apart by the letters their languages use: charset-normalizer finds cp1250 as likely as cp1252
    for a German file, and "Coupè" would become "Coupč". Of those that explain nearly as many letters, the one counts
    under which most of the header is known: "Hubraum (cm³)" and not "cmł". What fits none of them is left to it.
    """
    beyond = sum(byte >= 0x80 for byte in sample)
    in_words = sum(len(run) for run in re.findall(rb"[\x80-\xff]{3,}", sample))
    tables = _OTHER_SCRIPTS if in_words > beyond / 2 else _LATIN
    texts = {name: sample.decode(name, "replace") for name in tables}
    shares = {name: _share_of_letters(texts[name], table) for name, table in tables.items()}
    told_apart = {name: _share_of_letters(texts[name], table | _IN_BOTH) for name, table in tables.items()}
    alike = [name for name in tables if told_apart[name] >= max(told_apart.values()) - _ALIKE]
    best = max(alike, key=lambda name: (_known_names(head, name), shares[name]))
    if told_apart[best] >= _SURE:
        return best
    found = charset_normalizer.from_bytes(sample).best()
    return found.encoding if found is not None else best


def _known_names(head: bytes, encoding: str) -> int:
    """Return how many names of columns the line has that has most of them."""
    lines = head[: 1 << 16].decode(encoding, "replace").splitlines()[:_HEADER_WITHIN]
    return max((known_cells([cell.strip(' "') for cell in re.split(r"[,;\t|]", line)]) for line in lines), default=0)


def _share_of_letters(text: str, expected: frozenset[str]) -> float:
    beyond = [c for c in text.lower() if not c.isascii()]
    return sum(c in expected for c in beyond) / len(beyond) if beyond else 0.0


def _utf8_mistakes(path: Path) -> tuple[int, int]:
    """Return how many letters beyond ASCII are broken as UTF-8, and how many there are."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    mistakes = beyond = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(chunk)
            mistakes += text.count("\ufffd")
            beyond += len(text) - len(text.encode("ascii", errors="ignore"))
    left = decoder.decode(b"", final=True)
    return mistakes + len(left), beyond + len(left)


def _lines_beyond_ascii(path: Path) -> bytes:
    """Return the lines that tell one encoding from another, up to 256 KB of them."""
    kept: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        while size <= 1 << 18 and (chunk := file.read(_CHUNK)):
            lines = [line[:2_000] for line in chunk.splitlines() if not line.isascii()]
            kept += lines
            size += sum(map(len, lines))
    return b"\n".join(kept)
