"""S3 objects as Dateline uses them: written once, read whole or by range."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PAUSES = (0.05, 0.2, 0.8)  # seconds after a conflict; the other write takes some tens of milliseconds


class Listed(NamedTuple):
    """An object as S3 lists it; ``size`` is in bytes, ``modified`` an aware instant."""

    key: str
    size: int
    storage_class: str
    modified: datetime


def put_once(s3: "S3Client", *, bucket: str, key: str, body: bytes) -> bool:
    """Create an object. Return False, without writing, if another one exists.

    An object with the same bytes counts as created: the response to an earlier attempt was lost.
    """
    written = put_new(s3, bucket=bucket, key=key, body=body)
    return bool(written) or get(s3, bucket=bucket, key=key) == body


def put_new(s3: "S3Client", *, bucket: str, key: str, body: bytes) -> str:
    """Create an object and return its entity tag; an empty text, without writing, if there is one, equal or not."""
    return _put_if(s3, Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")


def _put_if(s3: "S3Client", **request: Any) -> str:
    """Put an object on a condition; return its entity tag, or an empty text if the condition does not hold.

    For one of two concurrent conditional writes, S3 answers 409 ConditionalRequestConflict, and botocore does not retry
    it. Raises ClientError for other errors, and for a lasting conflict.
    """
    for pause in (*_PAUSES, None):
        try:
            return s3.put_object(**request)["ETag"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":
                return ""
            if code != "ConditionalRequestConflict" or pause is None:
                raise
            time.sleep(pause)
    return ""


def keys(s3: "S3Client", *, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys with a prefix, in order."""
    return (found.key for found in listed(s3, bucket=bucket, prefix=prefix))


def listed(s3: "S3Client", *, bucket: str, prefix: str, after: str = "") -> Iterator[Listed]:
    """Yield the objects with a prefix after a key, in order."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=after):
        for found in page.get("Contents", []):
            yield Listed(found["Key"], found["Size"], found.get("StorageClass", "STANDARD"), found["LastModified"])


def folders(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    """The names between a prefix and the next slash."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        yield from (found["Prefix"].removeprefix(prefix).rstrip("/") for found in page.get("CommonPrefixes", []))


def put_over(s3: "S3Client", *, bucket: str, key: str, body: bytes, etag: str) -> bool:
    """Replace the object with an entity tag. Return False, without writing, if it has another one."""
    written = _put_if(s3, Bucket=bucket, Key=key, Body=body, IfMatch=etag)
    return bool(written) or get(s3, bucket=bucket, key=key) == body


def put_changed(s3: "S3Client", *, bucket: str, key: str, body: bytes) -> bool:
    """Set an object's bytes. Return False, without writing, if they are equal or another writer was faster."""
    there, etag = get_tagged(s3, bucket=bucket, key=key)
    if there is None:
        return put_once(s3, bucket=bucket, key=key, body=body)
    return there != body and put_over(s3, bucket=bucket, key=key, body=body, etag=etag)


def versions(s3: "S3Client", bucket: str, key: str) -> int:
    """Return the number of an object's versions, deleted ones included."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    return len([found for page in pages for found in page.get("Versions", []) if found["Key"] == key])


def exists(s3: "S3Client", bucket: str, key: str) -> bool:
    """Whether there is such an object."""
    return any(found.key == key for found in islice(listed(s3, bucket=bucket, prefix=key), 1))


def get(s3: "S3Client", *, bucket: str, key: str) -> bytes | None:
    """Return an object's bytes, or None if it does not exist."""
    return get_tagged(s3, bucket=bucket, key=key)[0]


def get_tagged(s3: "S3Client", *, bucket: str, key: str) -> tuple[bytes | None, str]:
    """Return an object's bytes and entity tag, or None and an empty text if it does not exist."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None, ""
    return answer["Body"].read(), answer["ETag"]


def stream(s3: "S3Client", bucket: str, key: str) -> IO[bytes]:
    """Return an object's bytes as they arrive. Raises ClientError, ``NoSuchKey`` among others."""
    return cast("IO[bytes]", s3.get_object(Bucket=bucket, Key=key)["Body"])


def get_range(s3: "S3Client", *, bucket: str, key: str, offset: int, length: int) -> bytes:
    """One record of an object, such as a gzip member."""
    return s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={offset}-{offset + length - 1}")["Body"].read()
