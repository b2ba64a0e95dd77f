"""The reading room and the watches of the deployed template: who is refused, and a mail by way of a topic."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from boto3.dynamodb.conditions import Key

from dateline import instants
from dateline.keys import item_keys
from dateline.reader.callers.access import PARAMETER, Grant
from tests.reader.test_access import published, token
from tests.reader.test_contract import CONFIG
from tests.support.checkout import SAMPLES, Checkout, until
from tests.support.issuer import publishing

pytestmark = pytest.mark.cloud

EXPIRES = 4_000_000_000  # a second of 2096
Open = Callable[..., None]


class Reply(NamedTuple):
    status: int
    body: bytes


def get(url: str, **headers: str) -> Reply:
    """Return the answer to a GET, whatever its status."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return Reply(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.read())


class Function:
    """A deployed function, configured as parameters of the template would."""

    def __init__(self, checkout: Checkout, name: str) -> None:
        self.client = checkout.cloud.client("lambda")
        self.name = next(
            each["FunctionName"] for each in self.client.list_functions()["Functions"] if name in each["FunctionName"]
        )
        found = self.client.get_function_configuration(FunctionName=self.name)
        self.variables: dict[str, str] = found["Environment"]["Variables"]

    def configure(self, **variables: str) -> None:
        self.client.update_function_configuration(
            FunctionName=self.name, Environment={"Variables": {**self.variables, **variables}}
        )


@pytest.fixture
def address(checkout: Checkout) -> str:
    """The function URL, by its path on the local cloud."""
    host = urlsplit(checkout.cloud.outputs["ReadUrl"]).hostname or ""
    return f"{checkout.cloud.endpoint}/_aws/lambda-url/{host.partition('.')[0]}"


@pytest.fixture
def opened(checkout: Checkout) -> Iterator[Open]:
    """Opens the URL to what the function itself checks; it is closed afterwards."""
    function = Function(checkout, "ReadFunction")

    def open_(**variables: str) -> None:
        function.configure(**{"DATELINE_READ_RATE": "1000", **variables})
        function.client.update_function_url_config(FunctionName=function.name, AuthType="NONE")

    yield open_
    function.client.update_function_url_config(FunctionName=function.name, AuthType="AWS_IAM")
    function.configure()


@pytest.fixture
def key(checkout: Checkout) -> Iterator[tuple[str, bytes]]:
    """The secret that signs links, with its name."""
    secrets = checkout.cloud.client("secretsmanager")
    made = secrets.create_secret(Name="links", SecretString="k" * 64)
    yield made["ARN"], b"k" * 64
    secrets.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)


def test_unsigned_requests_are_refused(address: str) -> None:
    """By default a request without a signature of the account gets nothing."""
    assert get(f"{address}/").status == 403
    assert get(f"{address}/stories", Authorization="Bearer x").status == 403


def test_links_open_their_path(
    emptied: Checkout, address: str, opened: Open, key: tuple[str, bytes], tmp_path: Path
) -> None:
    """A signed link opens what it names; altered, expired or for something else it is refused, like forged cursors."""
    emptied.dateline("crawl", *SAMPLES)
    opened(DATELINE_READ_KEY=key[0])
    link = Grant("/", EXPIRES).signed(key[1])
    altered = link[:-1] + ("A" if link[-1] != "A" else "B")
    narrow, expired = Grant("/stories/abc", EXPIRES).signed(key[1]), Grant("/", 1_500_000_000).signed(key[1])
    stories = f"{address}/stories?{PARAMETER}="
    assert get(f"{address}/stories").status == 401
    assert get(stories + link).status == 200
    assert [get(stories + each).status for each in (altered, f"x{link}", narrow, expired)] == [403] * 4
    assert get(f"{stories}{link}&cursor=abc").status == 400
    follows_its_document(address, f"{PARAMETER}={link}", tmp_path)


def follows_its_document(address: str, grant: str, folder: Path) -> None:
    """Hold the answers of the deployed function against its OpenAPI document."""
    cookie = f"Cookie: dateline={grant.partition('=')[2]}"
    story = json.loads(get(f"{address}/stories?{grant}").body)["stories"][0]["id"]
    config, document = folder / "schemathesis.toml", folder / "openapi.json"
    config.write_text(CONFIG.format(id=story), "utf-8")
    document.write_bytes(get(f"{address}/openapi.json?{grant}").body)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", str(document)]
    command += ["--url", address, "--header", cookie, "--phases", "coverage", "--max-examples", "1", "--seed", "1"]
    command += ["--generation-database", "none", "--request-timeout", "120", "--exclude-path-regex", "watches/"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    (folder / "schemathesis.txt").write_text(ran.stdout, "utf-8")
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]


def test_tokens_open_all(address: str, opened: Open, tmp_path: Path) -> None:
    """A token of the issuer opens the reading room; without, expired, or for another audience it stays shut."""
    with publishing(published(), tmp_path) as (jwks, certificate):
        opened(
            DATELINE_READ_ISSUER="https://issuer.example/",
            DATELINE_READ_AUDIENCE="archive",
            DATELINE_READ_JWKS=jwks,
            SSL_CERT_FILE=str(certificate),
        )
        assert get(f"{address}/stories").status == 401
        assert get(f"{address}/stories", Authorization=f"Bearer {token()}").status == 200
        for refused in (token(exp=1), token(aud="other"), "x"):
            assert get(f"{address}/stories", Authorization=f"Bearer {refused}").status == 401


def test_mail_reaches_the_topic(emptied: Checkout) -> None:
    """A watch's hits arrive as one message of the topic, with each story once; the next hour sends nothing."""
    sns, sqs = emptied.cloud.client("sns"), emptied.cloud.client("sqs")
    topic, queue = sns.create_topic(Name="watches")["TopicArn"], sqs.create_queue(QueueName="mail")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    function = Function(emptied, "SearchFunction")
    function.configure(DATELINE_WATCH_TOPIC=topic)
    try:
        emptied.run("watch", "add", "all", "source:sample-gazette")
        emptied.dateline("crawl", "sample-gazette")
        until(lambda: len(emptied.dateline("search", "source:sample-gazette", "--limit", "200")) == 10)
        settle(emptied, "all")
        sent = [_sent(function) for _ in range(2)]
    finally:
        function.configure()
        emptied.run("watch", "remove", "all")
    assert sent == [1, 0]
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=10)["Messages"]
    (mail,) = [json.loads(each["Body"])["Message"] for each in messages]
    addresses = {each["url"] for each in emptied.dateline("query")}
    assert {url for url in addresses if mail.count(url) == 1} == addresses


def settle(checkout: Checkout, name: str) -> None:
    """Make a watch's hits an hour old: fresh ones wait for late deliveries."""
    table = checkout.cloud.resource("dynamodb").Table(checkout.cloud.outputs["IndexTable"])
    hits = Key("PK").eq(item_keys.watch(name)) & Key("SK").begins_with(item_keys.HIT)
    for item in table.query(KeyConditionExpression=hits)["Items"]:
        fired_at, _, id = item["SK"].removeprefix(item_keys.HIT).partition("#")
        earlier = instants.utc(datetime.fromisoformat(fired_at) - timedelta(hours=1))
        table.put_item(Item=item | item_keys.hit(name, earlier, id))
        table.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})


def _sent(function: Function) -> int:
    answer: dict[str, Any] = function.client.invoke(FunctionName=function.name, Payload=b"{}")
    return int(json.loads(answer["Payload"].read())["mails"])
