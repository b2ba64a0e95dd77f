"""Holdings: which captures there are."""

from datetime import date
from typing import Any

import pytest

from dateline.capture import inventory
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from tests.conftest import Aws

STEMS = [
    Stem(source, f"{day}T060000Z-crawl", 0)
    for source in ("gazette", "gazette-ar")
    for day in ("20190416", "20190417", "20190501")
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, STEMS),
        ({"of": ["gazette"]}, STEMS[:3]),
        ({"of": ["other"]}, []),
        ({"since": date(2019, 4, 17)}, [*STEMS[1:3], *STEMS[4:]]),
        ({"until": date(2019, 4, 17)}, [*STEMS[:2], *STEMS[3:5]]),
        ({"of": ["gazette-ar"], "since": date(2019, 4, 17), "until": date(2019, 4, 30)}, [STEMS[4]]),
    ],
)
def test_inventory_by_source_and_day(aws: Aws, asked: dict[str, Any], expected: list[Stem]) -> None:
    """Captures are found by source and day."""
    for stem in STEMS:
        aws.s3.put_object(Bucket=aws.captures, Key=stem.capture, Body=b"four")
    aws.s3.put_object(Bucket=aws.captures, Key=object_keys.crawl_report("gazette", STEMS[0].crawl), Body=b"{}")
    assert list(inventory.held(aws.s3, aws.captures, **asked)) == expected
