"""The headline: the text common to most of h1, JSON-LD, OpenGraph and title element, without the outlet's name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from dateline.extraction.body import embedded_json
from dateline.extraction.fields import shown_title
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import words

# What stands between a headline and the outlet's name: a spaced dash or dot, a bar, a full-width colon.
_SEPARATOR = re.compile(r"\s+(?:--|[-–—•·:»«›‹/])\s+|\s*[|｜ㅣ│]\s*|\s*：")
# Separators after a headline with a known end (from a heading or the section): also a dash without spaces.
_TIGHT = re.compile(r"\s*[-–—|｜ㅣ│:：•·»›‹/,\[]\s*")
_ADDITION = re.compile(r"\s*(?:[-–—|｜ㅣ│•·»›‹/]|\()\s*\S")
# Additions before or after a headline, if another source has it without them.
_LABEL = (
    r"(?:opinions?|analysis|comment(?:ary)?|editorial|exclusive|watch|video|photos?|pictures|gallery|live|breaking|news"
    r"|politics|sports?|business|world|updated?|avis|tribune|exclusif|vidéo|photos|en direct|direct|diaporama|éditorial"
    r"|son dakika|canlı|video haber|foto galeri|özel|yorum|analiz"
    r"|عاجل|فيديو|بالفيديو|بالصور|صور|شاهد|خاص|حصري|رأي|تحليل)"
)
_LABELLED = re.compile(rf"^{_LABEL}\s*(?:[:|/•–—-]\s*|\s)|\s*[\[(]{_LABEL}[\])]$", re.IGNORECASE)
# In the order in which a spelling is taken. What is shown and what is published as data are made apart from each other;
# twitter:title and the title element are mostly copies, for other readers. An h2 in the words of the data is what is
# shown, and an h1 that then says something else is made for search engines.
_WEIGHTS = {
    "json-ld headline": 1.1,
    "meta og:title": 1.0,
    "h1": 1.2,
    "h2": 2.0,
    "shown title": 1.0,
    "meta twitter:title": 0.3,
    "title element": 0.3,
}
_LONGEST = 500  # characters
_MOST = 40  # headings that are looked at
_HEADING = 12  # least characters of a heading before a title's rest is cut off
_SHORTEST_LABEL = 5  # letters of a host to recognise an outlet's name
_OUTLET_WORDS = 4
_NOT_A_TITLE = {"", "home", "homepage", "news", "untitled", "article", "accueil", "الرئيسية", "anasayfa"}

Forms = list[Value[str]]  # of one headline, in the order of the page's sources


def find(document: Document) -> Value[str] | None:
    """Return the page's headline, or else the feed item's."""
    headlines = _headlines(document)
    if not headlines:
        return Value(document.page.feed_title, "feed item") if document.page.feed_title else None
    best = _shown_alone(headlines) or max(headlines, key=_weight)
    return Value(_spelling(best), " + ".join(dict.fromkeys(form.rule for form in best)))


def forms(document: Document) -> set[str]:
    """Return every form of the headline on the page, as ``words``, to remove from the beginning of the text."""
    values = [value for value, _ in _candidates(document)]
    return {words(form) for value in values for form in (value, without_outlet(value, document))} - _NOT_A_TITLE


def without_outlet(title: str, document: Document, headings: Iterable[str] = ()) -> str:
    """The title without the outlet's name, the section, or whatever else follows one of the headings."""
    for heading in headings:
        if len(heading) >= _HEADING and title.startswith(heading) and _TIGHT.match(title, len(heading)):
            return heading
    outlet = document.outlet_names
    cuts = list(_SEPARATOR.finditer(title))
    for cut in cuts:
        if words(title[: cut.start()]) in map(words, headings):
            return title[: cut.start()].strip()
    for cut in cuts:
        if words(title[cut.end() :]) in outlet or _is_of_host(title[cut.end() :], document):
            return title[: cut.start()].strip()
    if cuts and words(title[: cuts[0].start()]) in outlet:
        return title[cuts[0].end() :].strip()
    return title


def _is_of_host(tail: str, document: Document) -> bool:
    """Whether a few words begin or end with the name in the page's address: ``La Stampa`` on lastampa.example."""
    host = urlsplit(document.url).netloc.split(".")
    label = max(host[:-1], key=len, default="").replace("-", "")
    squeezed = words(tail).replace(" ", "")
    few = len(label) >= _SHORTEST_LABEL and len(tail.split()) <= _OUTLET_WORDS
    return few and (squeezed.startswith(label) or squeezed.endswith(label))


def _headlines(document: Document) -> list[Forms]:
    """Return the headlines of the page's sources, each with all of its forms."""
    outlet = document.outlet_names
    named = list(_candidates(document))
    candidates = [found for found in named if words(found.value) not in outlet]
    headings = [value for value, rule in candidates if rule in ("h1", "h2", "json-ld headline")]
    titles = [value for value, rule in candidates if rule not in ("h1", "h2", "json-ld headline")]
    if not _agree(headings, titles):
        shown = list(shown_title.find(document))
        only = _only_heading(document, candidates, shown)
        if only and not _agree([only.value], titles):
            return [[only]]
        headings = [value for value, rule in (*candidates, *shown) if rule in ("json-ld headline", "shown title")]
        candidates = [found for found in candidates if found.rule != "h1" or not titles] + shown
    candidates = candidates or named
    headings = headings or list(embedded_json.titles(document))
    plain = [Value(without_outlet(value, document, headings), rule) for value, rule in candidates]
    known = {words(value) for value, _ in plain}
    groups: dict[str, Forms] = defaultdict(list)
    for value, rule in plain:
        bare = _LABELLED.sub("", value)
        form = bare if words(bare) in known else value
        if words(form) not in _NOT_A_TITLE:
            groups[words(form)].append(Value(form, rule))
    return list(groups.values())


def _only_heading(document: Document, candidates: Forms, shown: Forms) -> Value[str] | None:
    """Return the one long h1 above the first paragraph, or the one long h2 without an h1; not if the data have a title.

    The title element then names the site, the section or the address.
    """
    if any(rule in ("h2", "json-ld headline") for _, rule in candidates):
        return None
    above = {value for tag in ("h1", "h2") for value in _above_prose(document, tag)}
    found = [each for each in candidates if each.rule == "h1" and len(each.value) >= _HEADING]
    if not found and not shown:
        found = [Value(line, "h2") for line in _above_prose(document, "h2") if len(line) >= _HEADING]
    return found[0] if len(found) == 1 and found[0].value in above else None


def _above_prose(document: Document, tag: str) -> Iterator[str]:
    """Yield the headings before the first paragraph, outside menus and forms."""
    for heading in takewhile(lambda each: not shown_title.is_paragraph(each), document.elements):
        if heading.tag == tag and next(heading.iterancestors("nav", "aside", "footer", "form"), None) is None:
            yield document.content(heading)


def _weight(headline: Forms) -> float:
    """How much speaks for a headline; a rule counts once."""
    return sum(_WEIGHTS[rule] for rule in {form.rule for form in headline})


def _spelling(headline: Forms) -> str:
    """Return the form in most sources, the first of equals; copies count only without other sources."""
    made = [value for value, rule in headline if _WEIGHTS[rule] >= 1] or [value for value, _ in headline]
    return max(made, key=made.count)


def _shown_alone(headlines: list[Forms]) -> Forms | None:
    """Return the headline of an unrepeated h1, if the page's other sources word it for other readers.

    Not if JSON-LD and another source agree, nor if the h1 consists of a kicker or date and their form of the headline.
    """
    shown = [headline for headline in headlines if any(form.rule in ("h1", "h2") for form in headline)]
    others = [headline for headline in headlines if headline not in shown]
    if not others or any(form.rule != "h1" for headline in shown for form in headline):
        return None
    if len(others) < 2 and any(form.rule == "json-ld headline" for form in others[0]):
        return None
    titles = [words(headline[0].value) for headline in others]
    related = [headline for headline in shown if _is_related(words(headline[0].value), titles)]
    heading = words(related[0][0].value) if related else ""
    if not related or any(heading.endswith(title) for title in titles):
        return None
    is_held = any(title in heading or heading in title for title in titles)
    return related[0] if is_held or related[0] is shown[0] else None


def _is_related(heading: str, titles: list[str]) -> bool:
    return any(_long_words(heading) & _long_words(title) for title in titles)


def _agree(headings: list[str], titles: list[str]) -> bool:
    """Return whether a heading of the page matches the subject of its titles."""
    return any(_is_related(words(heading), list(map(words, titles))) for heading in headings)


def _long_words(text: str) -> set[str]:
    return {word for word in text.split() if len(word) > 3}


def _candidates(document: Document) -> Iterator[Value[str]]:
    """Yield possible headlines; overlong ones are signs of broken markup."""
    return (found for found in _named(document) if 0 < len(found.value) < _LONGEST)


def _named(document: Document) -> Iterator[Value[str]]:
    headings = [
        Value(text, "h1") for text in dict.fromkeys(map(document.content, islice(document.tree.iter("h1"), _MOST)))
    ]
    stated = [*_stated(document), *headings]
    yield from stated
    yield from _repeated(document, stated)
    yield from document.contents("twitter:title")
    if document.title:
        yield Value(document.title, "title element")


def _repeated(document: Document, stated: Forms) -> Iterator[Value[str]]:
    """Yield the h2 headings with the words of the page's titles, and without an h1, those with an addition there."""
    shared = [value for value, rule in stated if rule == "meta og:title"]
    titles = shared or ([document.title] if len(document.title) < _LONGEST else [])
    folded = {words(without_outlet(title, document)) for title in titles}
    is_headed = _agree([value for value, rule in stated if rule != "meta og:title"], [document.title])
    extended = [] if is_headed else titles
    for heading in islice(document.tree.iter("h2"), 5 * _MOST):
        if _is_own(heading, document):
            for text in map(document.content, (heading, *heading)):  # or one of its parts, beside a kicker
                if words(text) in folded or any(_begins(text, title) for title in extended):
                    yield Value(text, "h2")


def _is_own(heading: HtmlElement, document: Document) -> bool:
    """Return whether a heading has no link, or one to its own page: any other points to another story."""
    link = heading.find(".//a")
    return link is None or document.absolute(link.get("href", "")) == document.url


def _begins(heading: str, title: str) -> bool:
    """Return whether a title is a heading with an addition after a sign."""
    rest = title[len(heading) :]
    return len(heading) >= _HEADING and title.startswith(heading) and _ADDITION.match(rest) is not None


def _stated(document: Document) -> Iterator[Value[str]]:
    if headline := jsonld.text(document.story.get("headline")):
        yield Value(headline, "json-ld headline")
    yield from document.contents("og:title")
