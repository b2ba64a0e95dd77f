"""The full cycle on the deployed template: three editions of a newsroom whose stories change, vanish and repeat."""

import pytest

from infra.local.edition import publish
from infra.newsroom import Story
from tests.support.checkout import SAMPLES, Checkout

pytestmark = pytest.mark.cloud

EDITIONS = (1, 2, 3)
GONE = {"ghat-flood-warning", "nalut-school-radio"}
FIRST = "new-hall-speeds-border-trade"  # the Courrier says that it had the story at nine, the Gazette only the day
WIRE = {FIRST, "ras-jdir-customs-hall"}


def test_three_editions_are_archived_as_they_were_told_and_rebuilt_item_for_item(emptied: Checkout) -> None:
    checkout = emptied
    for edition in EDITIONS:
        publish(checkout.cloud.folder, edition)
        checkout.dateline("crawl", *SAMPLES)
    stories = {story["url"]: story for story in checkout.dateline("query")}
    told = tellings(checkout)
    assert {url: story["revision"] for url, story in stories.items()} == {url: len(told[url]) for url in stories}
    for url, story in stories.items():
        if len(told[url]) > 1:
            revisions = checkout.dateline("show", story["id"], "--revisions")
            assert [each["title"] for each in revisions] == [each.title for each in told[url]]
    assert {told[url][0].slug for url, story in stories.items() if story["gone_at"]} == GONE
    for url, story in stories.items():
        if story["gone_at"]:
            (shown,) = checkout.dateline("show", story["id"], "--article")
            assert shown["text"] == told[url][-1].text
    slugs = {story["id"]: told[url][0].slug for url, story in stories.items()}
    assert {slugs[story["id"]]: slugs[story["cluster"]] for story in stories.values()} == {
        name: FIRST if name in WIRE else name for name in slugs.values()
    }
    before = checkout.items()
    checkout.delete_items()
    checkout.dateline("rebuild")
    assert checkout.items() == before


def tellings(checkout: Checkout) -> dict[str, list[Story]]:
    """The different tellings of each story, by its URL, in the order of the editions, those apart where it is gone."""
    told: dict[str, list[Story]] = {}
    for edition in EDITIONS:
        for url, story in checkout.expected(edition).items():
            before = told.setdefault(url, [])
            if story.status == 200 and (not before or (before[-1].title, before[-1].text) != (story.title, story.text)):
                before.append(story)
    return told
