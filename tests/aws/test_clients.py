"""The functions' clients: they find what botocore finds, and the table answers as that of a boto3 resource."""

import re
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError, UnknownServiceError

from dateline.aws import clients, dynamodb
from tests.conftest import ROOT, Aws

ITEM: dict[str, Any] = {
    "PK": "SOURCE#sample-difaf",
    "SK": "DAY#2026-11-30",
    "title": "طرابلس: عودة الكهرباء",
    "stories": Decimal(12),
    "fingerprint": Binary(b"\x00\xff"),
    "gone": None,
    "whole": True,
    "tags": ["a", {"deep": {"b", "c"}}],
}


@pytest.mark.parametrize("service", clients.SERVICES)
@pytest.mark.usefixtures("aws")
def test_models_are_botocores(service: str) -> None:
    made: Any = boto3.client(service)  # type: ignore[call-overload] # typed for literals alone
    found = clients.client(service)
    assert found.meta.service_model.api_version == made.meta.service_model.api_version
    assert found.meta.endpoint_url == made.meta.endpoint_url
    assert clients.client(service) is found


def test_services_are_those_asked_for() -> None:
    """Each service that the functions name, and no other."""
    paths = (ROOT / "functions").rglob("*.py")
    named = {name for path in paths for name in re.findall(r'clients\.client\("(\w+)"\)', path.read_text("utf-8"))}
    assert sorted(named | {"dynamodb"}) == [*clients.SERVICES]


@pytest.mark.usefixtures("aws")
def test_other_services_are_unknown() -> None:
    with pytest.raises(UnknownServiceError, match="ec2"):
        clients.client("ec2")


def test_table_takes_python_values(aws: Aws) -> None:
    """Items, conditions, updates and batches are as with boto3's resource, in both directions."""
    table, key = clients.table(aws.table.name), {"PK": ITEM["PK"], "SK": ITEM["SK"]}
    table.put_item(Item=ITEM, ConditionExpression=Attr("PK").not_exists())
    assert table.get_item(Key=key)["Item"] == ITEM == aws.table.get_item(Key=key)["Item"]
    with pytest.raises(ClientError, match="conditional request failed"):
        table.put_item(Item=ITEM, ConditionExpression=Attr("PK").not_exists())
    table.update_item(Key=key, UpdateExpression="ADD stories :one", ExpressionAttributeValues={":one": 1})
    wanted = Key("PK").eq(ITEM["PK"]) & Key("SK").begins_with("DAY#")
    assert list(dynamodb.query(table, KeyConditionExpression=wanted)) == [ITEM | {"stories": Decimal(13)}]
    assert list(dynamodb.get(table.meta.client, table.name, [key])) == list(dynamodb.scan(aws.table))
    dynamodb.write(table.meta.client, table.name, [{"PutRequest": {"Item": ITEM | {"SK": "DAY#2026-12-01"}}}])
    assert [item["SK"] for item in dynamodb.scan(table)] == ["DAY#2026-11-30", "DAY#2026-12-01"]
    with table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
        batch.delete_item(Key=key | {"SK": "DAY#2026-12-01"})
    assert [item["SK"] for item in dynamodb.scan(table)] == ["DAY#2026-11-30"]
    assert table.delete_item(Key=key, ReturnValues="ALL_OLD")["Attributes"]["whole"] is True


def test_arguments_stay_as_they_are(aws: Aws) -> None:
    """Serialising copies: a caller may use its item again."""
    item: dict[str, Any] = {"PK": "SOURCE#a", "SK": "HEALTH", "hosts": {"a": {"failures": 2}}}
    clients.table(aws.table.name).put_item(Item=item)
    assert item["hosts"] == {"a": {"failures": 2}}


def test_exceptions_are_of_the_client(aws: Aws) -> None:
    client = clients.table(aws.table.name).meta.client
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="absent", Key={"PK": "a", "SK": "b"})
