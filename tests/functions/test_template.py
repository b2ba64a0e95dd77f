"""template.yaml: least privilege, nothing public, retries that end somewhere, and names that the code knows."""

import importlib
import inspect
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.decode.cfn_yaml import load

from dateline import extraction_worker
from dateline.capture import Batch
from dateline.dataset import rows
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.settings import Settings
from dateline.sources import registry
from infra import build

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = load(str(ROOT / "template.yaml"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
STAGES = (
    "CaptureBucket",
    "ArchiveBucket",
    "IndexTable",
    "DispatchFunction",
    "CrawlFunction",
    "ExtractFunction",
    "EventBus",
    "EventsFunction",
    "CoverageFunction",
    "CompactFunction",
    "SearchFunction",
    "ReadFunction",
    "StampFunction",
    "MaintainFunction",
)


def of_type(kind: str) -> dict[str, Any]:
    """The properties of all resources of a type, by name."""
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
BUCKETS = of_type("AWS::S3::Bucket")
QUEUES = of_type("AWS::SQS::Queue")
ROLES = of_type("AWS::IAM::Role")


def name_of(value: Any) -> str:
    """The resource that a Ref or GetAtt names."""
    if "Ref" in value:
        return str(value["Ref"])
    target = value["Fn::GetAtt"]
    return str(target[0] if isinstance(target, list) else target.split(".")[0])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def grants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of each function's role."""
    for role, properties in ROLES.items():
        for policy in properties["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                yield f"{role}-{statement['Sid']}", statement


def queue_events() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each queue that feeds a function: its name, the event's properties and the function's."""
    for function in FUNCTIONS.values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS":
                yield name_of(event["Properties"]["Queue"]), event["Properties"], function


GRANTS = dict(grants())
AUTHORIZATION = json.loads(
    Path(cfnlint.__file__).with_name("data").joinpath("AdditionalSpecs/Policies.json").read_text()
)
FEEDS = {queue: (event, function) for queue, event, function in queue_events()}


def test_resources_in_stage_order() -> None:
    """Resources stand in the order of the stages."""
    assert [name for name in RESOURCES if name in STAGES] == list(STAGES)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handler_names_import(function: str) -> None:
    """A handler imports by the name that the template gives."""
    module, name = FUNCTIONS[function]["Handler"].split(".")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_has_its_parts(function: str) -> None:
    """A function has its event its requirements its log and a role of its own."""
    name = function.removesuffix("Function").lower()
    assert (ROOT / "tests" / "events" / f"{name}.json").is_file()
    assert (ROOT / "infra" / "requirements" / f"{name}.txt").is_file()
    assert name_of(FUNCTIONS[function]["LoggingConfig"]["LogGroup"]) == f"{name.capitalize()}Log"
    assert name_of(FUNCTIONS[function]["Role"]) == f"{name.capitalize()}Role"
    assert len(ROLES.keys() - {"MachineRole"}) == len(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_variables_are_settings(function: str) -> None:
    """A function is told only what its settings have."""
    told = {name for name in FUNCTIONS[function]["Environment"]["Variables"] if name.startswith("DATELINE_")}
    assert told <= {f"DATELINE_{name.upper()}" for name in Settings.__dataclass_fields__}


def test_bundles_for_lambda_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameter names the folder with the Makefile, and this the platform of the wheels."""
    shared, parameter = TEMPLATE["Globals"]["Function"], TEMPLATE["Parameters"]["Architecture"]
    assert shared["Runtime"] == f"python{build.RUNTIME}"
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    assert parameter["AllowedValues"] == [*build.PLATFORMS]
    for architecture, machine in {"arm64": "aarch64", "x86_64": "x86_64"}.items():
        rules = build.INFRA / architecture / "Makefile"
        make = ["make", "--dry-run", "--makefile", f"{rules}", "build-SampleFunction"]
        printed = subprocess.run(make, capture_output=True, text=True, check=True).stdout
        assert f"ARCHITECTURE={architecture} " in printed
        assert f"{build.INFRA}/build.py SampleFunction" in printed
        monkeypatch.setenv("ARCHITECTURE", architecture)
        assert build.platform().startswith(machine)
    monkeypatch.setenv("ARCHITECTURE", "riscv64")
    with pytest.raises(SystemExit, match="Lambda has arm64 and x86_64"):
        build.platform()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_builds_follow_the_architecture(function: str) -> None:
    body = TEMPLATE["Resources"][function]
    assert body["Metadata"]["ContextPath"] == {"Fn::Sub": "infra/${Architecture}"}


@pytest.mark.parametrize("grant", GRANTS)
def test_grants_name_resources(grant: str) -> None:
    """A grant names its actions, and its resources where AWS's service authorization reference knows some."""
    statement = GRANTS[grant]
    actions = as_list(statement["Action"])
    assert not [action for action in actions if "*" in action]
    named = (action.lower().split(":") for action in actions)
    known = any("Resources" in AUTHORIZATION[service]["Actions"][name] for service, name in named)
    assert not (known and "*" in as_list(statement["Resource"]))


def test_no_managed_policies() -> None:
    """No role has a managed policy."""
    assert not [name for name, role in ROLES.items() if "ManagedPolicyArns" in role]
    assert not [name for name, function in FUNCTIONS.items() if "Policies" in function]


@pytest.mark.parametrize("queue", FEEDS)
def test_queue_returns_failures(queue: str) -> None:
    """A queue gives its function time and takes back what failed."""
    event, function = FEEDS[queue]
    assert QUEUES[queue]["VisibilityTimeout"] == 6 * function["Timeout"]
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event["ScalingConfig"]["MaximumConcurrency"]


@pytest.mark.parametrize("queue", FEEDS)
def test_dead_letters_have_alarm(queue: str) -> None:
    """A message that fails for good ends in a queue with an alarm."""
    redrive = QUEUES[queue]["RedrivePolicy"]
    dead_letters = name_of(redrive["deadLetterTargetArn"])
    assert redrive["maxReceiveCount"] >= 3
    assert QUEUES[dead_letters].get("FifoQueue") == QUEUES[queue].get("FifoQueue")
    watched = [
        name_of(dimension["Value"])
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    ]
    assert dead_letters in watched


def test_index_news_has_alarm() -> None:
    """News of the index is told or ends in a queue with an alarm."""
    source = FUNCTIONS["EventsFunction"]["Events"]["News"]["Properties"]
    assert name_of(source["Stream"]) == "IndexTable"
    assert (source["StartingPosition"], source["BisectBatchOnFunctionError"]) == ("TRIM_HORIZON", True)
    failed = name_of(source["DestinationConfig"]["OnFailure"]["Destination"])
    (dimension,) = RESOURCES["EventsAlarm"]["Properties"]["Dimensions"]
    assert name_of(dimension["Value"]) == failed == "EventsDeadLetters"
    assert source["MaximumRecordAgeInSeconds"] <= 12 * 3600, "the stream keeps them for a day"


@pytest.mark.parametrize("queue", FEEDS)
def test_self_sending_is_allowed(queue: str) -> None:
    """Lambda stops what has called itself 16 times, unless it is told that this is meant."""
    function = FEEDS[queue][1]
    role = name_of(function["Role"])
    sends = [each for name, each in GRANTS.items() if name.startswith(role) and "sqs:SendMessage" in each["Action"]]
    own = any(name_of(each["Resource"]) == queue for each in sends)
    assert function.get("RecursiveLoop") == ("Allow" if own else None)


def test_silence_alarm_hears_coverage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A metric is another one with other dimensions, and Powertools adds one."""
    service = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    alarm = RESOURCES["SilenceAlarm"]["Properties"]
    watched = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert (name_of(watched["function_name"]), watched["service"]) == ("CoverageFunction", service)
    importlib.import_module("coverage")._add(alarm["MetricName"], 1, function_name="deployed")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    (metric,) = told["_aws"]["CloudWatchMetrics"]
    (dimensions,) = metric["Dimensions"]
    assert (metric["Namespace"], set(dimensions)) == (alarm["Namespace"], set(watched))
    assert told["service"] == service


@pytest.mark.parametrize("function", FUNCTIONS)
def test_scheduled_failure_is_told(function: str) -> None:
    """A function that the schedule calls and that fails is told of."""
    scheduled = [event for event in FUNCTIONS[function].get("Events", {}).values() if event["Type"] == "ScheduleV2"]
    alarms = of_type("AWS::CloudWatch::Alarm").values()
    watched = [
        name_of(each["Value"])
        for alarm in alarms
        for each in alarm.get("Dimensions", [])
        if each["Name"] == "FunctionName"
    ]
    assert not scheduled or function in watched


@pytest.mark.parametrize("alarm", of_type("AWS::CloudWatch::Alarm"))
def test_alarms_link_the_runbook(alarm: str) -> None:
    """An alarm's description ends with its section of docs/operate.md."""
    description = RESOURCES[alarm]["Properties"]["AlarmDescription"]
    page, _, anchor = description.partition("Runbook: ")[2].partition("#")
    headings = [line.lstrip("# ").lower().replace(" ", "-") for line in (ROOT / page).read_text("utf-8").splitlines()]
    assert anchor in headings


@pytest.mark.parametrize("resource", [*BUCKETS, *QUEUES])
def test_only_tls_is_allowed(resource: str) -> None:
    """Only TLS reaches a bucket or queue."""
    policies = [*of_type("AWS::S3::BucketPolicy").values(), *of_type("AWS::SQS::QueuePolicy").values()]
    refused = [
        target
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and "aws:SecureTransport" in statement["Condition"].get("Bool", {})
        for target in as_list(statement["Resource"])
    ]
    assert resource in {name_of(target) for target in refused if "Fn::GetAtt" in target}
    if resource in BUCKETS:
        assert {"Fn::Sub": f"${{{resource}.Arn}}/*"} in refused


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_are_private(bucket: str) -> None:
    """A bucket is private encrypted and outlives its stack."""
    properties = BUCKETS[bucket]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert properties["BucketEncryption"]
    policies = (RESOURCES[bucket]["DeletionPolicy"], RESOURCES[bucket]["UpdateReplacePolicy"])
    assert policies == ("RetainExceptOnCreate", "Retain")


def test_captures_written_once() -> None:
    """Captures are versioned and written once."""
    assert BUCKETS["CaptureBucket"]["VersioningConfiguration"] == {"Status": "Enabled"}
    statements = RESOURCES["CaptureBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (refused,) = [statement for statement in statements if statement["Sid"] == "WriteOnce"]
    assert (refused["Effect"], refused["Action"]) == ("Deny", "s3:PutObject")
    assert refused["Condition"]["Null"] == {"s3:if-none-match": "true"}


def test_cold_captures_stay_readable() -> None:
    """Captures grow cold but can still be read by range."""
    rules = {rule["Id"]: rule for rule in BUCKETS["CaptureBucket"]["LifecycleConfiguration"]["Rules"]}
    cold = rules["colder-captures"]
    classes = {each["StorageClass"] for each in (*cold["Transitions"], *cold["NoncurrentVersionTransitions"])}
    assert (classes, cold["Prefix"]) == ({"GLACIER_IR"}, "captures/")
    assert not [rule for rule in rules.values() if "ExpirationInDays" in rule and rule["Prefix"] != "frontiers/"]


def test_captures_locked_on_request() -> None:
    """Captures are locked only if that is wanted."""
    bucket = BUCKETS["CaptureBucket"]
    for name in ("ObjectLockEnabled", "ObjectLockConfiguration"):
        condition, _, otherwise = bucket[name]["Fn::If"]
        assert (condition, otherwise) == ("HasObjectLock", {"Ref": "AWS::NoValue"})
    assert TEMPLATE["Parameters"]["ObjectLock"]["Default"] == ""


def test_only_captures_are_extracted() -> None:
    """Captures and nothing else are sent to be extracted."""
    (notice,) = BUCKETS["CaptureBucket"]["NotificationConfiguration"]["QueueConfigurations"]
    rules = {rule["Name"]: rule["Value"] for rule in notice["Filter"]["S3Key"]["Rules"]}
    capture = Stem("a-source", "20190417T061500Z-sample", 0).capture
    report = object_keys.crawl_report("a-source", "20190417T061500Z-sample")
    assert name_of(notice["Queue"]) == "ExtractQueue"
    assert capture.startswith(rules["prefix"])
    assert capture.endswith(rules["suffix"])
    assert not report.startswith(rules["prefix"])


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_encrypted(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True


def test_table_can_be_restored() -> None:
    """The table can be restored and has the documented indexes."""
    table = RESOURCES["IndexTable"]["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": {"Ref": "TableBackup"}}
    assert table["TableClass"] == {"Ref": "TableClass"}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Ref": "TableProtection"}
    assert TEMPLATE["Parameters"]["TableProtection"]["Default"] == "true"
    assert item_keys.__doc__
    layout = [row.split() for row in item_keys.__doc__.splitlines()]
    for index in table["GlobalSecondaryIndexes"]:
        (documented,) = [row for row in layout if row[:1] == [index["IndexName"]]]
        assert {key["AttributeName"] for key in index["KeySchema"]} <= set(documented)


@pytest.mark.parametrize("log", of_type("AWS::Logs::LogGroup").values(), ids=of_type("AWS::Logs::LogGroup"))
def test_logs_expire(log: dict[str, Any]) -> None:
    """Logs are not kept for ever."""
    assert log["RetentionInDays"] == 30


TABLE = RESOURCES["DatasetTable"]["Properties"]["TableInput"]
GLUE_TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp", "BIGINT": "bigint", "INTEGER": "int", "BOOLEAN": "boolean"}


def glue_type(kind: str) -> str:
    """A column's type of DuckDB as Glue calls it: ``STRUCT("key" VARCHAR)[]`` is ``array<struct<key:string>>``."""
    if kind.endswith("[]"):
        return f"array<{glue_type(kind[:-2])}>"
    name, _, inner = kind.rstrip(")").partition("(")
    if name == "MAP":
        return f"map<{','.join(map(glue_type, inner.split(', ')))}>"
    if name == "STRUCT":
        fields = [field.replace('"', "").split(" ") for field in inner.split(", ")]
        return f"struct<{','.join(f'{field}:{glue_type(of)}' for field, of in fields)}>"
    return GLUE_TYPES[kind]


def test_glue_matches_files() -> None:
    """Glue describes the files as they are written."""
    described = {column["Name"]: column["Type"] for column in TABLE["StorageDescriptor"]["Columns"]}
    assert described == {name: glue_type(kind) for name, kind in rows.COLUMNS.items()}
    folder = f"s3://${{ArchiveBucket}}/{object_keys.partition('${!country}', '${!month}')}"
    assert TABLE["Parameters"]["storage.location.template"] == {"Fn::Sub": folder}
    assert [key["Name"] for key in TABLE["PartitionKeys"]] == ["country", "month"]


def test_athena_knows_countries() -> None:
    """Athena looks at every country that a source has."""
    listed = TABLE["Parameters"]["projection.country.values"].split(",")
    assert listed == sorted({*(source.country for source in registry.registered().values()), item_keys.NOWHERE})


def test_outputs_are_complete() -> None:
    """The outputs name all that somebody may look for."""
    dataset = {"DatasetDatabase", "DatasetTable", "DatasetWorkGroup", "MaintainMachine"}
    assert {
        *BUCKETS,
        *QUEUES,
        *FUNCTIONS,
        *dataset,
        "CrawlShards",
        "IndexTable",
        "EventBus",
        "ReadUrl",
        "ReadKey",
        "SigningKey",
    } == set(TEMPLATE["Outputs"])
    assert {name_of(output["Value"]) for output in TEMPLATE["Outputs"].values()} - {"ReadFunctionUrl"} == (
        set(TEMPLATE["Outputs"]) - {"ReadUrl"}
    )


def test_extraction_memory_is_enough() -> None:
    """Extraction has room for the worst capture object."""
    function = FUNCTIONS["ExtractFunction"]
    page = int(function["Environment"]["Variables"]["DATELINE_PAGE_MEMORY"])
    assert page + 512 <= function["MemorySize"]  # the function itself, with its libraries and a WARC file
    pages = inspect.signature(Batch).parameters["max_pages"].default
    slow, least = extraction_worker.SHARE * function["Timeout"], extraction_worker.LEAST * pages
    assert slow + least + extraction_worker.RESERVE < function["Timeout"]
