"""What README says is run."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from dateline import keys
from dateline.cli.main import app
from dateline.sources import registry
from infra.local.cloud import Cloud
from tests.conftest import ROOT, Aws
from tests.support.readme import BLOCKS, README, blocks
from tests.support.samples import Newsroom

URL = "http://news.example.org/a"


@pytest.fixture
def archived(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    newsroom = Newsroom(aws, source="sample-gazette")
    for text in ("First words of Gao.", "Other words of Sfax."):
        newsroom.archive().add(newsroom.capture(("a", f"A dated story|{text}")))
    monkeypatch.setenv("TABLE", aws.table.name)
    monkeypatch.setenv("ARCHIVE", aws.archive)
    return newsroom


@pytest.mark.parametrize(
    ("having", "says"),
    [
        ("BySource", ["2019-04-16T09:30:00+02:00 A dated story"]),
        (
            "STORY_URL",
            ["2019-04-17T12:00:00.000Z First words of Gao.", "2019-04-17T13:00:00.000Z Other words of Sfax."],
        ),
        ("PLACE#", ["2019-04-16T09:30:00+02:00 sample-gazette A dated story"]),
        ("ByIndexed", [f"2019-04-17T12:00:00.000Z#{keys.article_id(URL)} {URL}"]),
    ],
)
@pytest.mark.usefixtures("archived")
def test_examples_for_boto3(having: str, says: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python", having)
    exec(compile(example.replace("STORY_URL", URL), "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == says


def test_the_example_for_copies(archived: Newsroom, capsys: pytest.CaptureFixture[str]) -> None:
    for number, host in enumerate(("one.example", "other.example")):
        newsroom = Newsroom(archived.aws, source=host.partition(".")[0], host=host)
        newsroom.hours = itertools.count(number)
        page = "Trawlers|The harbour master counted nineteen trawlers on Sunday night and nine of them had no lamp."
        newsroom.archive().add(newsroom.capture(("a", page)))
    (example,) = blocks("python", "CLUSTER#")
    id = keys.article_id("http://other.example/a")
    exec(compile(example.replace("STORY_ID", id), "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "2019-04-17T12:00:00Z http://one.example/a",
        "2019-04-17T13:00:00Z http://other.example/a",
    ]


def test_the_example_for_duckdb(archived: Newsroom, tmp_path: Path) -> None:
    for key, body in archived.objects().items():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(body)
    (example,) = blocks("sql", "read_json")
    rows = duckdb.connect().execute(example.replace("articles/**", f"{tmp_path}/articles/**")).fetchall()
    assert [(row[0], row[2]) for row in rows] == [("sample-gazette", 2)]


def test_the_example_of_an_event_holds_against_the_schema() -> None:
    (example,) = blocks("json", "detail-type")
    schema = json.loads((ROOT / "functions" / "dateline" / "events.schema.json").read_text("utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(example))


@pytest.mark.cloud
def test_the_example_for_a_subscriber(cloud: Cloud) -> None:
    sqs, path = cloud.client("sqs"), {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    queue = sqs.create_queue(QueueName="readme")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    names = {"BUS": cloud.outputs["EventBus"], "QUEUE_ARN": arn}
    environment = {**os.environ, **cloud.environment, **names, **path}
    (example,) = blocks("sh", "aws events")
    subprocess.run(["bash", "-ec", example], env=environment, capture_output=True, check=True)
    (event,) = blocks("json", "detail-type")
    detail = json.dumps(json.loads(event)["detail"])
    entry = {"EventBusName": names["BUS"], "Source": "dateline", "DetailType": "article.archived", "Detail": detail}
    cloud.client("events").put_events(Entries=[entry, entry | {"Detail": detail.replace('"ly"', '"tn"')}])
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["detail"]["story"]["outlet_country"] == "ly"


@pytest.mark.cloud
def test_the_examples_for_the_aws_cli(cloud: Cloud, tmp_path: Path) -> None:
    crawling = [sys.executable, "-m", "dateline", "crawl", "sample-gazette"]
    subprocess.run(crawling, cwd=cloud.folder.parent, check=True, capture_output=True)
    names = {"TABLE": cloud.outputs["IndexTable"], "ARCHIVE": cloud.outputs["ArchiveBucket"]}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (example,) = blocks("sh", "aws dynamodb")
    environment = {**os.environ, **cloud.environment, **names, **path}
    done = subprocess.run(["bash", "-ec", example], cwd=tmp_path, env=environment, capture_output=True, check=True)
    titles = json.loads(done.stdout.partition(b"]")[0] + b"]")
    assert "Tripoli to bring back coastal ferry after nine years" in titles
    assert list(tmp_path.glob("articles/**/*.jsonl.gz"))


def test_the_example_source_loads(tmp_path: Path) -> None:
    (example,) = blocks("toml", "spiders/sources")
    where = re.search(r"spiders/sources/(\S+)", example)
    assert where
    path = tmp_path / where[1]
    path.parent.mkdir()
    path.write_text(example, "utf-8")
    assert list(registry.load(tmp_path)) == [path.stem]


@pytest.mark.parametrize("path", re.findall(r"(?:infra|tests|functions|spiders)/[\w/.*<>-]*\w", README))
def test_what_is_named_is_there(path: str) -> None:
    if "<" not in path and "tunis-courrier" not in path:
        assert list(ROOT.glob(path)), path


def test_the_help_names_every_command_that_readme_uses() -> None:
    used = set(
        re.findall(
            r"dateline (up|down|status|crawl|import|query|show|extract|export|rebuild|reextract|verify|sources"
            r"|quarantine|withdraw)\b",
            str(BLOCKS),
        )
    )
    for command in sorted(used):
        done = CliRunner().invoke(app, [command, "--help"])
        assert (done.exit_code, done.exception) == (0, None), command
