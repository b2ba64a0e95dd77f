"""Captions and credits of photographs: by figure, by names, by position beside the image.

Many pages set a caption in a block of its own next to the image, under a name known to their system only. Position and
look identify it: the nearest short text with a look unlike the story's paragraphs.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Set
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from lxml.html import HtmlElement

from dateline.extraction.body.boilerplate import is_boilerplate
from dateline.extraction.body.restore import setting
from dateline.extraction.fields.credits import agencies, bylines
from dateline.extraction.fields.dates.date_parsing import read_all
from dateline.extraction.fields.dates.month_names import fold
from dateline.extraction.fields.photographs.image_sources import IMAGES, identity, source
from dateline.extraction.fields.story_area import CAPTION, Zone
from dateline.extraction.parse.jsonld import plain
from dateline.extraction.parse.texts import SILENT, clean, content, names, words

CAPTION_IN = ("p", "div", "span", "small", "cite", "td", "dd", "em", "i", "blockquote", "h6")
_CREDIT = re.compile(
    r"credit|crédit|copyright|photograph|(?:^|[-_\s])(?:source|author|agency)(?:$|[-_\s])", re.IGNORECASE
)
_BLOCKS = ("h1", "h2", "h3", "h4", "h5", "header", "nav", "ul", "ol", "form", "aside", "footer", "button", "time")
_PART = 30  # characters
_BEGINNING = 60  # characters to recognise a summary
_LONGEST = 400  # characters of a caption
_LONGEST_CREDIT = 80
_LONGEST_BESIDE = 250  # of a caption recognised by its place alone
_LONGEST_ALIKE = 180  # of a caption without italics or small print
_SHORTEST_BESIDE = 8
_SMALL_PRINT = re.compile(r"font-style:\s*italic|text-align:\s*center|font-size:\s*(?:x*-?small|(?:[6-9]|1[0-2])p[xt])")
_SLIGHT = {"em", "i", "small", "cite"}
_LINKED = 0.5  # of a text's characters
_FEWEST = 2  # words of a descriptive alternative text
_FEWEST_BESIDE = 3  # words of a short caption in a frame for anything
_SHORT_LABEL = 25  # characters
_FILE_NAME = re.compile(
    r"\.(?:jpe?g|png|webp|gif)\b|[_/\\]|^\W*(?:img|dsc|image|photo|picture)?\W*\d*\W*$", re.IGNORECASE
)
_LONGEST_BYLINE = 100  # characters
_BYLINE_WORDS = 5
_LONGEST_LABEL = 25  # characters beside a date
_STEPS = 3  # siblings looked at
_BESIDE = "text beside the image"
_ATTRIBUTES = ("data-caption", "alt", "title")
_MARK = (
    r"(?:photos?|images?|pictures?|pictured by|cr[ée]dits?(?: photos?)?|fotos?|bild|foto[gğ]raf(?:lar)?|görsel|kaynak"
    r"|©|\(c\)|ⓒ|صورة|صور|عدسة|المصدر|مصدر|تصوير|عکس|منبع)"
)
_LABEL = re.compile(rf"^\W*(?:{_MARK}(?!\w)\s*(?:[:：/©–—-]|by\b|par\b|de\b|von\b)?\s*)+", re.IGNORECASE)
# "(AFP)", "(AFP/Getty Images)", "Photo: Reuters" at a caption's end.
_TRAILING_CREDIT = re.compile(
    rf"\s*(?:[(\[](?P<in>[^()\[\]]{{2,60}})[)\]]|(?:[/|–—-]\s*)?(?<!\w){_MARK}\s*[:：/©]\s*(?P<after>[^:]{{2,60}}?)|[/|–—-]?\s*©\s*(?P<sign>[^.:]{{2,60}}))\.?$",
    re.IGNORECASE,
)
_CREDIT_ALONE = re.compile(rf"\W*(?:{_MARK}\s*(?:[:：/©]|by\s)|©|\(c\))", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_CONTROL = 60  # characters
# For folded text: enlarge, listen, minutes to read, comments, sign in, follow.
_CONTROL = re.compile(
    r"\W*(?:(?:click|tap|press)\s+(?:here|to|on)|(?:open|view|see)\s+(?:the\s+)?(?:image|photo|picture|gallery|full)"
    r"|enlarge|zoom|full\s?screen|listen\s+to|play\s+(?:video|audio)|reading\s+time|\d+\s*(?:min\w*\s+read|comments?)\b"
    r"|(?:already\s+a|become\s+a)\s|sign\s+(?:in|up)|log\s?in|subscribe|follow\s+us|join\s+(?:us|our)|advertisement"
    r"|agrandir|cliquez|plein\s+ecran|voir\s+(?:la\s+galerie|en\s+grand|l.image)|ecouter\s|temps\s+de\s+lecture|lecture\s*:|lire\s+plus\s+tard"
    r"|\d+\s*commentaires?|deja\s+abonne|s.abonner|suivez|publicite|vergrossern|bild\s+vergross|anhoren|lesezeit|\d+\s+kommentare"
    r"|buyut|tikla|dinle|okuma\s+suresi|\d+\s*yorum|abone|takip\s+et|reklam"
    r"|تكبير|اضغط|انقر|استمع|(?:وقت|مده)\s+القراءه|\d+\s*تعليق|اشترك|تابعنا|تابعونا|انضم|اعلان"
    r"|بزرگنمايي|کليک|بشنويد|زمان\s+مطالعه|\d+\s*نظر|عضو\s+شويد|ما\s+را\s+دنبال)"
)
# Beside a photograph, too, and no caption.
_SUMMARY = re.compile(
    r"standfirst|(?:^|[-_ ])(?:lead|lede|dec?k|chap[oô]|chapeau|excerpt|intro|summary|spot|[oö]zet)(?:$|[-_ ])",
    re.IGNORECASE,
)
_REMARK = re.compile(r"[a-zà-öø-ÿ][^/A-ZÀ-Ö]*$|\d+$")  # "(left)", "(2019)": no credit
_ARCHIVE = re.compile(r"archiv\w*|arşiv|dpa|dr|illustration archive", re.IGNORECASE)


class Caption(NamedTuple):
    """A caption and its credit, each optional, and how they were found."""

    text: str | None
    credit: str | None
    rule: str

    @property
    def is_shown(self) -> bool:
        """Whether it is in a place for captions only, instead of beside the image or in an attribute."""
        return self.rule not in (*_ATTRIBUTES, _BESIDE)


def split(text: str) -> tuple[str | None, str | None]:
    """Part a caption from the credit at its end."""
    match = _TRAILING_CREDIT.search(text)
    if match and match["in"] and _REMARK.match(match["in"]) and not _ARCHIVE.fullmatch(match["in"]):
        match = None
    if not match:
        is_signed = agencies.known(re.split(r"[/|]", text)[-1]) is not None
        is_credit = len(text) <= _LONGEST_CREDIT and (is_signed or _CREDIT_ALONE.match(text))
        return (None, unlabelled(text)) if is_credit else (text or None, None)
    credit = unlabelled((match["in"] or match["after"] or match["sign"]).strip())
    return text[: match.start()].strip(" |/,،–—-") or None, _unbracketed(credit) or None


def unlabelled(credit: str) -> str:
    """Return a credit without the label before it: ``Photo: AFP`` is ``AFP``."""
    return _LABEL.sub("", credit).strip(" :/|–—-") or credit


def _unbracketed(text: str) -> str:
    return text[1:-1].strip() if text[:1] in "([" and text[-1:] in ")]" else text


class Reader:
    """Reads captions on one page. ``others`` are the page's title, summary and the like, as ``words``."""

    def __init__(self, zone: Zone, others: Set[str]) -> None:
        self._zone, self._document, self._others = zone, zone.document, others

    def read(self, image: HtmlElement) -> Caption | None:
        """Return the visible caption of an image, or else its alternative text."""
        return self._referred(image) or self._shown(image) or self._described(image)

    def _referred(self, image: HtmlElement) -> Caption | None:
        """Return the caption in the element that an image or its figure names as its description."""
        figure = next(image.iterancestors("figure"), image)
        names_it = image.get("aria-describedby") or figure.get("aria-describedby") or figure.get("aria-labelledby")
        element = self._document.tree.find(f".//*[@id='{names_it}']") if names_it and names_it.isidentifier() else None
        if element is None or not self._is_caption(element, self._document.content(element)):
            return None
        return self._parted([element], "caption element")

    def _shown(self, image: HtmlElement) -> Caption | None:
        inner = image
        for around in image.iterancestors():
            if around in self._zone.around or around.tag in ("body", "html"):
                found = self._framed(around, image) if around.tag == "figure" else None
                return found or self._beside(inner)
            if self._document.content(around) and (found := self._framed(around, image)):
                return found
            if self._document.content(around) and around.tag != "a" and not self._is_credit_only(around):
                return None if around.tag in ("figure", "table") else self._beside(inner)
            inner = around
        return None

    def _is_credit_only(self, around: HtmlElement) -> bool:
        return bool(_CREDIT.search(names(around)))

    def _framed(self, frame: HtmlElement, image: HtmlElement) -> Caption | None:
        """Return the caption in an element with an image and some text, but without text of the story."""
        pictures = [each for each in frame.iter(*IMAGES) if not _is_in(each, "noscript")]
        if len(pictures) > 1 and image in pictures:
            return self._between(frame, image, pictures)
        called = [e for e in frame.iter("figcaption", *CAPTION_IN) if e.tag == "figcaption" or CAPTION.search(names(e))]
        texts = [each for each in called if self._document.content(each)]
        if texts:
            rule = "figcaption" if texts[0].tag == "figcaption" else "caption element"
            return self._with_credit(self._parted(texts, rule), frame)
        whole = self._document.content(frame)
        if len(whole) > _LONGEST or not (frame.tag == "figure" or self._is_caption(frame, whole)):
            return None
        found = self._parted([frame], "text in the frame")
        return found if frame.tag == "figure" or found is None else _without_label(found)

    def _with_credit(self, caption: Caption | None, frame: HtmlElement) -> Caption | None:
        """Return a caption with the credit from its frame's own element."""
        if caption is None or caption.credit:
            return caption
        signs = (self._document.content(each) for each in frame.iter(*CAPTION_IN) if _CREDIT.search(names(each)))
        credit = next((sign for sign in signs if sign and len(sign) <= _LONGEST_CREDIT and sign != caption.text), "")
        return caption._replace(credit=unlabelled(credit) or None)

    def _between(self, frame: HtmlElement, image: HtmlElement, pictures: list[HtmlElement]) -> Caption | None:
        """Return the caption of one image of a gallery, from the text before the next image."""
        at = self._document.positions
        later = [at[each] for each in pictures if at[each] > at[image]]
        end = min(later, default=max(at[each] for each in frame.iter()) + 1)
        called = (
            each
            for each in frame.iter("figcaption", *CAPTION_IN)
            if at[image] < at[each] < end and (each.tag == "figcaption" or CAPTION.search(names(each)))
        )
        texts = [each for each in called if self._document.content(each)]
        return self._parted(texts, "caption element") if texts else None

    def _beside(self, block: HtmlElement) -> Caption | None:
        """Return the caption next to a block with an image alone."""
        tail = clean(block.tail or "")
        if tail and self._is_caption(None, tail):
            return _without_label(Caption(*split(tail), _BESIDE))
        found: list[HtmlElement] = []
        for near in islice(self._following(block), _STEPS):
            text = self._document.content(near)
            if not text:
                continue
            named = CAPTION.search(names(near)) is not None
            is_summary = not named and _SUMMARY.search(names(near)) is not None
            may_be = not is_summary and (self._is_caption(near, text) or (named and len(text) <= _LONGEST))
            if near in self._zone.around or not may_be:
                break
            if found and not (named or _CREDIT.search(names(near))):
                break
            found.append(near)
        if found:
            is_marked = all(
                CAPTION.search(names(each)) or _is_slight(each, self._document.content(each)) for each in found
            )
            if is_marked:
                return self._parted(found, "caption beside the image")
            beside = self._parted(found, _BESIDE)
            return _without_label(beside) if beside else None
        before = next((near for near in block.itersiblings(preceding=True) if self._document.content(near)), None)
        if before is not None and CAPTION.search(names(before)) and before not in self._zone.around:
            return self._parted([before], _BESIDE)
        return None

    def _is_marked(self, element: HtmlElement) -> bool:
        return CAPTION.search(names(element)) is not None or _is_slight(element, self._document.content(element))

    def _following(self, block: HtmlElement) -> Iterator[HtmlElement]:
        """The elements after a block, up to running text of the element around them."""
        for near in block.itersiblings():
            if near.tag not in SILENT and near.tag not in ("br", *IMAGES):
                yield near
            if (near.tail or "").strip():
                return

    def _parted(self, elements: list[HtmlElement], rule: str) -> Caption | None:
        """Return a caption from its elements, with the credit from the element of that name, or from the end."""
        outer = [each for each in elements if not any(other in elements for other in each.iterancestors())]
        inner = [each for around in outer for each in around.iter() if isinstance(each.tag, str)]
        called = [each for each in inner if _CREDIT.search(names(each))]
        signs = [each for each in called if len(self._document.content(each)) <= _LONGEST_CREDIT]
        credited = next((text for each in signs if (text := self._document.content(each))), "")
        texts = [self._document.content(each) for each in outer if each not in signs]
        whole = " ".join(dict.fromkeys(filter(None, texts)))
        if len(whole) > _LONGEST or words(whole) in self._others or _is_byline(whole) or _is_control(whole):
            return None
        if credited and credited in whole:
            whole = whole.replace(credited, "").strip(" |/–—-")
        caption, credit = split(whole)
        credit = _unbracketed(unlabelled(credited)) if credited else credit
        return Caption(caption, credit or None, rule) if caption or credit else None

    def _is_caption(self, element: HtmlElement | None, text: str) -> bool:
        """Return whether a text's length, wording and look allow it to be a caption; None stands for a bare text."""
        return self._reads_so(text) and (
            element is None or (self._holds_so(element, text) and self._looks_so(element, text))
        )

    def _reads_so(self, text: str) -> bool:
        folded = words(text)
        if not _SHORTEST_BESIDE <= len(text) <= _LONGEST_BESIDE or folded in self._others or is_boilerplate(text):
            return False
        if _is_byline(text) or _is_control(text):
            return False
        return not any(other.startswith(folded[:_BEGINNING]) for other in self._others if len(other) > _BEGINNING)

    def _holds_so(self, element: HtmlElement, text: str) -> bool:
        """Return whether an element holds a text alone, and nothing of the story, no heading, no list, few links."""
        if element.tag in _BLOCKS or any(each in self._zone.around for each in element.iter()):
            return False
        if next(element.iterdescendants(*_BLOCKS), None) is not None:
            return False
        return sum(len(content(link)) for link in element.iter("a")) <= _LINKED * len(text)

    def _looks_so(self, element: HtmlElement, text: str) -> bool:
        """Return whether an element is set unlike the story's paragraphs and its sub-headings."""
        if _is_slight(element, text):
            return True
        is_label = any(content(inner) == text for inner in element.iter("b", "strong"))
        return not is_label and len(text) <= _LONGEST_ALIKE and not (_looks(element) & self._zone.settings)

    def _described(self, image: HtmlElement) -> Caption | None:
        """The text in an image's attributes, if it says something of this image."""
        linked = image.getparent() if image.getparent() is not None and image.getparent().tag == "a" else image
        for name, element in (("data-caption", image), ("data-caption", linked), ("alt", image), ("title", image)):
            text = clean(plain(element.get(name) or ""))
            if text and self._is_description(text, name):
                return Caption(*split(text), name)
        return None

    def _is_description(self, text: str, name: str) -> bool:
        folded = words(text)
        if not folded or self._repeats(folded) or folded in self._document.outlet_names or len(text) > _LONGEST:
            return False
        if name == "data-caption":
            return True
        repeated = len(self._alternatives.get(folded, ())) > 1
        return (
            len(folded.split()) >= _FEWEST and not _FILE_NAME.search(text) and not repeated and not is_boilerplate(text)
        )

    def _repeats(self, folded: str) -> bool:
        """Return whether words are those of the title or summary, or a longer part of them."""
        return any(folded == other or (len(folded) > _PART and folded in other) for other in self._others)

    @cached_property
    def _alternatives(self) -> dict[str, set[str]]:
        """Return the alternative texts on the page, as ``words``, with their files."""
        found: dict[str, set[str]] = defaultdict(set)
        for image in self._document.tree.iter(*IMAGES):
            if (text := image.get("alt")) and (url := source(image)):
                found[words(text)].add(identity(url))
        return found


def _without_label(caption: Caption) -> Caption | None:
    """Return a caption known by its place alone, without a text so short that it is a button or a section's name."""
    text = caption.text or ""
    if len(text) >= _SHORT_LABEL or len(words(text).split()) >= _FEWEST_BESIDE:
        return caption
    return caption._replace(text=None) if caption.credit else None


def _is_control(text: str) -> bool:
    """Return whether a text has no letters, or begins as the caption of a button beside a photograph."""
    return not _LETTER.search(text) or (len(text) < _LONGEST_CONTROL and _CONTROL.match(fold(text)) is not None)


def _is_byline(text: str) -> bool:
    """Whether a line names its writer, or is a date with little else, such as a section's name."""
    if len(text) > _LONGEST_BYLINE:
        return False
    name = bylines.BY.sub("", text)
    if name != text and not name[:1].islower() and len(name.split()) <= _BYLINE_WORDS and not name.endswith("."):
        return True
    folded = fold(text)
    written = read_all(folded)
    return bool(written) and len(folded) - sum(each.end - each.start for each in written) < _LONGEST_LABEL


def _looks(element: HtmlElement) -> set[tuple[str, ...]]:
    """Return the looks of an element and of its single children."""
    found = {setting(element)}
    while len(element) == 1 and not (element.text or "").strip():
        element = element[0]
        if isinstance(element.tag, str):
            found.add(setting(element))
    return found


def _is_slight(element: HtmlElement, text: str) -> bool:
    """Return whether all of an element's text is set in italics or small print."""
    if element.tag in _SLIGHT or any(content(inner) == text for inner in element.iter(*_SLIGHT)):
        return True
    set_so = f"{element.get('style', '')};text-align:{element.get('align', '')}"
    return len(text) <= _LONGEST_ALIKE and _SMALL_PRINT.search(set_so) is not None


def _is_in(element: HtmlElement, tag: str) -> bool:
    return next(element.iterancestors(tag), None) is not None
