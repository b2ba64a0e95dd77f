"""Commands that ask the deployed functions: compact, logs, and the emulator's own archive."""

import pytest

from infra import emulator
from tests.conftest import ROOT
from tests.support.checkout import Checkout

pytestmark = pytest.mark.cloud

EVENT = ROOT / "tests" / "events" / "extract.json"


def test_compact_writes_the_dataset_now(emptied: Checkout) -> None:
    """Right after a crawl, compact writes the Parquet files that the schedule would; logs tell of it."""
    emptied.dateline("crawl", "sample-gazette")
    (done,) = emptied.dateline("compact")
    assert done["written"] > 0 == done["left"]
    assert [key for key in emptied.keys("ArchiveBucket", "dataset/") if key.endswith(".parquet")]
    lines = emptied.dateline("logs", "crawl")
    assert any((line["function"], line["level"]) == ("crawl", "INFO") for line in lines)


def test_invoke_leaves_no_story(emptied: Checkout) -> None:
    """The invented page of an event is archived elsewhere, and nothing stays of it."""
    assert emulator.main(["extract", str(EVENT), "--folder", str(emptied.cloud.folder)]) == 0
    assert emptied.keys("CaptureBucket") == emptied.keys("ArchiveBucket", "articles/") == []
    assert emptied.items() == []
    assert not [each for each in emptied.s3.list_buckets()["Buckets"] if each["Name"].startswith("invoke-")]
