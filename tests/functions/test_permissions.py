"""What each function asks S3 and DynamoDB for, held against the conditions of its role."""

import importlib
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from dateline.aws import clients
from dateline.keys import identifiers, object_keys
from infra import emulator
from tests.conftest import Aws
from tests.functions.test_events import EVENTS, Context, deployed, event, handler
from tests.functions.test_template import FUNCTIONS, ROLES, as_list, name_of
from tests.maintenance.test_withdraw import ID, left
from tests.maintenance.test_withdraw_in_stack import months
from tests.maintenance.test_withdraw_in_stack import run as withdraw_by_shards
from tests.reader.library import event as asked
from tests.support.machine import Machine
from tests.support.samples import Newsroom

__all__ = ["deployed"]  # the fixture


class Requests:
    """The prefixes that were listed and the partition keys that were named while this listened."""

    def __init__(self) -> None:
        self.prefixes: set[str] = set()
        self.partitions: set[str] = set()

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "ListObjectsV2":
            self.prefixes.add(params["query_string"].get("prefix", ""))
        elif model.service_model.service_name == "dynamodb":
            self.partitions |= set(partitions(json.loads(params["body"])))


def partitions(value: Any) -> Iterator[str]:
    """The partition keys anywhere in a request to DynamoDB: of keys and items, and of conditions on PK."""
    if isinstance(value, dict):
        if isinstance(value.get("PK"), dict) and "S" in value["PK"]:
            yield value["PK"]["S"]
        if "KeyConditionExpression" in value and "IndexName" not in value:
            values, names = value["ExpressionAttributeValues"], value.get("ExpressionAttributeNames", {})
            for condition in value["KeyConditionExpression"].strip("()").split(" AND "):
                name, _, placeholder = condition.strip("( )").partition(" = ")
                if names.get(name, name) == "PK":
                    yield values[placeholder]["S"]
        for each in value.values():
            yield from partitions(each)
    elif isinstance(value, list):
        for each in value:
            yield from partitions(each)


@pytest.fixture
def requests(aws: Aws) -> Requests:  # noqa: ARG001 - within moto
    found = Requests()
    events = clients.session().get_component("event_emitter")
    events.register("before-call.s3", found.note)
    events.register("before-call.dynamodb", found.note)
    return found


def allowed(function: str, key: str) -> list[str]:
    """The patterns that the role's conditions on a key have; ["*"] where a statement has none."""
    role = ROLES[name_of(FUNCTIONS[f"{function.capitalize()}Function"]["Role"])]
    service = {"s3:prefix": "s3:ListBucket", "dynamodb:LeadingKeys": "dynamodb:"}[key]
    found: list[str] = []
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        if any(action.startswith(service) for action in as_list(statement["Action"])):
            conditions = [each[key] for each in statement.get("Condition", {}).values() if key in each]
            found += as_list(conditions[0]) if conditions else ["*"]
    return found


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "function", ["dispatch", "crawl", "extract", "events", "coverage", "compact", "search", "read", "stamp", "maintain"]
)
def test_requests_are_within_conditions(aws: Aws, requests: Requests, function: str) -> None:
    """Prefixes and partition keys that a function asks for are those of its role."""
    if function == "extract":
        emulator.put_captures(aws.s3, aws.captures, event("extract"), EVENTS / "extract.html")
    if function == "events":
        clients.client("s3").list_objects_v2(Bucket=aws.archive, Prefix="reports/")
    importlib.invalidate_caches()
    handler(function)(event(function), Context())
    prefixes, leading = allowed(function, "s3:prefix"), allowed(function, "dynamodb:LeadingKeys")
    outside = {each for each in requests.prefixes if not any(fnmatchcase(each, pattern) for pattern in prefixes)}
    assert not outside
    assert not {key for key in requests.partitions if not any(fnmatchcase(key, pattern) for pattern in leading)}


@pytest.mark.usefixtures("deployed")
def test_reading_is_within_conditions(aws: Aws, requests: Requests) -> None:
    """Each route of the reading room asks for partition keys of its function's role alone."""
    newsroom = Newsroom(aws, source="sample-gazette")
    newsroom.archive().add(newsroom.capture(("a", "A dated story|Words."), ("b", "A dated story|Words.")))
    read, id = handler("read"), identifiers.article_id("http://news.example.org/a")
    requests.partitions.clear()
    paths = ("/", "/changes", "/sources", f"/stories/{id}", f"/stories/{id}/copies", f"/stories/{id}/revisions")
    for path, query in (
        *((path, "") for path in paths),
        *(("/stories", f"{name}=ly") for name in ("about", "country")),
    ):
        event = asked(path, query, {"accept": "text/html, application/json;q=0.5"})
        assert read(event, Context())["statusCode"] == 200
    assert {key.partition("#")[0] for key in requests.partitions} >= {"ARTICLE", "ARCHIVE", "URL"}
    leading = allowed("read", "dynamodb:LeadingKeys")
    assert not {key for key in requests.partitions if not any(fnmatchcase(key, pattern) for pattern in leading)}


def s3_action(model: Any, params: dict[str, Any]) -> tuple[str, str]:
    """The action and the resource of a call to S3, both as a policy has them."""
    lists = {"ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions"}
    action = lists.get(model.name, model.name.replace("Head", "Get") + ("Version" if "VersionId" in params else ""))
    bucket = {"captures": "CaptureBucket", "archive": "ArchiveBucket"}[params["Bucket"]]
    return f"s3:{action}", f"${{{bucket}.Arn}}" + (f"/{params['Key']}" if "Key" in params else "")


def is_allowed(statements: list[dict[str, Any]], action: str, resource: str) -> bool:
    """Whether a statement of a role has an action on a resource."""
    for statement in statements:
        patterns = (
            each.get("Fn::Sub") or f"${{{'.'.join(as_list(each['Fn::GetAtt']))}}}"
            for each in as_list(statement["Resource"])
        )
        if action in as_list(statement["Action"]) and any(fnmatchcase(resource, each) for each in patterns):
            return True
    return False


def test_withdrawal_has_its_rights(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The role of maintenance allows each call of a withdrawal's shards, and to write no tombstone."""
    newsroom, found, machine = months(aws), set[tuple[str, str]](), Machine(aws)
    start = machine.start_execution

    def recorded(**request: str) -> dict[str, str]:
        aws.s3.meta.events.register("provide-client-params.s3", note)
        try:
            return start(**request)
        finally:
            aws.s3.meta.events.unregister("provide-client-params.s3", note)

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        found.add(s3_action(model, params))

    monkeypatch.setattr(machine, "start_execution", recorded)
    withdraw_by_shards(aws, machine, monkeypatch)
    assert left(newsroom) == []
    assert {action for action, _ in found} >= {"s3:DeleteObjectVersion", "s3:PutObject", "s3:GetObjectVersion"}
    role = ROLES["MaintainRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert not sorted(each for each in found if not is_allowed(role, *each))
    assert not is_allowed(role, "s3:PutObject", f"${{CaptureBucket.Arn}}/{object_keys.withdrawal(ID)}")


def test_recording_sees_requests(aws: Aws, requests: Requests) -> None:
    clients.client("s3").list_objects_v2(Bucket=aws.archive, Prefix="articles/")
    table = clients.table(aws.table.name)
    table.get_item(Key={"PK": "SOURCE#a", "SK": "HEALTH"})
    table.query(KeyConditionExpression="PK = :pk", ExpressionAttributeValues={":pk": "HOST#a"})
    assert requests.prefixes == {"articles/"}
    assert requests.partitions == {"SOURCE#a", "HOST#a"}
