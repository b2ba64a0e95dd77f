"""The runbook: a section for each alarm, and commands that the programs take. tests/cloud/test_runbook.py runs them."""

from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session
from samcli.cli.types import CfnParameterOverridesType

from infra.deploy import check
from tests.functions.test_template import RESOURCES, TEMPLATE, of_type
from tests.support.runbook import PAGE, Section, sections

SECTIONS = sections()
EVERY = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.anchor)


def test_every_alarm_has_its_section() -> None:
    """An alarm is named in one section, which is that of its description."""
    named = [(alarm, section.anchor) for section in SECTIONS for alarm in section.alarms]
    said = {alarm: RESOURCES[alarm]["Properties"]["AlarmDescription"] for alarm in of_type("AWS::CloudWatch::Alarm")}
    linked = [(alarm, text.partition(f"Runbook: {PAGE}#")[2]) for alarm, text in said.items()]
    assert sorted(named) == sorted(linked)


@EVERY
def test_sections_say_what_to_type(section: Section) -> None:
    """Each begins with a look: a command of ours."""
    assert section.commands[0][0] == "dateline"
    assert {words[0] for words in section.commands} <= {"dateline", "sam", "aws"}


@EVERY
def test_deploys_have_valid_parameters(section: Section) -> None:
    """What SAM reads of a line are parameters of the template, with values that it allows."""
    for command, option, *overrides in section.of("sam"):
        assert (command, option) == ("deploy", "--parameter-overrides")
        given = CfnParameterOverridesType().convert(tuple(overrides), None, None)
        assert given
        assert [*check._of_parameters(TEMPLATE, {str(name): str(value) for name, value in given.items()})] == []


@EVERY
def test_aws_commands_exist(section: Section) -> None:
    """A command of the AWS CLI is an operation of its service, with members of the operation's input as options."""
    for service, operation, *words in section.of("aws"):
        model: Any = Session().get_service_model(service)
        [found] = [name for name in model.operation_names if xform_name(name, "-") == operation]
        members = {xform_name(name, "-") for name in model.operation_model(found).input_shape.members}
        options = {word.removeprefix("--") for word in words if word.startswith("--")}
        assert options <= members | {"query", "output"}
