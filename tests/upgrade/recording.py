"""An archive of some version in one file: both buckets, the table, and what that version said of them."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from dateline.aws import dynamodb, objects
from tests.conftest import Aws

FOLDER = Path(__file__).parent
TABLE, VIEW = "table.jsonl", "view.json"


def recordings() -> list[Path]:
    return sorted(FOLDER.glob("*.tar.xz"))


def write(path: Path, aws: Aws, view: Mapping[str, Any]) -> None:
    """Record an archive and its view."""
    with tarfile.open(path, "w:xz", preset=9) as file:
        for bucket in (aws.captures, aws.archive):
            for key in objects.keys(aws.s3, bucket=bucket, prefix=""):
                _add(file, f"{bucket}/{key}", objects.get(aws.s3, bucket=bucket, key=key) or b"")
        _add(file, TABLE, "".join(f"{json.dumps(item)}\n" for item in _items(aws)).encode())
        _add(file, VIEW, json.dumps(view, ensure_ascii=False, indent=1).encode())


def read(path: Path, aws: Aws) -> dict[str, Any]:
    """Put a recorded archive into empty buckets and an empty table; return its view."""
    for name, data in _members(path):
        bucket, _, key = name.partition("/")
        if name == TABLE:
            _put_items(aws, data)
        elif name != VIEW:
            aws.s3.put_object(Bucket=bucket, Key=key, Body=data)
    return read_view(path)


def read_view(path: Path) -> dict[str, Any]:
    """Return what the version that recorded an archive said of it."""
    return dict(json.loads(dict(_members(path))[VIEW]))


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as file:
        for member in file:
            yield member.name, (file.extractfile(member) or io.BytesIO()).read()


def _add(file: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # no time and no owner: only the contents count
    member.size = len(data)
    file.addfile(member, io.BytesIO(data))


def _items(aws: Aws) -> Iterator[dict[str, Any]]:
    """Items as JSON in DynamoDB's types, in the order of their keys; bytes as hex digits."""
    items = sorted(dynamodb.scan(aws.table), key=lambda item: (item["PK"], item["SK"]))
    for item in items:
        values: dict[str, Any] = {name: TypeSerializer().serialize(value) for name, value in item.items()}
        yield {name: _hex(value) for name, value in values.items()}


def _hex(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": bytes(value["B"]).hex()} if "B" in value else value


def _put_items(aws: Aws, lines: bytes) -> None:
    with aws.table.batch_writer() as batch:
        for line in lines.splitlines():
            item = json.loads(line)
            batch.put_item({name: _value(value) for name, value in item.items()})


def _value(value: Any) -> Any:
    return Binary(bytes.fromhex(value["B"])) if "B" in value else TypeDeserializer().deserialize(value)
