"""A story's outward links: where its own paragraphs point, away from its site."""

from urllib.parse import urljoin

from dateline import urls
from dateline.extraction.document import Document, content, words

_MOST = 100


def links(document: Document, blocks: list[str]) -> tuple[str, ...]:
    """Absolute URLs of links to other sites whose text is part of the story's; each once, in order."""
    story = words(" ".join(blocks))
    found: dict[str, None] = {}
    for element in document.tree.iter("a"):
        url = _absolute(document.page.url, element.get("href", ""))
        if url and url not in found and not urls.same_site(url, document.url) and _is_inside(content(element), story):
            found[url] = None
    return tuple(found)[:_MOST]


def _absolute(base: str, href: str) -> str | None:
    try:
        url = urljoin(base, href.strip())
        return urls.canonical(url) if url.startswith(("http://", "https://")) else None
    except ValueError:
        return None


def _is_inside(text: str, story: str) -> bool:
    key = words(text)
    return len(key) > 2 and f" {key} " in f" {story} "
