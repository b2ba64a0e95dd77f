"""Every S3 prefix and table key is built in ``dateline.keys``."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PREFIX = r"(?:captures|crawls|frontiers|withdrawals|articles|outcomes|quarantine|reports|dataset|search)/"
PARTITION = r"(?:ARTICLE|BAND|CLUSTER|URL|SOURCE|COUNTRY|PLACE|HOST|REV|FEED|DUE|DAY|DONE|MONTH|INDEXED)#"
WHOLE = {"CURRENT", "PRESENCE", "STATE", "SCHEDULE", "HEALTH", "ROBOTS", "HOLD", "POSTPONED", "LATE"}
KEY = re.compile(rf"{PREFIX}|{PARTITION}")


def key_literals(source: str) -> Iterator[str]:
    """Yield the string literals that are keys or begin one; docstrings and help texts are prose."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            is_sql_or_text = " " in node.value and not node.value.startswith(("SELECT", "INSERT", "DELETE", "UPDATE"))
            found = KEY.search(node.value) if not is_sql_or_text else None
            if (found and (found.start() == 0 or " " in node.value)) or node.value in WHOLE:
                yield node.value


def modules() -> list[Path]:
    own = ROOT / "functions" / "dateline" / "keys"
    found = [path for folder in ("functions", "spiders", "infra") for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if path.parent != own]


def test_key_literals_in_keys_alone() -> None:
    """No module but ``keys`` spells a prefix of S3 or a key of the table."""
    places = {f"{path.relative_to(ROOT)}": list(key_literals(path.read_text("utf-8"))) for path in modules()}
    assert len(places) > 200
    assert {path: found for path, found in places.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('list("captures/")', ["captures/"]),
        ('f"quarantine/{source}/x"', ["quarantine/"]),
        ('{"PK": f"SOURCE#{id}"}', ["SOURCE#"]),
        ('item["SK"] == "CURRENT"', ["CURRENT"]),
        ("x = \"SELECT x FROM items WHERE sk GLOB 'REV#*'\"", ["SELECT x FROM items WHERE sk GLOB 'REV#*'"]),
        ('"""Objects below captures/ and items of SOURCE#x."""', []),
        ('help("Writes reports/verify/ and nothing else")', []),
        ('url = "https://news.example/articles/1"', []),
    ],
)
def test_key_literals_found(source: str, found: list[str]) -> None:
    """The search finds keys in plain and formatted strings and in SQL, and passes over prose and addresses."""
    assert list(key_literals(source)) == found
