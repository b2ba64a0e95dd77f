"""What is taken out of a copy of the page before its text is looked for: what surrounds a story inside its own frame.

Each rule has a size limit. Class names such as ``promo`` or ``hidden`` also stand on whole stories, and a rule that
takes one away costs more than all the teasers that it spares.
"""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

_BLOCKS = ("div", "section", "aside", "ul", "ol", "p", "details", "figure", "dl")
_PROMOTIONAL = re.compile(
    r"(?:^|[-_ ])(?:newsletter|signup|sign-up|subscribe|subscription|promo|related|recirc|read-?(?:more|also|next)|more-on"
    r"|most-(?:read|popular)|trending|share|sharing|social|addthis|author-?(?:bio|box|card|info)|bio|about-the-author"
    r"|disclaimer|copyright|comments?|tags?|breadcrumbs?|donat\w+|advert\w*|ad-?(?:slot|unit|container)|banner"
    r"|caption|wp-caption-text|credit|byline|inline-?gallery|outbrain|taboola|recommended|recommendations?"
    r"|liens?-?(?:utiles|connexes)|a-lire-aussi|lire-aussi|ilgili(?:-haberler)?|etiketler)(?:$|[-_ ])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_PROMOTIONAL_LIMIT = 400  # characters
_HIDDEN_LIMIT = 100
_LINKS_LIMIT = 600


def prune(tree: HtmlElement) -> HtmlElement:
    """The tree without short promotional, hidden and link-only blocks; changed in place."""
    for element in list(_unwanted(tree)):
        if element.getparent() is not None:
            element.drop_tree()
    return tree


def _unwanted(tree: HtmlElement) -> Iterator[HtmlElement]:
    for element in tree.iter(*_BLOCKS):
        if _is_promotional(element) or _is_hidden(element) or _is_links(element):
            yield element


def _is_promotional(element: HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return bool(_PROMOTIONAL.search(names)) and _length(element) < _PROMOTIONAL_LIMIT


def _is_hidden(element: HtmlElement) -> bool:
    hidden = (
        element.get("aria-hidden") == "true" or "hidden" in element.attrib or _HIDDEN.search(element.get("style", ""))
    )
    return bool(hidden) and _length(element) < _HIDDEN_LIMIT


def _is_links(element: HtmlElement) -> bool:
    """Whether all that a block says is said by its links."""
    links = element.findall(".//a")
    if not links or element.tag == "p":
        return False
    length = _length(element)
    return 0 < length < _LINKS_LIMIT and sum(map(_length, links)) > 0.9 * length


def _length(element: HtmlElement) -> int:
    """Characters of text, white space aside."""
    return len("".join("".join(element.itertext()).split()))
