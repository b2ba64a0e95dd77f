"""Selectors: CSS, or XPath 1.0 with a leading ``/``, ``./`` or ``(``; compiled once, and applied to pages."""

import re
from functools import cache
from typing import NamedTuple

from lxml.etree import XPath, XPathError
from lxml.html import HtmlElement, document_fromstring

from dateline.sources.rules import RuleSet

_XPATH = ("/", "./", "(")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME = re.compile(r"(?P<function>[\w-]+)\s*\(|(?P<prefix>[\w-]+):(?=[\w*])|(?P<variable>\$[\w-]+)")
# Section 4 of XPath 1.0; node tests and operators, with brackets too.
_FUNCTIONS = {
    "last", "position", "count", "id", "local-name", "namespace-uri", "name", "string", "concat", "starts-with",
    "contains", "substring-before", "substring-after", "substring", "string-length", "normalize-space", "translate",
    "boolean", "not", "true", "false", "lang", "number", "sum", "floor", "ceiling", "round",
    "text", "node", "comment", "processing-instruction", "and", "or", "div", "mod",
}  # fmt: skip


class _UnknownError(Exception):
    """A name unknown to XPath 1.0, or an invalid CSS selector."""


class Selected(NamedTuple):
    """Matches of a field's rule on a page: elements, attributes or texts; and the text for ``provenance``."""

    values: list[HtmlElement | str]
    rule: str


@cache
def compiled(selector: str) -> XPath:
    """Return a selector as a function of a tree. Raises ValueError with the fix for an invalid one."""
    is_xpath = selector.startswith(_XPATH)
    try:
        found = _xpath(selector) if is_xpath else _css(selector)
        answer = found(document_fromstring("<p>"))
    except (XPathError, _UnknownError) as error:
        kind = "XPath" if is_xpath else "a CSS selector (XPath begins with /, ./ or a bracket)"
        raise ValueError(f"{selector!r} is not {kind}: {error}") from error
    if not isinstance(answer, list | str):
        raise ValueError(f"{selector!r} gives a number or a truth; select elements, attributes or texts")
    return found


def _css(selector: str) -> XPath:
    from cssselect import SelectorError  # noqa: PLC0415 - a third of a source's rules at most, and slow to import
    from lxml.cssselect import CSSSelector  # noqa: PLC0415

    try:
        return CSSSelector(selector, translator="html")
    except SelectorError as error:
        raise _UnknownError(str(error)) from error


def _xpath(selector: str) -> XPath:
    """Reject meaningless names now: inside a predicate libxml2 would find them on some page only."""
    found = XPath(selector, smart_strings=False)
    for name in _NAME.finditer(_LITERAL.sub("''", selector)):
        if name["function"] not in (None, *_FUNCTIONS):
            raise _UnknownError(f"there is no {name['function']}() in XPath 1.0")
        if name["prefix"]:
            raise _UnknownError(f"pages have no prefixes such as {name['prefix']}:")
        if name["variable"]:
            raise _UnknownError(f"there are no variables such as {name['variable']}")
    return found


def select(selectors: tuple[str, ...], tree: HtmlElement) -> Selected | None:
    """Return the matches of the first selector with any."""
    for selector in selectors:
        found = compiled(selector)(tree)
        values = [value for value in ([found] if isinstance(found, str) else found) if _says_something(value)]
        if values:
            return Selected(values, f"rule:{selector}")
    return None


def _says_something(value: HtmlElement | str) -> bool:
    return not isinstance(value, str) or bool(value.strip())


def apply(rules: RuleSet, tree: HtmlElement) -> dict[str, Selected]:
    """Return the matches of rules on a page, by field, then remove the elements to prune from the tree."""
    found = {field: select(selectors, tree) for field, selectors in rules.fields.items()}
    for selector in rules.prune:
        for element in compiled(selector)(tree):
            if isinstance(element, HtmlElement) and element.getparent() is not None:
                element.drop_tree()
    return {field: selected for field, selected in found.items() if selected}
