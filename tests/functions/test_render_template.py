"""infra/render.yaml: the same code as the archive's dispatch and crawl, so the same rights on the archive's data."""

import json
import re
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tests.functions.test_template import ROLES, ROOT, as_list

RENDER: dict[str, Any] = load(str(ROOT / "infra" / "render.yaml"))["Resources"]
SAME = {"DispatchRole": "DispatchRole", "RenderRole": "CrawlRole"}
_FOLDER = re.compile(r'/(\w+)/\*"')


def statements(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["Sid"]: each for policy in role["Policies"] for each in policy["PolicyDocument"]["Statement"]}


def rights(role: dict[str, Any]) -> dict[str, Any]:
    """Actions, conditions, and folders of S3 of each statement, whatever the resources are called."""
    return {
        sid: (
            as_list(each["Action"]),
            json.loads(json.dumps(each.get("Condition"))),
            sorted(_FOLDER.findall(json.dumps(each["Resource"]))),
        )
        for sid, each in statements(role).items()
    }


@pytest.mark.parametrize("role", SAME)
def test_rights_are_those_of_the_archive(role: str) -> None:
    assert rights(RENDER[role]["Properties"]) == rights(ROLES[SAME[role]])
