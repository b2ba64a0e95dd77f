"""A model of S3 and DynamoDB for archives too large to be written: answers are made on request.

Clients are real; the model answers instead of the network (botocore's ``before-send``), so that requests, parsing and
retries cost what they cost. Every call is counted by its name.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import boto3
from botocore.awsrequest import AWSResponse

from dateline.aws.deployment import Deployment

Ask = Callable[[str, str, str, str], list[dict[str, Any]]]  # partition, first and last sort key, index (or "")

_ENVELOPE = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}<IsTruncated>false</IsTruncated>{}'
_AT = "2026-01-01T00:00:00.000Z"


class ModelCloud:
    """``ask`` returns the plain items of a query; ``objects`` are the buckets' objects, ``folders`` their folders."""

    def __init__(self, ask: Ask, objects: Mapping[str, bytes], folders: Mapping[str, list[str]]) -> None:
        self.calls = Counter[str]()
        self.objects, self._folders, self._ask = dict(objects), folders, ask
        session = boto3.Session("model", "model", region_name="us-east-1")  # credentials sign, and nobody checks
        s3, table = session.client("s3"), session.resource("dynamodb").Table("index")
        answers: list[tuple[Any, str, Any]] = [
            (s3, "before-send.s3", self._s3),
            (table.meta.client, "before-send.dynamodb", self._dynamodb),
        ]
        for client, event, answer in answers:
            client.meta.events.register(event, answer)
        self.deployment = Deployment(s3=s3, table=table, capture_bucket="captures", archive_bucket="archive")

    def _dynamodb(self, request: Any, **_: Any) -> Any:
        name, asked = request.headers["X-Amz-Target"].decode().rpartition(".")[2], json.loads(request.body)
        self.calls[name] += 1
        answer: dict[str, Any] = {"UnprocessedItems": {}, "UnprocessedKeys": {}, "Responses": {}}
        if name == "Query":
            answer = {"Items": self._page(asked)}
        if name == "BatchGetItem":
            ((table, wanted),) = asked["RequestItems"].items()
            answer["Responses"] = {table: [item for key in wanted["Keys"] for item in self._item(key)]}
        return _response(request.url, json.dumps(answer).encode(), "application/x-amz-json-1.0")

    def _item(self, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_typed(item)["M"] for item in self._ask(key["PK"]["S"], key["SK"]["S"], key["SK"]["S"], "")]

    def _page(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        values = [each["S"] for _, each in sorted(asked["ExpressionAttributeValues"].items())]
        partition, first, last = (*values, "", "~")[:3] if len(values) != 2 else (*values, "~")
        found = self._ask(partition, first, last, asked.get("IndexName", ""))
        found = found if asked.get("ScanIndexForward", True) else found[::-1]
        return [_typed(item)["M"] for item in found[: asked.get("Limit")]]

    def _s3(self, request: Any, **_: Any) -> Any:
        url, query = urlsplit(request.url), parse_qs(urlsplit(request.url).query)
        key = unquote(url.path).lstrip("/")
        key = key if url.netloc.split(".")[0] in ("captures", "archive") else key.partition("/")[2]
        if "list-type" in query:
            return self._list(request.url, query)
        self.calls[f"{request.method.capitalize()}Object"] += 1
        if request.method == "PUT":
            body = request.body
            self.objects[key] = body if isinstance(body, bytes) else body.read()
            return _response(request.url, b"", etag=_tag(self.objects[key]))
        if request.method == "GET" and key in self.objects:
            return _response(request.url, self.objects[key], etag=_tag(self.objects[key]))
        missing = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
        return _response(request.url, missing, status=204 if request.method == "DELETE" else 404)

    def _list(self, url: str, query: Mapping[str, list[str]]) -> Any:
        self.calls["ListObjectsV2"] += 1
        prefix = query.get("prefix", [""])[0]
        found = sorted(key for key in self.objects if key.startswith(prefix)) if "delimiter" not in query else []
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key])}</Size><LastModified>{_AT}</LastModified>"
            "</Contents>"
            for key in found
        )
        folders = (f"<Prefix>{prefix}{escape(name)}/</Prefix>" for name in self._folders.get(prefix, ()))
        prefixes = "".join(f"<CommonPrefixes>{each}</CommonPrefixes>" for each in folders)
        return _response(url, f"{_ENVELOPE.format(contents, prefixes)}</ListBucketResult>".encode(), "application/xml")


class _Raw(io.BytesIO):
    def stream(self, amt: int = 1 << 16, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


def _response(url: str, body: bytes, media: str = "binary/octet-stream", *, etag: str = "", status: int = 200) -> Any:
    headers: Any = {"content-type": media, "content-length": str(len(body))} | ({"etag": etag} if etag else {})
    return AWSResponse(url, status, headers, _Raw(body))


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {"M": {name: _typed(each) for name, each in value.items()}}
    return {"N": str(value)} if isinstance(value, int) else {"S": str(value)}
