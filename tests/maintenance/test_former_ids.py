"""Ids of earlier rules: until re-extraction stories keep them, then they lead to the story's present id."""

import random

import pytest

from dateline.article import Extraction, Outcome
from dateline.keys import identifiers
from dateline.maintenance.rebuild import rebuild
from dateline.maintenance.reextract import Reextraction
from dateline.messages import ReextractMessage
from dateline.page import Page
from tests.support.samples import Newsroom, extract

PAGE = "http://news.example.org/a"
FORMER, PRESENT = identifiers.former_article_id(PAGE), identifiers.article_id(PAGE)


@pytest.fixture
def newsroom(aws: object) -> Newsroom:
    return Newsroom(aws)


def archived(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, *titles: str) -> list[str]:
    """WARC files of one page, as a version before November 2026 archived them."""
    captures = [newsroom.capture(("a", f"{title}|Words.")) for title in titles]
    with monkeypatch.context() as patch:
        patch.setattr(identifiers, "article_id", identifiers.former_article_id)
        for key in captures:
            newsroom.archive().add(key)
    return captures


def reextract(newsroom: Newsroom, key: str) -> None:
    reextraction = Reextraction(newsroom.archive(extract=with_removals))
    reextraction.reextract(ReextractMessage(run="20190418T120000Z-again", key=key))


def with_removals(page: Page) -> Extraction:
    return Extraction(Outcome.GONE, reason="it is gone") if page.status == 410 else extract(page)


def titles(newsroom: Newsroom, id: str) -> list[tuple[int, str]]:
    return [(int(each["revision"]), each["title"]) for each in newsroom.query().revisions(id)]


@pytest.mark.parametrize("url", [PAGE, PAGE.replace("http:", "https:")])
def test_both_schemes_find_one_story(newsroom: Newsroom, url: str) -> None:
    """A story archived under http is found by its https URL as well, and has one id."""
    newsroom.archive().add(newsroom.capture(("a", "Sfax|Words.")))
    story = newsroom.query().story(url)
    assert story
    assert (story["id"], story["url"]) == (PRESENT, PAGE)


def test_an_old_archive_is_read(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any migration a story is found by its former id and by its URL, also after a rebuild."""
    archived(newsroom, monkeypatch, "صفاقس")
    for _ in range(2):
        for name in (PAGE, FORMER):
            story = newsroom.query().story(name)
            assert story
            assert story["id"] == FORMER
        newsroom.aws.clear_table()
        rebuild(newsroom.aws.deployment, unarchived=pytest.fail)


@pytest.mark.parametrize("order", range(3))
def test_reextraction_gives_the_present_id(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    """In any order: one chain under the new id, the former id leads there, and a rebuild says the same."""
    captures = archived(newsroom, monkeypatch, "Un", "Deux", "Deux", "Trois")
    for key in random.Random(order).sample(captures, len(captures)):
        reextract(newsroom, key)
    for _ in range(2):
        assert titles(newsroom, PRESENT) == [(1, "Un"), (2, "Deux"), (3, "Trois")]
        assert titles(newsroom, FORMER) == []
        story = newsroom.query().story(FORMER)
        assert story
        assert story["id"] == PRESENT
        newsroom.aws.clear_table()
        rebuild(newsroom.aws.deployment, unarchived=pytest.fail)


@pytest.mark.parametrize("status", ["200 OK", "410 Gone"])
def test_new_captures_join_old_chains(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """Before re-extraction a capture of the present version goes on under the former id, also of a removal."""
    captures = archived(newsroom, monkeypatch, "Bir", "İki")
    captures.append(newsroom.capture(("a", "Üç|Words."), status=status))
    newsroom.archive(extract=with_removals).add(captures[-1])
    wanted = [(1, "Bir"), (2, "İki"), *([(3, "Üç")] if status == "200 OK" else [])]
    for id in (FORMER, PRESENT):
        assert titles(newsroom, id) == wanted
        assert [item["SK"] for item in newsroom.items() if "gone_at" in item].count("CURRENT") == (status == "410 Gone")
        for key in captures:
            reextract(newsroom, key)
    assert titles(newsroom, FORMER) == []
