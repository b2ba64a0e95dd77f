"""The state machine of maintenance in process: the shards of an execution, one after another."""

import json
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from dateline.aws import objects
from dateline.maintenance.jobs import Maintenance, Shard
from tests.conftest import Aws
from tests.support.samples import KilledError, Newsroom, extract


class Machine:
    """Stands for Step Functions: a shard that is out of time is called again, a killed one is left out."""

    def __init__(self, aws: Aws, going: Callable[[], bool] = lambda: True) -> None:
        self.aws, self.going = aws, going
        self.jobs: list[str] = []

    def start_execution(self, **request: str) -> dict[str, str]:
        asked = json.loads(request["input"])
        self.jobs.append(asked["job"])
        body = objects.get(self.aws.s3, bucket=asked["bucket"], key=asked["shards"])
        for item in json.loads(body or b""):
            maintenance = Maintenance(self.aws.deployment, extract=extract, ids=asked["ids"])
            with suppress(KilledError):
                while not maintenance.run(asked["job"], asked["run"], Shard(**item), self.going)["done"]:
                    pass
        return {"executionArn": "arn"}

    def describe_execution(self, **_: str) -> dict[str, str]:
        return {"status": "SUCCEEDED"}


def stack(aws: Aws, machine: Machine) -> Any:
    """The stack of a command, with this machine."""
    outputs = {"MaintainMachine": "arn"}
    return SimpleNamespace(
        deployment=aws.deployment, query=Newsroom(aws).query, client=lambda _: machine, outputs=outputs
    )
