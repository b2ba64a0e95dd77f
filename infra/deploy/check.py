"""``dateline deploy-check``: what would make a deploy fail, found before anything is created."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

from infra.build import RUNTIME, find_runtime, find_uv
from infra.deploy import names
from infra.deploy.names import Named

Level = Literal["ok", "problem", "unchecked"]
_QUOTA = "L-B99A9384"  # Service Quotas: concurrent executions of Lambda
_ANY_ACCOUNT = "0" * 12  # every account id has 12 digits, so lengths can be checked without one
_ABSENT = {"404", "ResourceNotFoundException", "EntityNotFoundException", "InvalidRequestException"}
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")


class Finding(NamedTuple):
    """Result of one check."""

    level: Level
    what: str
    text: str


class Check:
    """Checks a stack's name, the account, and this machine. ``client`` makes a client of a service.

    ``parameters`` are the overrides of a deploy. Nothing is created or changed.
    """

    def __init__(self, stack: str, parameters: Mapping[str, str], *, region: str, client: Callable[[str], Any]) -> None:
        self._stack, self._region, self._client = stack, region, client
        self._given = dict(parameters)
        self._account = ""

    def run(self) -> Iterator[Finding]:
        """Yield the findings, those that need no account first."""
        tools = list(_tools())
        yield from tools
        if any(each.what == "SAM CLI" and each.level == "problem" for each in tools):
            yield Finding("unchecked", "everything else", "SAM CLI reads the template")
            return
        template = names.read()
        yield from _of_parameters(template, self._given)
        yield from self._reached()
        name = self._of_name(template)
        yield name
        if name.level == "ok":
            yield from self._asked("stack", self._of_stack, template)
        yield from self._asked("quota", self._of_quota, template)
        yield from self._asked("AlarmTopic", self._of_topic, template)

    def _reached(self) -> Iterator[Finding]:
        """Find out the account."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        if not self._region:
            yield Finding("problem", "region", "there is none; set AWS_REGION, or region in ~/.aws/config")
            return
        try:
            self._account = str(self._client("sts").get_caller_identity()["Account"])
        except (BotoCoreError, ClientError) as error:
            yield Finding("problem", "credentials", f"AWS does not accept any: {error}; see aws configure")
            return
        yield Finding("ok", "credentials", f"account {self._account}, region {self._region}")

    def _of_name(self, template: Mapping[str, Any]) -> Finding:
        region = self._region or "us-east-1"
        found = list(names.problems(template, self._stack, self._account or _ANY_ACCOUNT, region))
        if found:
            return Finding("problem", "name", f"{self._stack!r} is no name for this stack: {'; '.join(found)}")
        return Finding("ok", "name", f"{self._stack}: all names that AWS makes of it are within its limits")

    def _asked(
        self, what: str, check: Callable[[Mapping[str, Any]], Iterator[Finding]], template: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Yield what a check finds, or why it could not ask."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        if not self._account:
            yield Finding("unchecked", what, "no account without credentials and a region")
            return
        try:
            yield from check(template)
        except (BotoCoreError, ClientError) as error:
            yield Finding("unchecked", what, f"{error}")

    def _of_stack(self, template: Mapping[str, Any]) -> Iterator[Finding]:
        """Check an existing stack, or what is in the way of a new one."""
        stack = self._described()
        if stack and stack["StackStatus"] not in _UPDATABLE:
            yield Finding("problem", "stack", f"{self._stack} is in {stack['StackStatus']}; {_remedy(stack)}")
        elif stack and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            yield Finding("ok", "stack", f"{self._stack} exists ({stack['StackStatus']}): the deploy updates it")
            yield from self._of_lock(stack)
        else:
            yield from self._in_the_way(template)

    def _described(self) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            return dict(self._client("cloudformation").describe_stacks(StackName=self._stack)["Stacks"][0])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None

    def _of_lock(self, stack: Mapping[str, Any]) -> Iterator[Finding]:
        """S3 cannot take Object Lock away, and CloudFormation would replace the bucket."""
        now = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
        wanted, have = self._given.get("ObjectLock"), now.get("ObjectLock", "")
        if wanted is not None and wanted != have and "" in (wanted, have):
            yield Finding("problem", "ObjectLock", "it is for new stacks only; leave the parameter as it is")

    def _in_the_way(self, template: Mapping[str, Any]) -> Iterator[Finding]:
        taken = 0
        for each in names.named(template, self._stack, self._account, self._region):
            try:
                found = self._taken(each)
            except _errors() as error:
                yield Finding("unchecked", each.resource, f"{each.name}: {error}")
                continue
            if found:
                taken += 1
                yield Finding("problem", each.resource, f"{each.name} {found}; delete it, or deploy under another name")
        if not taken:
            yield Finding("ok", "stack", f"{self._stack} is new, and nothing known is in its way")

    def _taken(self, each: Named) -> str:
        """Return how a resource is in the way; empty if it is not, or if AWS lets several have the name."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            return self._looked_up(each)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "403" and each.type == "AWS::S3::Bucket":
                return "belongs to another account"
            if code in _ABSENT:
                return ""
            raise

    def _looked_up(self, each: Named) -> str:
        match each.type:
            case "AWS::S3::Bucket":
                self._client("s3").head_bucket(Bucket=each.name)
                return "exists: buckets survive their stack"
            case "AWS::Logs::LogGroup":
                groups = self._client("logs").describe_log_groups(logGroupNamePrefix=each.name)["logGroups"]
                return "exists" if any(group["logGroupName"] == each.name for group in groups) else ""
            case "AWS::Events::EventBus":
                self._client("events").describe_event_bus(Name=each.name)
            case "AWS::Glue::Database":
                self._client("glue").get_database(Name=each.name)
            case "AWS::Athena::WorkGroup":
                answer = self._client("athena").get_work_group(WorkGroup=each.name)
                return "exists" if answer.get("WorkGroup") else ""
            case _:
                return ""
        return "exists"

    def _of_quota(self, template: Mapping[str, Any]) -> Iterator[Finding]:
        """Compare the account's concurrency with that of all functions at once."""
        limits = self._client("lambda").get_account_settings()["AccountLimit"]
        free, needed = limits["UnreservedConcurrentExecutions"], self._concurrency(template)
        text = f"the functions run {needed} times at once; the account's quota is {free}"
        if needed <= free:
            yield Finding("ok", "quota", text)
            return
        yield Finding(
            "problem",
            "quota",
            f"{text}: ask for more (Service Quotas, Lambda, concurrent executions, {_QUOTA}), or deploy with a lower "
            "CrawlShards and ExtractConcurrency (each at least 2)",
        )

    def _concurrency(self, template: Mapping[str, Any]) -> int:
        """Return the most invocations at once: of the queues' functions by parameter, one of each other.

        Scheduled functions count as one: Lambda runs a throttled one later, for six hours.
        """
        queues = [int(self._value(template, name)) for name in ("CrawlShards", "ExtractConcurrency")]
        functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
        waiting = [each for each in functions if _is_scheduled(each)]
        return sum(queues) + len(functions) - len(queues) - len(waiting) + bool(waiting)

    def _of_topic(self, template: Mapping[str, Any]) -> Iterator[Finding]:
        topic = self._value(template, "AlarmTopic")
        if not topic:
            yield Finding("ok", "AlarmTopic", "none: alarms are seen in CloudWatch alone")
            return
        try:
            self._client("sns").get_topic_attributes(TopicArn=topic)
        except _errors() as error:
            yield Finding("problem", "AlarmTopic", f"{topic}: {error}")
        else:
            yield Finding("ok", "AlarmTopic", topic)

    def _value(self, template: Mapping[str, Any], name: str) -> str:
        return str(self._given.get(name, template["Parameters"][name].get("Default", "")))


def _is_scheduled(function: Mapping[str, Any]) -> bool:
    events = function["Properties"].get("Events", {}).values()
    return bool(events) and all(event["Type"] == "ScheduleV2" for event in events)


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return BotoCoreError, ClientError


def _remedy(stack: Mapping[str, Any]) -> str:
    match stack["StackStatus"]:
        case "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED":
            return f"its first deploy failed: run sam delete --stack-name {stack['StackName']}, then deploy again"
        case "UPDATE_ROLLBACK_FAILED":
            return "run aws cloudformation continue-update-rollback, then deploy again"
        case _:
            return "wait until that has ended"


def _of_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[Finding]:
    """Check overrides as CloudFormation does."""
    for name, value in given.items():
        known = template["Parameters"].get(name)
        if known is None:
            yield Finding("problem", name, f"there is no such parameter; there are {', '.join(template['Parameters'])}")
        elif (allowed := known.get("AllowedValues")) and value not in map(str, allowed):
            yield Finding("problem", name, f"{value!r} is none of {', '.join(map(repr, map(str, allowed)))}")
        elif known["Type"] == "Number" and (problem := _number(known, value)):
            yield Finding("problem", name, f"{value!r} {problem}")
        elif (pattern := known.get("AllowedPattern")) and not re.fullmatch(pattern, value):
            yield Finding("problem", name, f"{value!r} {known['ConstraintDescription']}")


def _number(known: Mapping[str, Any], value: str) -> str:
    if not value.lstrip("-").isdigit():
        return "is no number"
    low, high = known.get("MinValue", float("-inf")), known.get("MaxValue", float("inf"))
    return "" if low <= int(value) <= high else f"is not between {low} and {high}"


def _tools() -> Iterator[Finding]:
    """Look for what builds and deploys: SAM CLI, make, uv, and the runtime's Python."""
    sam = shutil.which("sam") or (f"{sys.executable} -m samcli" if find_spec("samcli") else None)
    remedy = "install it: python3 -m pip install aws-sam-cli, or run make .venv/ready"
    yield Finding("ok", "SAM CLI", sam) if sam else Finding("problem", "SAM CLI", f"there is none; {remedy}")
    for tool, why in (("make", "sam build runs infra/Makefile"), ("uv", "it installs the functions' packages")):
        found = shutil.which(tool) or next(iter(Path(sys.executable).parent.glob(tool)), None)
        yield Finding("ok", tool, f"{found}") if found else Finding("problem", tool, f"there is none; {why}")
    if find_spec("uv") or shutil.which("uv"):
        yield from _bytecode()


def _bytecode() -> Iterator[Finding]:
    """Look for the runtime's Python, as the build does."""
    if (found := find_runtime(find_uv())) is None:
        text = f"there is no Python {RUNTIME}, so bundles are not byte-compiled: cold starts take twice as long"
        yield Finding("unchecked", f"Python {RUNTIME}", text)
    else:
        yield Finding("ok", f"Python {RUNTIME}", found)
