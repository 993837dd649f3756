"""What the event types of other systems are called in ours, and what each says."""

import re

from carousel.activity.events import WEIGHTS, EventType
from carousel.catalogue.feeds.header import normalise

# Looked for in this order in the folded words: "remove_from_cart" is no "cart", "apply_filter" no "apply".
_WORDS: tuple[tuple[EventType, str], ...] = (
    ("impression", (
        r"impression|impresion|expos(ure|ed)|\bshown\b|\b(ad ?)?served\b|\bdisplay|list ?view|view item list"
        r"|view list|view promotion|eingeblendet|einblendung|angezeigt"
    )),
    ("search", r"filter|filtr|\bsaved? ?search"),
    ("unfavourite", (
        r"remov|unsave|unlike|unfav|delet|entfern|geloscht|supprim|quitar|eliminad|rimoss|rimuov|\busun|odebr|удал"
        r"|\bkaldir"
    )),
    ("hide", (
        r"\bhid(e|den|es)\b|dislike|not ?interest|\bskip|\bblock|negativ|ausblend|ausgeblendet|masqu|ocult|descart"
        r"|nascond|nascost|\bukry|\bskry|скры|gizle"
    )),
    ("merge", r"\bmerge|\blog ?(in|out)\b"),
    ("test_drive", (
        r"test ?drive|probefahrt|\bessai|prueba|prova su strada|jazd\w* prob|zkusebni|тест драив|test surus"
    )),
    ("contact", (
        r"contact|kontakt|\bleads?\b|\bcall|phone|telef|messag|\bchat|inquir|enquir|transaction|purchas"
        r"|\bbuy|bought|\borders?\b|ordered|check ?out|\bsales?\b|\bsold\b|\bbook(?!mark)|\bappl(y|ied|ication)"
        r"|reserv|convers|\bconvert|whatsapp|anruf|angerufen|anfrage|nachricht|\bkauf|gekauft|bestell|\bappel|llama"
        r"|mensaje|\bcompra(r|do)?\b|chiama|acquist|dzwon|zapytan|wiadomos|\bkup|zakup|\bvolan|zavol|dotaz|poptav"
        r"|zprav|звон|сообщ|заявк|куп|\barama|mesaj|satin al"
    )),
    ("favourite", (
        r"favou?r|\bfav\b|\blike|\bsave|wish|bookmark|\bstars?\b|starred|cart|basket|watch ?list|gemerkt|merkliste"
        r"|merkzettel|\bmerken|geparkt|gespeichert|warenkorb|preferi|guardad|guardar\b|enregistr|sauvegard|ulubi"
        r"|obserw|oblib|избран|\bbegen|sepet|kaydet"
    )),
    ("share", r"\bshar|\bteilen|geteilt|partag|compart|condivi|udostep|sdil|подел|paylas"),
    ("compare", r"compar|vergl[ei]+ch|confront|porown|porovn|сравн|karsilastir"),
    ("dwell", r"\bdwell|verweil"),
    ("search", r"search|\bquer(y|ies)|\bsuche|gesucht|recherche|buscar|busqueda|ricerca|szuka|hleda|поиск"),
    ("click", r"click|\btap(s|ped)?\b|klick|klik|\bclic|клик|tikla|select item"),
    ("view", (
        r"view|detail|visit|\bpage|\bpv\b|\bvdp\b|\bpdp\b|\bopen|\bread|\bwatch|\bplay|\blisten|\bbrows|\blook"
        r"|\bseen\b|aufruf|aufgerufen|ansicht|angesehen|angeschaut|besuch|gesehen|\bvue?s?\b|consult|affich"
        r"|\bvist[ao]s?\b|\bver\b|visual|wyswietl|odslon|zobraz|prohli|просм|goruntule|ziyaret"
    )),
)  # fmt: skip


def event_type(name: str) -> EventType | None:
    """Return our type for an event type of any system, or None where its name says nothing to us."""
    own = name.strip().lower()
    if own in WEIGHTS:
        return own
    words = normalise(name).replace("_", " ")
    return next((kind for kind, pattern in _WORDS if re.search(pattern, words)), None)


def strength(kind: EventType | None) -> float:
    """Return what one event of a type weighs, in views; one we do not know counts as a view."""
    return 1.0 if kind is None else WEIGHTS[kind]
