"""moto, without work that no test sees: each patch spares the share of a call's CPU that it names.

A patch of a name that moto or botocore no longer has fails when pytest starts.
"""

import copy
import functools
import threading
from collections.abc import Iterator
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
from moto.dynamodb.models.dynamo_type import DynamoType
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
    patched.setattr(Table, "query", _query)
    patched.setattr(Table, "all_items", _all_items)
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


class _OfThread(threading.local):
    """What a thread's call is about: the copies of its transaction, and the items that its query may find."""

    copies: dict[int, Any] | None = None
    touched: frozenset[tuple[str, str]] = frozenset()
    asked: tuple[DynamoType, str | None] | None = None


_call = _OfThread()


_TRANSACT = DynamoDBBackend.transact_write_items


def _transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Write a transaction with one copy for all of its items, of these items alone (most of it in a large table)."""
    _call.copies, _call.touched = {}, frozenset(_keys(transact_items))
    try:
        _TRANSACT(backend, transact_items)
    finally:
        _call.copies = None


def _keys(transact_items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for operation in (each for item in transact_items for each in item.values()):
        key = operation.get("Key") or operation.get("Item") or {}
        yield key["PK"]["S"], key["SK"]["S"]


def _copied(value: Any) -> Any:
    if not isinstance(value, Table) or _call.copies is None:
        return copy.deepcopy(value)
    if id(value) not in _call.copies:
        _call.copies[id(value)] = _as_it_is(value)
    return _call.copies[id(value)]


def _as_it_is(table: Table) -> Table:
    """A copy of a table that stays while the items of the thread's transaction change."""
    same, items = copy.copy(table), table.items.copy()
    for name, sort in ((DynamoType({"S": name}), DynamoType({"S": sort})) for name, sort in _call.touched):
        if name in items:
            items[name] = items[name].copy()
            if sort in items[name]:
                items[name][sort] = copy.deepcopy(items[name][sort])
    same.items = items
    return same


_QUERY, _ALL_ITEMS = Table.query, Table.all_items


def _query(table: Table, hash_key: DynamoType | None, *args: Any, **more: Any) -> Any:
    """Query the items with the key alone; moto sorts all items of the table first (quadratic in a large table)."""
    if hash_key is None:
        return _QUERY(table, hash_key, *args, **more)
    index = more.get("index_name", args[_INDEX_NAME] if len(args) > _INDEX_NAME else None)
    _call.asked = hash_key, index
    try:
        return _QUERY(table, hash_key, *args, **more)
    finally:
        _call.asked = None


_INDEX_NAME = 6  # the place of the argument, after the hash key


def _all_items(table: Table) -> list[Any]:
    if _call.asked is None:
        return _ALL_ITEMS(table)
    hash_key, index = _call.asked
    if index is None or index not in {each.name for each in table.all_indexes()}:
        return list(table.items.get(hash_key, {}).values())
    (name,) = (key["AttributeName"] for key in table.get_index(index).schema if key["KeyType"] == "HASH")
    every = (item for partition in list(table.items.values()) for item in list(partition.values()))
    return [item for item in every if name in item.attrs and item.attrs[name].value == hash_key.value]
