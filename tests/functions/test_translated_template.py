"""The templates as SAM translates them: two stacks in one account never want the same name."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).parents[2]
TEMPLATES = ("template.yaml", "infra/render.yaml")
# The properties that name a resource in its account, by type; what is not listed here must have no name at all.
NAMES = {
    "AWS::Athena::WorkGroup": "Name",
    "AWS::Budgets::Budget": "Budget.BudgetName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::QueryDefinition": "Name",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


@pytest.fixture(scope="module", params=TEMPLATES)
def resources(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The resources that CloudFormation gets."""
    template = json.loads(json.dumps(load(str(ROOT / request.param))))
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            is_image = resource["Properties"].get("PackageType") == "Image"
            resource["Properties"] |= {"ImageUri": "sample"} if is_image else {"CodeUri": "s3://bundles/sample.zip"}
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    translated = translator.translate(template, parameter_values={})
    return dict(translated["Resources"])


def test_every_name_has_the_stacks(resources: dict[str, Any]) -> None:
    """A physical name is made of the stack's name, or CloudFormation makes it."""
    for name, resource in resources.items():
        found = _name(resource)
        assert found is None or "${AWS::StackName}" in json.dumps(found) or found == {"Ref": "AWS::StackName"}, name


def test_schedules_have_no_names(resources: dict[str, Any]) -> None:
    schedules = [each for each in resources.values() if each["Type"] == "AWS::Scheduler::Schedule"]
    assert schedules
    assert not [each for each in schedules if "Name" in each["Properties"]]


def test_unlisted_types_have_no_names(resources: dict[str, Any]) -> None:
    """A new type of resource with a name of its own is added to ``NAMES`` above."""
    unlisted = [each for each in resources.values() if each["Type"] not in NAMES]
    outside = {"AWS::Glue::Table"}  # named within its database
    assert not [each for each in unlisted if "Name" in each["Properties"] and each["Type"] not in outside]


def test_failed_creates_leave_no_names(resources: dict[str, Any]) -> None:
    """A first deploy that fails keeps nothing whose name the next one wants."""
    kept = {name: each for name, each in resources.items() if each.get("DeletionPolicy") == "Retain"}
    assert [name for name, each in kept.items() if _name(each) is not None] == []


def test_protected_resources_are_kept(resources: dict[str, Any]) -> None:
    """CloudFormation cannot delete what is protected: a rollback that tries ends in ROLLBACK_FAILED."""
    protected = [each for each in resources.values() if "DeletionProtectionEnabled" in each["Properties"]]
    assert {each["DeletionPolicy"] for each in protected} <= {"Retain"}


def _name(resource: dict[str, Any]) -> Any:
    found: Any = resource["Properties"]
    for part in NAMES.get(resource["Type"], "Name").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return None if resource["Type"] == "AWS::Glue::Table" else found
