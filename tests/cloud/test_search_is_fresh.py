"""Search on the deployed template: fresh, true to revisions and withdrawals, and the same when rebuilt."""

from pathlib import Path
from typing import Any

import pytest

from infra.newsroom import set_edition
from tests.support.checkout import SAMPLES, Checkout, until

pytestmark = pytest.mark.cloud

_FRESH = 120  # seconds from indexing until a story is found


def found(checkout: Checkout, query: str = "") -> dict[str, dict[str, Any]]:
    """The stories that ``dateline search`` finds, by their ids."""
    return {story["id"]: story for story in checkout.dateline("search", query, "--limit", "200")}


def versions(stories: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {id: (story["captured_at"], story["article"]) for id, story in stories.items()}


def in_index(checkout: Checkout) -> dict[str, dict[str, Any]]:
    return {story["id"]: story for story in checkout.dateline("query")}


def test_search_follows_the_index(emptied: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are found as the index has them within two minutes; a rebuilt search gives the same answers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    checkout = emptied
    checkout.dateline("crawl", *SAMPLES)
    until(lambda: versions(found(checkout)) == versions(in_index(checkout)), seconds=_FRESH)
    before = found(checkout)
    assert len(before) == 30
    set_edition(checkout.cloud.folder / "newsroom", 2)
    checkout.dateline("crawl", *SAMPLES)
    until(lambda: versions(found(checkout)) == versions(in_index(checkout)), seconds=_FRESH)
    assert versions(found(checkout)) != versions(before)
    withdrawn = next(iter(found(checkout)))
    checkout.dateline("withdraw", withdrawn, "--reason", "a test", "--yes")
    until(lambda: withdrawn not in found(checkout), seconds=_FRESH)
    until(lambda: versions(found(checkout)) == versions(in_index(checkout)), seconds=_FRESH)
    answers = found(checkout, "source:sample-gazette")
    for key in checkout.keys("ArchiveBucket", "search/"):
        checkout.s3.delete_object(Bucket=checkout.cloud.outputs["ArchiveBucket"], Key=key)
    assert found(checkout) == {}
    checkout.dateline("rebuild", "--search")
    assert found(checkout, "source:sample-gazette") == answers
    assert checkout.dateline("verify", "--search") == []
