"""moto, without work that no test sees: each patch spares the share of a call's CPU that it names.

A patch of a name that moto or botocore no longer has fails when pytest starts.
"""

import copy
import functools
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.signers import RequestSigner
from botocore.useragent import sanitize_user_agent_string_component
from moto.core.base_backend import BaseBackend
from moto.core.model import StructureShape
from moto.core.models import botocore_stubber
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table


def patch(patched: pytest.MonkeyPatch) -> None:
    """Have sessions share their loader, and calls compute once what is the same for all of them."""
    # moto gives each test a session of its own, and each would read the services' models anew: a quarter of a second.
    patched.setattr("botocore.session.create_loader", functools.cache(create_loader))
    for name, function in (
        ("botocore.useragent.sanitize_user_agent_string_component", sanitize_user_agent_string_component),  # 3 %
        ("moto.core.responses.method_names_from_class", method_names_from_class),  # 3 %
    ):
        patched.setattr(name, functools.cache(function))
    patched.setattr(RequestSigner, "handler", _sign)
    patched.setattr(BaseBackend, "urls", property(_urls))
    patched.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize)
    patched.setattr(DynamoDBBackend, "transact_write_items", _transact)
    patched.setattr("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=_copied))


_SIGN = RequestSigner.handler


_SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20190417/us-east-1/aws/aws4_request, SignedHeaders=host, Signature=0"


def _sign(signer: RequestSigner, operation_name: str | None = None, request: Any = None, **more: Any) -> None:
    """Sign requests; moto compares no signatures (5 %), but finds in S3's how a body is encoded."""
    if botocore_stubber.enabled and signer.signing_name == "dynamodb":
        request.headers["Authorization"] = _SIGNED
    else:
        _SIGN(signer, operation_name, request, **more)


_BUILD_URLS: Any = vars(BaseBackend)["urls"].fget
_URLS: dict[type, Any] = {}


def _urls(backend: BaseBackend) -> Any:
    """The patterns of a service; S3's module is loaded anew for each of its calls (4 %)."""
    service = type(backend)
    if service not in _URLS:
        _URLS[service] = _BUILD_URLS(backend)
    return _URLS[service]


_SERIALIZE = BaseJSONSerializer._serialize_type_structure


def _serialize(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: StructureShape, key: str) -> None:
    """Write a structure; of an attribute's value its one kind alone, not ten of them (a third of a call)."""
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        _SERIALIZE(serializer, serialized, value, shape, key)
    elif value.keys() <= _AS_THEY_ARE:
        serialized[key] = value
    else:
        written: dict[str, Any] = {}
        for kind in value:
            serializer._serialize_structure_member(written, value, shape.members[kind], kind)
        serialized[key] = written


_AS_THEY_ARE = {"S", "N", "BOOL", "NULL"}


_TRANSACT = DynamoDBBackend.transact_write_items


class _Copies(threading.local):
    """Copies of the tables, as the transaction of this thread found them."""

    tables: dict[int, Any] | None = None


_copies = _Copies()


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write a transaction with one copy of its table for all of its items (4 %, and more in a large table)."""
    _copies.tables = {}
    try:
        _TRANSACT(backend, transact_items)
    finally:
        _copies.tables = None


def _copied(value: Any) -> Any:
    if not isinstance(value, Table) or _copies.tables is None:
        return copy.deepcopy(value)
    if id(value) not in _copies.tables:
        _copies.tables[id(value)] = copy.deepcopy(value)
    return _copies.tables[id(value)]
