"""News agencies: their printed names, and a page's source lines."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice

from lxml.html import HtmlElement

from dateline.extraction.fields.story_area import Zone
from dateline.extraction.parse.document import Document, Value

# The usual name of each, and its spellings. Others keep their printed name.
_AGENCIES = {
    "AFP": r"AFP|Agence France[- ]Presse|[أا]\s?ف\s?ب|(?:وكالة\s+)?فرانس\s*برس|وكالة (?:الأنباء|الصحافة) الفرنسية",
    "Reuters": r"(?:Thomson\s+)?Reuters|(?:وكالة\s+)?رويترز|رویترز",
    "AP": r"AP|(?:The\s+)?Associated Press|[أا]سوشيتد\s?برس|[أا]\s?ب|آسوشیتدپرس",
    "Anadolu": r"AA|Anadolu(?:\s+(?:Agency|Ajans[ıi]))?|(?:وكالة\s+)?(?:أنباء )?الأناضول|آناتولی",
    "dpa": r"dpa|Deutsche Presse-Agentur|د\s?ب\s?[أا]|وكالة الأنباء الألمانية",
    "Xinhua": r"Xinhua|Chine nouvelle|(?:وكالة\s+)?(?:أنباء )?شينخوا",
    "EFE": r"EFE|إفي",
    "ANSA": r"ANSA|آكي",
    "Bloomberg": r"Bloomberg|بلومبر[غج]",
    "TASS": r"TASS|تاس",
    "Sputnik": r"Sputnik|سبوتنيك|اسپوتنیک",
    "APS": r"APS|وأ?ا?ج|وكالة الأنباء الجزائرية",
    "TAP": r"TAP|وات|وكالة تونس إفريقيا للأنباء",
    "MAP": r"MAP|و\s?م\s?ع|وكالة المغرب العربي للأنباء",
    "MENA": r"MENA|أ\s?ش\s?أ|وكالة أنباء الشرق الأوسط",
    "LANA": r"LANA|وال|وكالة الأنباء الليبية",
    "WAFA": r"WAFA|وفا|وكالة (?:الأنباء|أنباء) الفلسطينية",
    "SANA": r"SANA|سانا|(?:الوكالة العربية السورية للأنباء|وكالة الأنباء السورية)",
    "SPA": r"SPA|واس|وكالة الأنباء السعودية",
    "KUNA": r"KUNA|كونا|وكالة الأنباء الكويتية",
    "QNA": r"QNA|قنا|وكالة الأنباء القطرية",
    "WAM": r"WAM|وام|وكالة أنباء الإمارات",
    "BNA": r"BNA|بنا|وكالة أنباء البحرين",
    "INA": r"INA|واع|وكالة الأنباء العراقية",
    "SUNA": r"SUNA|سونا|وكالة السودان للأنباء",
    "NNA": r"NNA|الوكالة الوطنية(?: للإعلام)?",
    "AMI": r"AMI|وما",
    "DHA": r"DHA|Demirören Haber Ajansı",
    "IHA": r"[İI]HA|İhlas Haber Ajansı",
    "ANKA": r"ANKA(?: Haber Ajansı)?",
    "IRNA": r"IRNA|(?:خبرگزاری )?ایرنا|إرنا",
    "ISNA": r"ISNA|(?:خبرگزاری )?ایسنا",
    "Fars": r"Fars|(?:خبرگزاری )?فارس",
    "Mehr": r"(?:خبرگزاری )?مهر",
    "Tasnim": r"Tasnim|(?:خبرگزاری )?تسنیم|تسنيم",
    "APA": r"APA",
    "Belga": r"Belga",
    "ATS": r"ATS|Keystone-ATS",
    "PTI": r"PTI",
    "UPI": r"UPI",
}
_WITH = r"avec|with|mit|ile|مع|con|via|et|and|ve|و|با"
_PARTED = re.compile(
    rf"\s*[,،;؛|/•·+()\[\]:\n]+\s*|\s+(?:--?|[–—―])\s*|\s*[–—―]\s+|(?:^|\s+)(?:{_WITH})\s+", re.IGNORECASE
)
_DOTS = re.compile(r"(?<=\b\w)\.\s?(?=\w\b)")
_LEADING = re.compile(rf"^(?:{_WITH})\s+", re.IGNORECASE)
_SOURCE = re.compile(
    r"^\W*(?:sources?|quelle|kaynak(?:lar)?|fuente|fonte|ال?مصدر|ال?مصادر|منبع)\s*[:：]\s*(?P<name>\S.{0,60})$",
    re.IGNORECASE,
)
_STARTS = re.compile(r"^\W*(?:source|quelle|kaynak|fuente|fonte|ال?مصدر|ال?مصادر|منبع)", re.IGNORECASE)
_CALLED_AGENCY = re.compile(r"وكالة|خبرگزاری|\b(?:agence|agency|ajans[ıi]?|agentur|agencia)\b", re.IGNORECASE)
# "--(X)" at the end of a story's last line
_SIGN_OFF = re.compile(r"(?P<dash>(?:--?|[–—―])\s*)?[(\[](?P<name>[^()\[\]\d]{2,30})[)\]]\s*[.\s]*$")
_LINES = ("p", "div", "span", "li", "b", "strong", "small", "em", "td", "a", "font", "h4", "h5", "h6")
_LONGEST = 90  # characters of a line
_FEWEST_CHILDREN = 4
_NO_SOURCE = ("figure", "figcaption", "aside", "footer", "nav")


def named(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the known agencies in bylines, datelines and credits, each once, in order, as whole parts only."""
    parts = (part for text in texts for part in ([text] if known(text) else _PARTED.split(text)))
    return tuple(dict.fromkeys(name for part in parts if (name := known(part))))


def known(text: str) -> str | None:
    """Return the usual name of a known agency, or None. Letters may have dots between them: ``A.F.P.``."""
    name = text.strip(" .*–—-")
    return _known(name) or _known(_LEADING.sub("", _DOTS.sub("", name)))


def is_agency(text: str) -> bool:
    """Return whether a text is an agency's name, known or self-declared."""
    return known(text) is not None or (len(text) < _LONGEST and _CALLED_AGENCY.search(text) is not None)


def source_lines(document: Document, zone: Zone) -> Iterator[str]:
    """Return the names in lines such as "Source: X" in the story's frame, outside figures."""
    if zone.frame is None:
        return
    for element in zone.frame.iter(*_LINES):
        if len(element) > _FEWEST_CHILDREN or document.positions[element] < zone.first:
            continue
        text = document.content(element) if _may_name(element) else ""
        if len(text) < _LONGEST and (match := _SOURCE.match(text)) and not _is_apart(element):
            yield match["name"]


def sign_off(line: str) -> str | None:
    """The agency in brackets at the end of a story: any name behind a dash, else a known one."""
    match = _SIGN_OFF.search(line)
    if match is None:
        return None
    name = known(match["name"])
    return name or (match["name"].strip() if match["dash"] and len(match["name"].split()) < 4 else None)


def find(
    bylines: Iterable[str], opening: str, ends: Iterable[str], sources: Iterable[str]
) -> Value[tuple[str, ...]] | None:
    """Return a story's agencies from its bylines, its dateline, its last lines and its source lines."""
    found: dict[str, str] = {}
    for rule, texts in (("byline", bylines), ("opening of the text", [opening]), ("source line", sources)):
        found |= {name: rule for name in named(texts) if name not in found}
    for line in ends:
        signed = named([line]) or ((name,) if (name := sign_off(line)) else ())
        found |= {name: "end of the text" for name in signed if name not in found}
    return Value(tuple(found), " + ".join(dict.fromkeys(found.values()))) if found else None


def _may_name(element: HtmlElement) -> bool:
    """Return whether an element's text may be a source line, by its first characters alone."""
    beginning = (element.text or "").strip() or (element[0].text or "" if len(element) else "")
    return _STARTS.match(beginning) is not None


def _is_apart(element: HtmlElement) -> bool:
    return any(each.tag in _NO_SOURCE for each in islice(element.iterancestors(), 6))


# Compiled when first used, not at the import, which is a function's cold start.
@cache
def _known(text: str) -> str | None:
    return next((name for name, pattern in _patterns().items() if pattern.fullmatch(text)), None)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in _AGENCIES.items()}
