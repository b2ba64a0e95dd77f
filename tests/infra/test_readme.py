"""The examples in README and docs run."""

import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import boto3
import duckdb
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import dateline
from dateline.article import Article
from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.keys import identifiers
from dateline.sources import registry, rules
from infra.local.cloud import Cloud
from infra.newsroom.stories import Story
from tests.conftest import ROOT, Aws
from tests.support.readme import BLOCKS, PROSE, blocks
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
        ("SOURCE#", ["2019-04-16T09:30:00+02:00 A dated story"]),
        (
            "STORY_URL",
            ["2019-04-17T12:00:00.000Z First words of Gao.", "2019-04-17T13:00:00.000Z Other words of Sfax."],
        ),
        ("COUNTRY#", ["2019-04-16T09:30:00+02:00 sample-gazette A dated story"]),
        ("PLACE#", ["2019-04-16T09:30:00+02:00 sample-gazette A dated story"]),
        ("INDEXED#", [f"2019-04-17T12:00:00.000Z#{identifiers.article_id(URL)} {URL}"]),
    ],
)
@pytest.mark.usefixtures("archived")
def test_examples_for_boto3(having: str, says: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python", having)
    exec(compile(example.replace("STORY_URL", URL), "<example>", "exec"), {})
    assert capsys.readouterr().out.splitlines() == says


@pytest.mark.parametrize(
    ("having", "says"),
    [
        ("limit=10", ["2019-04-16T09:30:00+02:00 A dated story 4 words"]),
        (
            "archive.revisions",
            ["2019-04-17T12:00:00.000Z First words of Gao.", "2019-04-17T13:00:00.000Z Other words of Sfax."],
        ),
    ],
)
def test_examples_for_python(
    having: str,
    says: list[str],
    archived: Newsroom,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The examples of the Python interface print the stories of the archive."""
    monkeypatch.setattr(dateline, "connect", lambda: dateline.Archive(archived.query()))
    (example,) = blocks("python", having)
    exec(compile(example, "<example>", "exec"), {})
    assert capsys.readouterr().out.splitlines() == says


def test_the_example_for_copies(archived: Newsroom, capsys: pytest.CaptureFixture[str]) -> None:
    for number, host in enumerate(("one.example", "other.example")):
        newsroom = Newsroom(archived.aws, source=host.partition(".")[0], host=host)
        newsroom.hours = itertools.count(number)
        page = "Trawlers|The harbour master counted nineteen trawlers on Sunday night and nine of them had no lamp."
        newsroom.archive().add(newsroom.capture(("a", page)))
    (example,) = blocks("python", "CLUSTER#")
    id = identifiers.article_id("http://other.example/a")
    exec(compile(example.replace("STORY_ID", id), "<example>", "exec"), {})
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


def test_event_example_is_valid() -> None:
    """The example of an event holds against the schema."""
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
def test_aws_cli_examples_run(cloud: Cloud, tmp_path: Path) -> None:
    """The examples for the AWS CLI list the month's stories, and copy the articles."""

    def dateline(*arguments: str) -> bytes:
        command = [sys.executable, "-m", "dateline", *arguments]
        return subprocess.run(command, cwd=cloud.folder.parent, check=True, capture_output=True).stdout

    dateline("crawl", "sample-gazette")
    names = {"TABLE": cloud.outputs["IndexTable"], "ARCHIVE": cloud.outputs["ArchiveBucket"]}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    (example,) = blocks("sh", "aws dynamodb query")
    environment = {**os.environ, **cloud.environment, **names, **path}
    done = subprocess.run(["bash", "-ec", example], cwd=tmp_path, env=environment, capture_output=True, check=True)
    listed = json.loads(done.stdout.partition(b"]")[0] + b"]")
    stories = map(json.loads, dateline("query", "--country", "ly", "--since", "2019-04-01", "--json").splitlines())
    assert {key.partition("#")[2] for key in listed} == {story["id"] for story in stories} != set()
    assert list(tmp_path.glob("articles/**/*.jsonl.gz"))


@pytest.mark.parametrize("example", blocks("toml", "spiders/sources"))
def test_source_examples_load(example: str, tmp_path: Path) -> None:
    """Each example of a source file is one that the registry reads."""
    where = re.search(r"spiders/sources/(\S+)", example)
    assert where
    path = tmp_path / where[1]
    path.parent.mkdir()
    path.write_text(example, "utf-8")
    assert list(registry.load(tmp_path)) == [path.stem]


def test_rule_examples_are_read() -> None:
    """The example of extraction rules holds for captures of both designs."""
    (example,) = blocks("toml", "[[extract]]")
    old, new = rules.read(tomllib.loads(example)["extract"])
    assert (str(old.valid_until), new.valid_until, new.optional) == ("2019-05-31", None, ("authors",))


def test_readme_article_is_one() -> None:
    """README's article has fields of the class alone, with values of their types."""
    (example,) = blocks("json", '"digest": "416a')
    article = Article.from_dict(json.loads(example))
    assert (article.published_precision, article.dateline and article.dateline.place) == ("day", "Tripoli")


def test_the_diff_of_readme(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """`show --diff` begins with README's example for the sample newsroom's corrected story."""
    newsroom = Newsroom(aws)
    for edition in (1, 2):
        story = Story.read(ROOT / "infra/newsroom/stories/sample-gazette/sirte-fish-market.toml", edition)
        newsroom.archive().add(newsroom.capture(("a", f"{story.title}|{story.text}")))
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    stack = Stack(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    done = CliRunner().invoke(app, ["show", URL, "--diff", "1", "2"])
    (example,) = blocks("diff")
    assert done.stdout.startswith(example.removesuffix("...\n"))


def test_the_parquet_example_of_readme(tmp_path: Path) -> None:
    """README's query counts the stories about Libya, by source and language."""
    (example,) = blocks("sql", "read_parquet('dataset/articles/**/*.parquet', hive_partitioning = true)\nWHERE")
    folder = tmp_path / "dataset" / "articles" / "country=ly" / "month=2019-04"
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT * FROM (VALUES ('a', 'en', ['ly']), ('a', 'en', ['ly', 'tn']), ('a', 'fr', ['tn']))"
            f" stories(source, language, about)) TO '{folder}/part-01.parquet'"
        )
        rows = connection.execute(example.replace("dataset/", f"{tmp_path}/dataset/")).fetchall()
    assert rows == [("a", "en", 2)]


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"(?<![\w/])(?:docs|infra|tests|functions|spiders)/[\w/.*<>-]*\w", PROSE)))
)
def test_what_is_named_is_there(path: str) -> None:
    """Each path in README and docs exists in the checkout."""
    if "<" not in path:
        assert list(ROOT.glob(path)), path


COMMAND = re.compile(r"dateline (?:(sources|quarantine|proofs|names) )?([a-z-]+)")


def test_examples_name_real_commands() -> None:
    """Each `dateline ...` of an example is a command."""
    lines = [line.removeprefix(".venv/bin/") for _, text in BLOCKS for line in text.splitlines()]
    used = {found.groups() for line in lines if (found := COMMAND.match(line))}
    assert len(used) >= 12
    for group, command in sorted(used, key=str):
        done = CliRunner().invoke(app, [*([group] if group else []), command, "--help"])
        assert (done.exit_code, done.exception) == (0, None), command
