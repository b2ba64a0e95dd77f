"""Clients of the functions: made when they are first needed, once in a process, from one session.

A cold start waits for them. botocore searches the folders of its 400 services before it loads one, once for each kind
of file, and boto3's ``Table`` is a class that it makes from a resource model: together some 40 ms of CPU until a
function is ready (dispatch: 0.39 to 0.35 s). So the session knows the names of the services that functions use, and
``Table`` here is written out.
"""

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.table import BatchWriter
from boto3.dynamodb.transform import TransformationInjector, copy_dynamodb_params
from botocore.loaders import Loader
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table as Boto3Table

SERVICES = ("dynamodb", "events", "kms", "s3", "secretsmanager", "sns", "sqs", "stepfunctions")


class _FewServices(Loader):
    """Loads the models of ``SERVICES`` without a search for others."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 (botocore's signature)
        return [*SERVICES]


class Table:
    """A table: the calls of boto3's ``Table`` that functions make, with Python values for DynamoDB's types."""

    def __init__(self, client: Any, name: str) -> None:
        self.name, self.meta = name, SimpleNamespace(client=client)

    def get_item(self, **request: Any) -> Any:
        return self.meta.client.get_item(TableName=self.name, **request)

    def put_item(self, **request: Any) -> Any:
        return self.meta.client.put_item(TableName=self.name, **request)

    def update_item(self, **request: Any) -> Any:
        return self.meta.client.update_item(TableName=self.name, **request)

    def delete_item(self, **request: Any) -> Any:
        return self.meta.client.delete_item(TableName=self.name, **request)

    def query(self, **request: Any) -> Any:
        return self.meta.client.query(TableName=self.name, **request)

    def scan(self, **request: Any) -> Any:
        return self.meta.client.scan(TableName=self.name, **request)

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> BatchWriter:
        return BatchWriter(self.name, self.meta.client, overwrite_by_pkeys=overwrite_by_pkeys)


@cache
def session() -> Session:
    """Return the session of all clients, of the function's region and role."""
    made = Session()
    made.register_component("data_loader", _FewServices())
    return made


@cache
def client(service: str) -> Any:
    """Return the client of one of ``SERVICES``. Raises botocore's UnknownServiceError for others."""
    return session().create_client(service)


@cache
def table(name: str) -> "Boto3Table":
    """Return a table by its name; its client takes and gives Python values, as that of a boto3 resource."""
    made = session().create_client("dynamodb")
    injector, events = TransformationInjector(), made.meta.events
    events.register("provide-client-params.dynamodb", copy_dynamodb_params)
    events.register("before-parameter-build.dynamodb", injector.inject_condition_expressions)
    events.register("before-parameter-build.dynamodb", injector.inject_attribute_value_input)
    events.register("after-call.dynamodb", injector.inject_attribute_value_output)
    return cast("Boto3Table", Table(made, name))
