"""A second reading of pages whose first reading misses most of the story."""

import pytest

from dateline.extraction.body import fallbacks
from dateline.extraction.parse.document import Document
from dateline.page import Page

LINES = [
    "The ferry left the quay at noon on day {} with forty passengers and their eleven sheep, the harbour office said.",
    "Le bac a quitté le quai à midi le jour {} avec quarante passagers et leurs onze moutons, selon le bureau du port.",
    "غادرت العبارة الرصيف ظهر اليوم رقم {} وعلى متنها أربعون راكبا وأحد عشر خروفا بحسب مكتب الميناء القديم.",
    "Feribot {} numaralı günde öğle vakti kırk yolcu ve on bir koyunla iskeleden ayrıldı, dedi liman idaresi.",
]


def page(*bodies: str) -> Document:
    html = f"<html><head><title>Ferry</title></head><body><h1>Ferry</h1>{''.join(bodies)}</body></html>"
    return Document.of(Page(url="https://x.example/f", body=html.encode(), content_type="text/html; charset=utf-8"))


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("tag", ["article", "main"])
def test_missing_prose_is_read(line: str, tag: str) -> None:
    """Where the page's one article has far more prose than was found, it is read less strictly."""
    paragraphs = [line.format(number) for number in range(12)]
    document = page(f"<{tag}>{''.join(f'<p>{each}</p>' for each in paragraphs)}</{tag}>")
    found = fallbacks.settled(document, paragraphs[:3])
    assert found.rule == "trafilatura, wide"
    assert found.value[-1] == paragraphs[-1]


@pytest.mark.parametrize("line", LINES)
def test_other_articles_are_not_read(line: str) -> None:
    """Several articles on a page are several stories, however long they are."""
    paragraphs = [line.format(number) for number in range(12)]
    document = page(*(f"<article><p>{each}</p></article>" for each in paragraphs))
    assert fallbacks.settled(document, paragraphs[:3]).value == paragraphs[:3]
