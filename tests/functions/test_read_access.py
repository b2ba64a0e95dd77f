"""Who may call the reading room: nobody without a signature, unless parameters open it, and only through its URL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

TEMPLATE: dict[str, Any] = load(str(Path(__file__).parents[2] / "template.yaml"))
Given = dict[str, str]  # parameters of a deployment
OPEN = [{"ReadLinks": "true"}, {"ReadIssuer": "https://id.example/"}, {"ReadLinks": "true", "ReadIssuer": "https://x"}]
CLOSED: list[Given] = [{}, {"ReadRate": "1"}, {"WatchTopic": "arn:aws:sns:eu-west-1:1:x"}]


def resolved(value: Any, given: Given) -> Any:
    """Return a value of the template with its conditions and parameters resolved."""
    if isinstance(value, list):
        return [resolved(each, given) for each in value]
    if not isinstance(value, dict):
        return value
    kind = next(iter(value)) if len(value) == 1 else ""
    if kind in RULES:
        return RULES[kind](value[kind], given)
    return {name: resolved(each, given) for name, each in value.items()}


RULES: dict[str, Callable[[Any, Given], Any]] = {
    "Ref": lambda name, given: given.get(name, TEMPLATE["Parameters"].get(name, {}).get("Default", name)),
    "Condition": lambda name, given: resolved(TEMPLATE["Conditions"][name], given),
    "Fn::If": lambda told, given: resolved(told[1 if resolved({"Condition": told[0]}, given) else 2], given),
    "Fn::Equals": lambda told, given: len({str(each) for each in resolved(told, given)}) == 1,
    "Fn::Not": lambda told, given: not resolved(told, given)[0],
    "Fn::Or": lambda told, given: any(resolved(told, given)),
}


def permissions(given: Given) -> list[dict[str, Any]]:
    """Return the permissions of a stack with these parameters."""
    there = [each for each in TEMPLATE["Resources"].values() if each["Type"] == "AWS::Lambda::Permission"]
    return [
        resolved(each["Properties"], given)
        for each in there
        if "Condition" not in each or resolved({"Condition": each["Condition"]}, given)
    ]


def auth(given: Given) -> str:
    """Return the kind of access that the function URL asks for."""
    return str(resolved(TEMPLATE["Resources"]["ReadFunction"]["Properties"]["FunctionUrlConfig"], given)["AuthType"])


@pytest.mark.parametrize("given", CLOSED)
def test_url_asks_for_signatures(given: Given) -> None:
    """By default callers sign with credentials of the account, and no function is anybody's."""
    assert auth(given) == "AWS_IAM"
    assert not [each for each in permissions(given) if each["Principal"] == "*"]


@pytest.mark.parametrize("given", OPEN)
def test_open_url_has_both_permissions(given: Given) -> None:
    """With tokens or links the function checks requests itself: anybody may call its URL, and nothing but its URL."""
    assert auth(given) == "NONE"
    public = {each["Action"]: each for each in permissions(given) if each["Principal"] == "*"}
    assert public.keys() == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert {each["FunctionName"] for each in public.values()} == {"ReadFunction"}
    assert public["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"] == "NONE"
    assert public["lambda:InvokeFunction"]["InvokedViaFunctionUrl"] is True


def test_only_the_reading_room_has_a_url() -> None:
    """Other functions cannot be reached from outside."""
    functions = {name: each["Properties"] for name, each in TEMPLATE["Resources"].items() if "Properties" in each}
    assert [name for name, each in functions.items() if "FunctionUrlConfig" in each] == ["ReadFunction"]
