"""Physical names that template.yaml makes of a stack's name, and the limits of AWS for them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.stack import ROOT

TEMPLATE = ROOT / "template.yaml"
_STACK = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,127}")  # CloudFormation's rule
_LOWER = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")  # S3's, as far as a stack's name can break it
_RESERVED = ("xn--", "sthree-", "amzn-s3-demo-")  # S3's: beginnings that no bucket may have


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource with a name: the property with it, and the most characters."""

    property: str
    longest: int


KINDS = {
    "AWS::S3::Bucket": Kind("BucketName", 63),
    "AWS::StepFunctions::StateMachine": Kind("StateMachineName", 80),
    "AWS::Budgets::Budget": Kind("Budget.BudgetName", 100),
    "AWS::Athena::WorkGroup": Kind("Name", 128),
    "AWS::CloudWatch::Dashboard": Kind("DashboardName", 255),
    "AWS::Logs::QueryDefinition": Kind("Name", 255),
    "AWS::Glue::Database": Kind("DatabaseInput.Name", 255),
    "AWS::Events::EventBus": Kind("Name", 256),
    "AWS::Logs::LogGroup": Kind("LogGroupName", 512),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A resource of the template with its physical name."""

    resource: str
    type: str
    name: str


def read(template: Path = TEMPLATE) -> dict[str, Any]:
    """Return a template, its intrinsic functions as mappings."""
    from samcli.yamlhelper import yaml_parse  # noqa: PLC0415 - SAM is checked for first

    return dict(yaml_parse(template.read_text("utf-8")))


def named(template: Mapping[str, Any], stack: str, account: str, region: str) -> Iterator[Named]:
    """Yield the resources whose names contain the stack's."""
    for resource, body in template["Resources"].items():
        kind = KINDS.get(body["Type"])
        if kind and (name := _name(body["Properties"], kind.property)):
            yield Named(resource, body["Type"], _filled(name, stack, account, region))


def problems(template: Mapping[str, Any], stack: str, account: str, region: str) -> Iterator[str]:
    """Yield what AWS would refuse of a stack's name, with the limit."""
    if not _STACK.fullmatch(stack):
        yield "CloudFormation wants a letter, then letters, digits and '-', at most 128 characters"
        return
    found = list(named(template, stack, account, region))
    longest = min(KINDS[each.type].longest - len(each.name) + len(stack) for each in found)
    if len(stack) > longest:
        by = min(found, key=lambda each: KINDS[each.type].longest - len(each.name))
        limit = KINDS[by.type].longest
        yield (
            f"it has {len(stack)} characters; in {region} it may have {longest}, because {by.resource} is called "
            f"{by.name}: {len(by.name)} characters, and AWS's limit is {limit}"
        )
    for each in (each for each in found if each.type == "AWS::S3::Bucket"):
        if not _LOWER.fullmatch(each.name):
            yield f"{each.resource} would be called {each.name}; buckets have lower-case letters, digits and '-' alone"
        if each.name.startswith(_RESERVED):
            yield f"{each.resource} would be called {each.name}; S3 reserves {', '.join(_RESERVED)}"
    if stack == "default":
        yield "EventBus would be called default, as the bus that every account has"


def _name(properties: Any, path: str) -> Any:
    for part in path.split("."):
        properties = properties.get(part) if isinstance(properties, Mapping) else None
    return properties


def _filled(name: Any, stack: str, account: str, region: str) -> str:
    """Return a name with its pseudo parameters filled in."""
    text = name if isinstance(name, str) else f"${{{name['Ref']}}}" if "Ref" in name else str(name["Fn::Sub"])
    values = {"StackName": stack, "AccountId": account, "Region": region}
    for pseudo, value in values.items():
        text = text.replace(f"${{AWS::{pseudo}}}", value)
    return text
