"""``dateline names suggest``: spellings that the archive has and the register lacks."""

import json

import pytest
from typer.testing import CliRunner

from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.names.detect import unlisted
from tests.conftest import Aws
from tests.support.samples import Newsroom


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("Chalifa Haftar met Abdel Hamid Dabaiba.", {"Chalifa Haftar", "Abdel Hamid Dabaiba"}),
        ("Khalifa Haftar met nobody.", set()),
        ("التقى خليفه حفتر وخليفة حفتر", set()),
        ("Le ministre Nacer Bourita est parti.", {"Nacer Bourita"}),
        ("Salma Werfalli bakes bread.", set()),
    ],
)
def test_unlisted_spellings(text: str, spellings: set[str]) -> None:
    """Other spellings of listed persons are proposed, listed ones and strangers are not."""
    assert {spelling for _, spelling in unlisted(text)} == spellings


def test_suggest_counts_stories(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proposals come with their person and the number of stories, the most frequent first."""
    newsroom = Newsroom(aws)
    pages = ("a", "One|Chalifa Haftar left."), ("b", "Two|Chalifa Haftar came."), ("c", "Three|Nacer Bourita left.")
    newsroom.archive().add(newsroom.capture(*pages))
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
    deployed = Stack(s3=aws.s3, sqs=None, table=aws.table, outputs=outputs)  # type: ignore[arg-type]
    monkeypatch.setattr(Stack, "find", lambda _: deployed)
    run = CliRunner().invoke(app, ["names", "suggest", "--json"])
    assert [(row["id"], row["spelling"], row["stories"]) for row in map(json.loads, run.stdout.splitlines())] == [
        ("haftar", "Chalifa Haftar", 2),
        ("bourita", "Nacer Bourita", 1),
    ]
    few = CliRunner().invoke(app, ["names", "suggest", "--json", "--least", "2"])
    assert len(few.stdout.splitlines()) == 1
