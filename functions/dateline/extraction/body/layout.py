"""Markup made plain before a story's text is searched: layout tables, headings in disguise, stories in several blocks.

Extractors read tables as data, drop buttons, split quotations from their paragraphs and stop after the first block of
a story. Each function changes a copy of the page in place.
"""

import re
from collections import defaultdict
from itertools import chain, islice

from lxml.html import HtmlElement

from dateline.extraction.parse.texts import content, names

_CELLS = ("td", "th")
_TABLE = ("table", "tbody", "thead", "tfoot", "tr", *_CELLS)
_LINES = ("span", "font", "strong", "b", "em", "i", "u", "details")
_IN_BLOCKS = {"p", "div", "section", "article", "ul", "ol", "blockquote", "h2", "h3", "h4", "h5", "h6"}
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_LONGEST_LINE = 120  # characters of a sub-heading
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LONG_CELL = 400  # characters; longer cells are prose
_PARAGRAPHS = 3  # in one cell
_LONGEST_LINKS = 2_000  # characters of a table of links
_LINKED = 0.75  # of its characters in links
_PROSE = 80  # characters of a paragraph
_REST = 120  # least characters of a story's hidden rest
_BESIDE = 30  # siblings before hidden text
_MOST_QUOTATIONS = 2_000  # of a page; a flood of them is no prose
_QUOTED = re.compile(r"^\s*[\"'“”„«‹‘]")
_HIDING = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|max-height\s*:[^;]*|overflow\s*:\s*hidden)\s*;?", re.IGNORECASE
)
_NOT_ONE_STORY = ("h1", "article", "li", "form")
_OF_OTHERS = re.compile(
    r"comment|repl(?:y|ies)|related|teaser|card|promo|recommend|modal|cookie|consent|login", re.IGNORECASE
)


def made_plain(tree: HtmlElement) -> HtmlElement:
    """The page with its layout tables as divisions, its cells as lines and its story in one block."""
    _set_as_blocks(tree)
    _divide_tables(tree)
    _show_rest(tree)
    _join_blocks(tree)
    _quote(tree)
    return tree


def _set_as_blocks(tree: HtmlElement) -> None:
    """Set text in the wrong kind of element as browsers show it.

    That is: paragraphs within a line, bold lines between paragraphs, captions of no table.
    """
    for element in tree.iter(*_LINES):
        if any(child.tag in _IN_BLOCKS for child in element):
            element.tag = "div"
    for element in tree.iter("div"):
        if _is_bold_line(element):
            element.tag = "p"
    for caption in tree.iter("caption"):
        if caption.getparent().tag != "table":
            caption.tag = "p"


def _is_bold_line(element: HtmlElement) -> bool:
    """Whether a division is a sub-heading: a short line, all of it bold, between two paragraphs."""
    before, after = element.getprevious(), element.getnext()
    if before is None or after is None or before.tag != "p" or after.tag != "p":
        return False
    text = content(element)
    if not 0 < len(text) <= _LONGEST_LINE or element.find(".//a") is not None:
        return False
    return _BOLD.search(element.get("style", "")) is not None or any(
        content(inner) == text for inner in element.iter("b", "strong")
    )


def uncover_headings(tree: HtmlElement) -> HtmlElement:
    """The page with its headings free of buttons and of links within the page, and its summaries as headings."""
    for heading in tree.iter(*_HEADINGS):
        for inner in list(heading.iter("button", "a")):
            is_link = inner.tag == "a"
            if not is_link or (heading.tag != "h1" and inner.get("href", "#").startswith("#")):
                inner.drop_tag()
    for summary in tree.iter("summary"):
        if summary.find(".//p") is None:
            summary.tag = "h3"
    return tree


def _divide_tables(tree: HtmlElement) -> None:
    tables = list(tree.iter("table"))
    laid = {table for table in tables if _is_layout(table)}
    for table in tables:
        if table in laid:
            _divide(table)
        elif _is_of_links(table):
            table.drop_tree()
        elif not any(around in laid for around in table.iterfind(".//table")):
            _flatten_cells(table)


def _is_layout(table: HtmlElement) -> bool:
    """Whether a table sets the page, not data: by a headline, a table or running text in a cell."""
    if next(table.iterdescendants("h1", "table"), None) is not None:
        return True
    lengths = {cell: len(content(cell)) for cell in table.iter(*_CELLS)}
    prose = [
        cell for cell, length in lengths.items() if length > _LONG_CELL or len(cell.findall(".//p")) >= _PARAGRAPHS
    ]
    few = len(lengths) <= 2 * len(prose) or len(prose) == 1
    return bool(prose) and (few or 2 * sum(map(lengths.__getitem__, prose)) > sum(lengths.values()))


def _is_of_links(table: HtmlElement) -> bool:
    """Whether a small table is a list of pointers to other pages, as beside a story."""
    length = len(content(table))
    links = [content(link) for link in table.iter("a") if not link.get("href", "#").startswith("#")]
    return len(links) > 1 and length < _LONGEST_LINKS and sum(map(len, links)) > _LINKED * length


def _divide(table: HtmlElement) -> None:
    inner = [table]
    while inner:
        element = inner.pop()
        inner += [child for child in element if child.tag in _TABLE and child.tag != "table"]
        element.tag = "div"


def _flatten_cells(table: HtmlElement) -> None:
    """Lists, breaks and paragraphs in a cell become one line, with spaces between them."""
    for cell in table.iter(*_CELLS):
        if next(cell.iterdescendants("br", "p", "ul", "ol", "div", "dl"), None) is not None and not _has_image(cell):
            text = content(cell)
            del cell[:]
            cell.text = text


def _has_image(element: HtmlElement) -> bool:
    return next(element.iterdescendants("img", "figure", "picture"), None) is not None


def _show_rest(tree: HtmlElement) -> None:
    """Show running text of the story hidden by a style until "read more" is pressed."""
    for element in list(tree.iter("div", "section", "span")):
        hides = "hidden" in element.attrib or _HIDING.search(element.get("style", "")) is not None
        if not hides or _OF_OTHERS.search(names(element)) or _paragraph_length(element) < _REST:
            continue
        before = (near for near in islice(element.itersiblings(preceding=True), _BESIDE) if len(content(near)) > _PROSE)
        if any(near.tag == "p" or near.find(".//p") is not None for near in before):
            for name in ("style", "hidden", "aria-hidden", "class", "id"):
                element.attrib.pop(name, None)


def _paragraph_length(element: HtmlElement) -> int:
    """Return the number of characters in an element's paragraphs, without paragraphs of links."""
    total = 0
    for paragraph in element.iter("p"):
        length = len(content(paragraph))
        if length > sum(len(content(link)) for link in paragraph.iter("a")) * 2:
            total += length
    return total


def _join_blocks(tree: HtmlElement) -> None:
    """Blocks of one name beside each other, each with paragraphs of its own, as one: the first holds the others."""
    groups: dict[tuple[HtmlElement, str, str], list[HtmlElement]] = defaultdict(list)
    for element in dict.fromkeys(paragraph.getparent() for paragraph in tree.iter("p")):
        around = element.getparent() if element is not None and element.tag in ("div", "section") else None
        called = element.get("class", "") if around is not None else ""
        if around is None or not called or _OF_OTHERS.search(called) or not _has_prose(element):
            continue
        while len(around) == 1 and around.getparent() is not None and not _own_text(around):
            around = around.getparent()  # a wrapper with nothing else in it
        groups[around, element.tag, called].append(element)
    for (around, _, _), blocks in groups.items():
        if len(blocks) > 1 and not any(map(_is_other_story, blocks)):
            _join(around, blocks)


def _own_text(element: HtmlElement) -> str:
    return "".join(chain([element.text or ""], (child.tail or "" for child in element))).strip()


def _has_prose(element: HtmlElement) -> bool:
    """Whether an element has paragraphs of its own: a child of some length with a sentence in it."""
    return any(len(content(paragraph)) > _PROSE for paragraph in element.findall("p"))


def _is_other_story(block: HtmlElement) -> bool:
    """Return whether a block may be one of several stories: with a headline in it, or a heading with a link to one."""
    if next(block.iterdescendants(*_NOT_ONE_STORY), None) is not None:
        return True
    return any(block.find(f".//{tag}//a") is not None for tag in _HEADINGS)


def _join(around: HtmlElement, blocks: list[HtmlElement]) -> None:
    first = blocks[0]
    outer = [_child_of(around, block) for block in blocks]
    start, end = around.index(outer[0]), around.index(outer[-1])
    between = list(around)[start + 1 : end + 1]
    if any(next(each.iter(*_NOT_ONE_STORY), None) is not None for each in between):
        return
    first.extend(between)


def _child_of(around: HtmlElement, element: HtmlElement) -> HtmlElement:
    while element.getparent() is not around:
        element = element.getparent()
    return element


def _quote(tree: HtmlElement) -> None:
    """Quotations within a paragraph in marks, as browsers show them, for extractors set each on a line of its own."""
    for quotation in list(islice(tree.iter("q"), _MOST_QUOTATIONS)):
        if not _QUOTED.match(content(quotation)):
            quotation.text = "“" + (quotation.text or "")
            if len(quotation):
                quotation[-1].tail = (quotation[-1].tail or "") + "”"
            else:
                quotation.text += "”"
        quotation.tag = "span"
