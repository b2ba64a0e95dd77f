"""A story's outward links: where its own paragraphs point, away from its site."""

from urllib.parse import urlsplit

from dateline import urls
from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import words

_MOST = 100


def find(document: Document, text: str) -> tuple[str, ...]:
    """Return absolute URLs of links in the story's text to other sites; each once, in order."""
    story = f" {words(text)} "
    own = urlsplit(document.url).netloc
    found: dict[str, None] = {}
    for element in document.tree.iter("a"):
        href = element.get("href", "").strip()
        if href.startswith(("http://", "https://")) and own not in href and _is_inside(document.words(element), story):
            url = _canonical(href)
            if url and not urls.same_site(url, document.url):
                found[url] = None
    return tuple(found)[:_MOST]


def _canonical(href: str) -> str | None:
    try:
        return urls.canonical(href)
    except ValueError:
        return None


def _is_inside(text: str, story: str) -> bool:
    return len(text) > 2 and f" {text} " in story
