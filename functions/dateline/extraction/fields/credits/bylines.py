"""Bylines on a page: elements marked as author, links to author pages, lines with a leading "By"."""

import re
from collections.abc import Collection, Iterator
from itertools import islice

from lxml.html import HtmlElement

from dateline.extraction.fields import shown_title
from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import beginning, names

# What a byline begins with, in the languages of the archive's outlets and of their neighbours.
_WORDS_OF_BY = (
    r"(?:(?:written|posted|published|reported|compiled|translated|prepared|text[eo]?|story|words|opinion|news"
    r"|commentary|article"
    r"|erstellt|geschrieben|übersetzt|publié|écrit|rédigé|traduit|réalisé|(?:propos\s+)?recueillis?"
    r"|entretien(?:\s+réalisé)?|interview|bericht|reportage|röportaj|yayınlayan)"
    r"\s*[:—–-]?\s+(?:on\s+)?)?"
    r"(?:by|von|par|por|di|door|av|yazan|haber|(?:un\s+reportage|une\s+enquête|une\s+synthèse)\s+de"
    r"|كتب بواسطة|بقلم الكاتبة?|بقلم|بقلمي|كتبت?|كتبه|كتبها|بواسطة|تقرير"
    r"|إعداد|أعدّ?(?:ه|ها|ت)?(?:\s+التقرير)?(?:\s+للنشر)?|حوار|حاور(?:ه|ها|ته|تها)"
    r"|متابعة|أجرى الحوار|نویسنده|نوشته|به قلم|خبرنگار|گزارش(?:\s+از)?|نووسینی|ئامادەکردنی)"
)
# A writer's task before a colon, alone or with another of the same person: إعداد وتحرير, texte et photos.
_WRITING = (
    "إعداد|تحرير|ترجمة|كتابة|متابعة|حوار|تقرير|رصد|تحقيق|تقديم|صياغة|مترجم|ترجمه|تهیه|تنظیم|گردآوری|ئامادەکردن|وەرگێڕان",
    "text[eo]?s?|reportage|propos|traduction|enquête|words|story|reporting|editing|writing|haber|röportaj|çeviri|yazı"
    "|rédaction|synthèse|récit|übersetzung|redacción|derleyen|hazırlayan|çeviren|aktaran|muhabir",
)
_PICTURES = "تصوير|photos?|photographies|images|pictures|fotoğraf(?:lar)?|foto|kamera"
_AND_TASK = rf"(?:\s*(?:\b(?:et|and|ve)\b|[/&-]|و)?\s*(?:{'|'.join(_WRITING)}|{_PICTURES}))?"
_TASK = rf"(?:{'|'.join(_WRITING)}){_AND_TASK}\s*(?=[:：])"
# A correspondent's place before the name: De notre envoyé spécial à Tripoli, X; من مراسلنا في طرابلس: X.
_CORRESPONDENT = (
    r"(?:(?:de\s+)?(?:notre|nos)\s+(?:envoyée?s?\s+spécia(?:le?s?|ux)|correspondante?s?(?:\s+permanente?s?)?)\s+(?:à|en|aux?)"
    r"|(?:from\s+)?our\s+(?:own\s+|special\s+)?correspondents?\s+in"
    r"|(?:من\s+)?(?:مراسلتنا|مراسلنا|مراسلينا|موفدنا|موفدتنا|مبعوثنا|مبعوثتنا)(?:\s+(?:الخاصة?|إلى))?\s+(?:في|إلى))"
    r"\s+(?P<place>[^,،:;–—-]{2,25}?)\s*(?:[,،:;–—-]\s*|$)"
)
BY = re.compile(
    rf"^\W*(?:{_TASK}[:：]\s*|{_WORDS_OF_BY}\b\s*[:/—–-]*\s*|{_CORRESPONDENT}|(?-i:By|Par|Von)(?=[A-ZÀ-Ý]))",
    re.IGNORECASE,
)
_SAYS_BY = re.compile(
    rf"^\W*(?:{_TASK}[:：]\s*|{_WORDS_OF_BY}\b\s*[:/—–-]*(?:\s|$)|{_CORRESPONDENT}|(?-i:By)(?=[A-Z]))", re.IGNORECASE
)
_SAYS_AUTHOR = re.compile(
    r"^\W*(?:authors?|auteure?s?|autor(?:in|a)?(?:/autor(?:in|a)?)?|yazar|muhabir|الكاتبة?|المراسلة?)\b\s*[:—–-]*(?:\s|$)",
    re.IGNORECASE,
)
# A second task and person behind the first: "- تحرير: X".
_NEXT_TASK = re.compile(
    rf"^([^:：]+[:：][^:：]+?)\s*[-–—|،,/؛;]\s*(?:{_TASK}|(?:{_PICTURES})\s*)[:：].*$", re.IGNORECASE
)
# What stands between two names, or between a name and a place or an agency.
_ANDS = r"\s+(?:&|and|und|et|ve|y|و|with|avec|mit|ile|con|مع)(?:\s+|$)"
AND = re.compile(_ANDS, re.IGNORECASE)
SPLIT = re.compile(rf"\s*[,;|/•·،؛\n]\s*|{_ANDS}", re.IGNORECASE)
DASH = re.compile(r"\s+(?:--?|[–—―ـ])\s*|\s*(?:--?|[–—―ـ])\s+")
_NAMED = re.compile(
    r"(?:^|[-_ ])(?:author|byline|auteur|signature|yazar|muhabir|writer|reporter|journalist)s?"
    r"(?:[-_]*(?:name|link|url|text))?(?:$|[-_ ])|author-?name|byline-?name"
    r"|(?:created|posted|written|submitted)-?by(?:$|[-_ ])",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"comment|related|sidebar|(?<!post-)(?<!entry-)(?<!article-)footer|most-"
    r"|popular|recommend|trending|(?<!v)card|teaser|widget|\bbio",
    re.IGNORECASE,
)
AUTHOR_PAGE = re.compile(
    r"/(?:authors?|auteurs?|autor\w*|yazar(?:lar)?|staff|people|journalists?|contributors?|profiles?|writers?|reporters?|by|bios?)/",
    re.IGNORECASE,
)
_IN = ("a", "span", "div", "p", "address", "li", "dd", "b", "strong", "h3", "h4")
_LABELLED = (*_IN, "h2", "h5", "h6", "dt", "td", "th", "label", "font", "em", "i", "small")
_LONGEST = 60  # characters of a name
_LONGEST_LINE = 180  # of a byline
_SHORTEST = 2
_MOST = 12  # byline elements looked at
_TEASER = 600  # characters of a frame with another story's headline and little else
_ABOVE = 25  # elements before the headline
_NEAR = 120  # elements after the headline to search for a leading "By"


def of_first_task(text: str) -> str:
    """Return a byline without its second task and person."""
    return _NEXT_TASK.sub(r"\1", text)


def named(document: Document) -> tuple[list[str], bool]:
    """Return the texts of the first element marked as author, and of its neighbours; its links one by one.

    And whether they are far from the headline.
    """
    called = document.called(_NAMED, _IN)
    called += [link for link in document.tree.iterfind(".//a[@rel='author']") if link not in called]
    said = (e for e in called if _SHORTEST < document.length(e) < _LONGEST_LINE and _is_the_storys(e, document))
    found = list(islice(said, _MOST))
    if not found:
        return [], True
    frame = next(islice(found[0].iterancestors(), 2, None), found[0])
    beside = [element for element in found if element is found[0] or frame in element.iterancestors()]
    return [text for element in beside for text in _signatures(document, element)], _is_far(found[0], document)


def lines(document: Document, authors: Collection[str]) -> Iterator[str]:
    """Short lines near the headline with an author's name in them, whatever they are called."""
    near = document.after_headline[:_NEAR] if document.headline is not None else []
    for element in near:
        if element.tag in _IN and len(element) < 6 and element.tag != "a" and document.length(element) < _LONGEST_LINE:
            text = document.content(element)
            if len(text) < _LONGEST_LINE and any(name in text for name in authors):
                yield text


def linked(document: Document) -> Iterator[str]:
    """Texts of links to authors' pages, the first after the headline and those beside it."""
    links = (
        (element for element in document.after_headline if element.tag == "a") if document.headline is not None else ()
    )
    pages = (link for link in links if AUTHOR_PAGE.search(link.get("href", "")) and _is_the_storys(link, document))
    first = next(pages, None)
    if first is not None:
        yield document.content(first)
        yield from (document.content(link) for link in pages if link.getparent() is first.getparent())


def spoken(document: Document) -> Iterator[str]:
    """Return the first short text around the headline with a leading "By", or anywhere with "Author".

    A label alone names its neighbour.
    """
    for says, elements in ((_SAYS_BY, _around_headline(document)), (_SAYS_AUTHOR, document.elements)):
        for element in elements:
            if element.tag in _LABELLED and len(element) < 4 and says.match(beginning(element)):
                held = (document.content(each) for each in _holding(element, says))
                text = next(filter(None, (says.sub("", of_first_task(each)) for each in held)), "") or _beside(
                    element, document
                )
                if text and len(text) < _LONGEST and _is_the_storys(element, document):
                    yield text
                    return


def says_by(text: str) -> bool:
    """Return whether a text begins as a byline does."""
    return _SAYS_BY.match(text) is not None


def _around_headline(document: Document) -> list[HtmlElement]:
    """The elements after the headline, then those just above it and in the feet of the page's articles."""
    headline = document.headline if document.headline is not None else shown_title.line(document)
    if headline is None:
        return []
    at = document.positions[headline]
    feet = (each for foot in document.tree.iterfind(".//article//footer") for each in foot.iter())
    return [*document.elements[at + 1 :][:_NEAR], *document.elements[max(0, at - _ABOVE) : at], *islice(feet, _NEAR)]


def _holding(element: HtmlElement, says: re.Pattern[str]) -> Iterator[HtmlElement]:
    """Yield the elements with a labelled name, best first: the one after a bare label, the innermost with the label."""
    own = (element.text or "").strip()
    if own and len(element) and not says.sub("", f"{own} ").strip():
        yield element[0]
    yield from (_innermost(element, says), element)


def _innermost(element: HtmlElement, says: re.Pattern[str]) -> HtmlElement:
    """Return the first child's child and so on that still begins with the label."""
    if not (element.text or "").strip() and len(element) and says.match(beginning(element[0])):
        return _innermost(element[0], says)
    return element


def _beside(label: HtmlElement, document: Document) -> str:
    """The text of the element after a label."""
    following = label.getnext()
    return document.content(following) if following is not None and following.tag in _IN else ""


def _is_far(element: HtmlElement, document: Document) -> bool:
    at = document.positions
    return document.headline is not None and abs(at[element] - at[document.headline]) > _NEAR


def _signatures(document: Document, element: HtmlElement) -> list[str]:
    """Return the names in a byline's links, or its whole text if it joins more of them; mail links do not count."""
    anchors = list(element.iter("a"))
    mail = [document.content(link) for link in anchors if link.get("href", "").startswith("mailto:")]
    links = [document.content(link) for link in anchors if len(link.text_content()) < _LONGEST]
    whole = document.content(element)
    for text in filter(None, mail):
        whole = whole.replace(text, " ")
    names = [text for text in links if text not in mail]
    return names if names and len(SPLIT.split(whole)) <= len(names) else [whole]


def _is_the_storys(element: HtmlElement, document: Document) -> bool:
    """Whether no frame around an element is another story's, a photograph's, or otherwise set apart."""
    for near in (element, *islice(element.iterancestors(), 4)):
        if near.tag in ("aside", "figure") or _ELSEWHERE.search(names(near)):
            return False
        if near.tag == "footer" and next(near.iterancestors("article"), None) is None:
            return False
    around = list(islice(element.iterancestors(), 5))
    return not any(_is_teaser(near, [element, *around], document) for near in around)


def _is_teaser(frame: HtmlElement, inner: list[HtmlElement], document: Document) -> bool:
    """Return whether an element has the headline of another story, outside ``inner``, or is a link to one."""
    length = document.length(frame)
    if frame.tag == "a":
        return length > _LONGEST
    if length > _TEASER or (document.headline is not None and frame in document.headline.iterancestors()):
        return False
    if frame.tag == "article":  # too short for a story
        return True
    others = (heading for heading in frame.iter("h2", "h3", "h4") if heading not in inner)
    return any(heading.getparent().tag == "a" or heading.find(".//a") is not None for heading in others)
