"""Standfirsts in the markup of publishing systems, whose names stand on wrappers or in camel case."""

import pytest

from dateline.extraction import extract
from dateline.page import Page

SENTENCE = "The queue at the old well was gone by noon, and the baker sold his bread to the mechanics of the town. "
TEXT = "".join(f'<div class="item"><p>{SENTENCE}{number} people came.</p></div>' for number in range(4))
SUMMARIES = [
    "Engineers say that the line will serve three hundred houses.",
    "Les ingénieurs assurent que la conduite servira trois cents foyers.",
    "يقول المهندسون إن الخط سيخدم ثلاثمئة منزل في البلدة القديمة",
    "Mühendisler hattın üç yüz haneye su vereceğini söylüyor.",
]


def standfirst(markup: str) -> str | None:
    html = f"<html><head><title>The pump runs</title></head><body><h1>The pump runs</h1>{markup}{TEXT}</body></html>"
    page = Page(url="https://x.example/pump", body=html.encode(), content_type="text/html; charset=utf-8")
    article = extract(page).article
    assert article is not None
    return article.standfirst


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("name", ["field-name-field-chapo", "storyIntroText", "article-brief", "node__summary"])
def test_wrapper_names_standfirst(summary: str, name: str) -> None:
    """A name on a wrapper tells the standfirst from paragraphs that are set in the same way."""
    markup = f'<div class="{name}"><div class="items"><div class="item"><p>{summary}</p></div></div></div>'
    assert standfirst(markup) == summary


@pytest.mark.parametrize("name", ["photo-desc", "news-img", "imageSummary"])
def test_description_of_photograph(name: str) -> None:
    """What is named as the description of a photograph is no standfirst."""
    assert standfirst(f'<div class="{name}"><p class="desc">{SUMMARIES[0]}</p></div>') is None
