"""``dateline deploy-check``: what AWS would refuse is said before anything is created, with the limit."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from dateline.cli.main import app
from infra.deploy import check, names
from infra.deploy.check import Check, Finding

REGION = "us-east-1"
FUNCTIONS = 9  # template.yaml's


class CloudFormation:
    """Its answer on one stack: moto's needs more packages than all of these tests."""

    def __init__(self, status: str | None) -> None:
        self._status = status

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        if self._status is None:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        parameters = [{"ParameterKey": "ObjectLock", "ParameterValue": ""}]
        return {"Stacks": [{"StackName": StackName, "StackStatus": self._status, "Parameters": parameters}]}


class Glue:
    """Its answer on some databases, for the same reason."""

    def __init__(self, databases: Collection[str]) -> None:
        self._databases = databases

    def get_database(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        if Name not in self._databases:
            raise ClientError({"Error": {"Code": "EntityNotFoundException", "Message": "absent"}}, "GetDatabase")
        return {"Database": {"Name": Name}}


class Quota:
    """Lambda's answer on the account, which moto does not have."""

    def __init__(self, free: int) -> None:
        self._free = free

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": self._free}}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Finding]]]:
    """An empty account: checks a stack and gives the findings by what they are about."""
    monkeypatch.setattr(check, "find_runtime", lambda _: "/python3.13")
    with mock_aws():

        def run(
            stack: str = "dateline",
            *,
            status: str | None = None,
            free: int | None = 1000,
            region: str = REGION,
            databases: Collection[str] = (),
            **given: str,
        ) -> Any:
            session: Any = boto3.Session("test", "test", region_name=region)
            stubs: dict[str, Any] = {"cloudformation": CloudFormation(status), "glue": Glue(databases)}
            stubs |= {} if free is None else {"lambda": Quota(free)}
            found = Check(stack, given, region=region, client=lambda name: stubs.get(name) or session.client(name))
            return {each.what: each for each in found.run()}

        yield run


def problems(found: dict[str, Finding]) -> dict[str, str]:
    return {each.what: each.text for each in found.values() if each.level == "problem"}


def test_an_empty_account_is_ready(account: Callable[..., Any]) -> None:
    found = account()
    assert problems(found) == {}
    assert found["stack"].text == "dateline is new, and nothing known is in its way"
    assert found["credentials"].text == "account 123456789012, region us-east-1"


@pytest.mark.parametrize(
    ("stack", "region", "limit"),
    [
        ("a" * 32, "us-east-1", "32 characters; in us-east-1 it may have 31"),
        ("archive-of-regional-news-27c", "ap-southeast-1", "28 characters; in ap-southeast-1 it may have 26"),
        ("أخبار", "us-east-1", "CloudFormation wants a letter"),
        ("1st", "us-east-1", "CloudFormation wants a letter"),
        ("news_archive", "us-east-1", "CloudFormation wants a letter"),
        ("Dateline", "us-east-1", "would be called Dateline-captures-123456789012-us-east-1; buckets have lower-case"),
        ("dateLine", "us-east-1", "lower-case letters"),
        ("sthree-news", "us-east-1", "S3 reserves"),
        ("default", "us-east-1", "EventBus would be called default"),
        ("a" * 129, "us-east-1", "at most 128 characters"),
    ],
)
def test_names_that_aws_refuses(account: Callable[..., Any], stack: str, region: str, limit: str) -> None:
    found = account(stack, region=region)
    assert limit in problems(found)["name"]
    assert stack in problems(found)["name"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-southeast-1", "me-central-1"])
def test_longest_name_fits_s3(account: Callable[..., Any], region: str) -> None:
    """63 characters of a bucket's name, less what the template adds."""
    longest = 63 - len(f"-captures-123456789012-{region}")
    assert problems(account("a" * longest, region=region)) == {}
    assert "name" in problems(account("a" * (longest + 1), region=region))
    made = names.named(names.read(), "a" * longest, "123456789012", region)
    assert max(len(each.name) for each in made if each.type == "AWS::S3::Bucket") == 63


def test_named_resources_are_checked() -> None:
    """Each name of the template that contains the stack's is one with a known limit."""
    template = names.read()
    made = {each.resource for each in names.named(template, "sample", "123456789012", REGION)}
    text = {name: f"{body['Properties']}" for name, body in template["Resources"].items()}
    named = {name for name in text if template["Resources"][name]["Type"] in names.KINDS}
    assert made == named
    assert len(made) > 15


@pytest.mark.parametrize(
    ("free", "each", "enough"), [(10, 10, False), (23, 10, False), (24, 10, True), (10, 3, True), (7, 2, False)]
)
def test_concurrency_fits_the_quota(account: Callable[..., Any], free: int, each: int, enough: bool) -> None:
    """Crawls, extractions, three other functions and a scheduled one; a new account has ten."""
    found = account(free=free, CrawlShards=f"{each}", ExtractConcurrency=f"{each}")["quota"]
    assert found.level == ("ok" if enough else "problem")
    assert f"run {2 * each + 4} times at once; the account's quota is {free}" in found.text
    assert enough or "L-B99A9384" in found.text


def test_leftovers_are_named(account: Callable[..., Any]) -> None:
    """What a removed stack left is in the way."""
    boto3.client("s3", REGION).create_bucket(Bucket="dateline-captures-123456789012-us-east-1")
    boto3.client("logs", REGION).create_log_group(logGroupName="/aws/lambda/dateline-crawl")
    boto3.client("events", REGION).create_event_bus(Name="dateline")
    boto3.client("athena", REGION).create_work_group(Name="dateline")
    found = problems(account(databases=["dateline"]))
    resources = {"CaptureBucket", "CrawlLog", "EventBus", "DatasetDatabase", "DatasetWorkGroup"}
    assert found.keys() == resources
    assert found["CaptureBucket"].endswith(
        "exists: buckets survive their stack; delete it, or deploy under another name"
    )
    assert problems(account("other")) == {}


def test_existing_stack_is_updated(account: Callable[..., Any]) -> None:
    """Existing stacks are updated and keep their lock."""
    boto3.client("s3", REGION).create_bucket(Bucket="dateline-captures-123456789012-us-east-1")
    found = account(status="UPDATE_COMPLETE")
    assert found["stack"].text == "dateline exists (UPDATE_COMPLETE): the deploy updates it"
    assert problems(found) == {}
    assert problems(account(status="UPDATE_COMPLETE", ObjectLock="GOVERNANCE")) == {
        "ObjectLock": "it is for new stacks only; leave the parameter as it is"
    }


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("ROLLBACK_COMPLETE", "sam delete --stack-name dateline"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "wait until"),
    ],
)
def test_stack_without_update(account: Callable[..., Any], status: str, remedy: str) -> None:
    """The retry of a first deploy that failed: CloudFormation leaves a stack that has to be deleted first."""
    assert remedy in problems(account(status=status))["stack"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"CrawlConcurency": "5"}, "there is no such parameter"),
        ({"ScheduleState": "enabled"}, "is none of 'ENABLED', 'DISABLED'"),
        ({"CrawlShards": "1"}, "is not between 2 and 1000"),
        ({"ColdAfter": "٩٠ يوما"}, "is no number"),
        ({"CompactEvery": "rate(2 days)"}, "must be an EventBridge Scheduler expression with a run a day or more"),
        ({"DispatchEvery": "hourly"}, "with a run an hour or more, as rate(15 minutes)"),
        ({"DatasetSince": "2019"}, "'2019' must be a month from 1900 to 2099, as 2010-01"),
        ({"AlarmTopic": "arn:aws:sns:us-east-1:123456789012:absent"}, "NotFound"),
    ],
)
def test_parameters_match_template(account: Callable[..., Any], given: dict[str, str], problem: str) -> None:
    """Parameters are those of the template."""
    (name,) = given
    assert problem in problems(account(**given))[name]


def test_patterns_have_descriptions() -> None:
    """CloudFormation and deploy-check say what a parameter must be, not its pattern."""
    parameters = names.read()["Parameters"].values()
    assert not [each for each in parameters if ("AllowedPattern" in each) != ("ConstraintDescription" in each)]


def test_unanswered_checks_are_named(account: Callable[..., Any]) -> None:
    """Without a right, or on a cloud without the call: neither a problem nor well."""
    found = account(free=None)
    assert found["quota"].level == "unchecked"
    assert "GetAccountSettings" in found["quota"].text
    assert problems(found) == {}


def test_names_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials names are checked all the same."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    asked = CliRunner().invoke(app, ["deploy-check", "Very-Long-Name-Of-A-Stack-In-Capitals", "--region", REGION])
    assert asked.exit_code == 1
    assert "problem\tcredentials\tAWS does not accept any" in asked.stdout
    assert "it has 37 characters; in us-east-1 it may have 31" in asked.stdout
    assert "unchecked\tquota\tno account without credentials" in asked.stdout


def test_without_sam_nothing_is_checked(account: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(check, "find_spec", lambda _: None)
    found = account()
    assert "pip install aws-sam-cli" in problems(found)["SAM CLI"]
    assert found["everything else"].level == "unchecked"
