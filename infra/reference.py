"""Generate the reference in docs/: `python -m infra.reference`, part of `make docs`.

``docs/commands.md`` is Typer's own rendering of the commands' help; the parameters in ``docs/deploy.md`` come from
``template.yaml``; the counts in ``docs/languages.md`` come from reading the spellings.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra import spellings

ROOT = Path(__file__).parents[1]
COMMANDS, DEPLOY = ROOT / "docs" / "commands.md", ROOT / "docs" / "deploy.md"
LANGUAGES = ROOT / "docs" / "languages.md"

_TYPER = ("-m", "typer", "dateline.cli.main", "utils", "docs", "--name", "dateline", "--title", "Commands")
_SPELLINGS = re.compile(r"(<!-- spellings: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
_PARAMETERS = re.compile(r"(<!-- parameters: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)


class _Template(yaml.SafeLoader):
    """YAML with the short forms of CloudFormation's functions, read as their names."""


_Template.add_multi_constructor("!", lambda _, tag, __: tag)


def commands() -> str:
    """Return the text of docs/commands.md."""
    done = subprocess.run([sys.executable, *_TYPER], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.rstrip() + "\n"


def deploy(page: str) -> str:
    """Return the page with the template's parameters between its two marks."""
    template = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _Template)  # noqa: S506 - a SafeLoader
    rows = [_parameter(name, spec) for name, spec in template["Parameters"].items()]
    table = "\n".join(["| parameter | default | meaning |", "|---|---|---|", *rows])
    return _PARAMETERS.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)


def languages(page: str) -> str:
    """Return the page with the table of spellings between its two marks."""
    table = spellings.table()
    return _SPELLINGS.sub(lambda found: f"{found[1]}\n{table}\n{found[2]}", page)


def main() -> None:
    """Write the pages."""
    LANGUAGES.write_text(languages(LANGUAGES.read_text("utf-8")), "utf-8")
    COMMANDS.write_text(commands(), "utf-8")
    DEPLOY.write_text(deploy(DEPLOY.read_text("utf-8")), "utf-8")


def _parameter(name: str, spec: Mapping[str, Any]) -> str:
    default = f"`{spec['Default']}`" if spec["Default"] != "" else "empty"
    allowed = [f"`{value}`" for value in spec.get("AllowedValues", []) if value]
    meaning = " ".join(str(spec.get("Description", "")).split())
    choice = f"One of {', '.join(allowed)}." if allowed else ""
    return f"| `{name}` | {default} | {f'{meaning} {choice}'.strip()} |"


if __name__ == "__main__":
    main()
