"""``dateline deploy-check`` (entry point ``dateline.commands``)."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, count, print_json
from dateline.cli.terminal.tables import print_table

ROOT = Path(__file__).parents[2]
_COLUMNS = (Column("result"), Column("check"), Column("found"))


def deploy_check(
    stack: Annotated[str | None, typer.Argument(help="The stack's name; by default, samconfig.toml's.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="As in --parameter-overrides; repeatable.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="By default, the AWS configuration's.")] = None,
    json: Json = False,
) -> None:
    """Check a stack's name, the account and this machine before `sam deploy`; exit status 1 for a problem.

    Length and case of names, parameters, the quota of concurrent functions, resources in the way, and tools. Whatever
    could not be looked up is listed as unchecked. Nothing is created.
    """
    import boto3

    from infra.deploy.check import Check

    session: Any = boto3.Session(region_name=region)  # typed for names of services that are literals alone
    name = stack or _configured()
    check = Check(name, _parameters(parameter or []), region=session.region_name or "", client=session.client)
    found = list(check.run())
    if json:
        for each in found:
            print_json(each._asdict())
    else:
        print_table(_COLUMNS, found)
    if problems := [each for each in found if each.level == "problem"]:
        raise CommandError(f"{count(len(problems), 'problem')}; do not deploy {name} yet")


def _configured() -> str:
    import tomllib

    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    return str(config["default"]["global"]["parameters"]["stack_name"])


def _parameters(given: list[str]) -> dict[str, str]:
    for each in given:
        if "=" not in each:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE")
    return {name: value for name, _, value in (each.partition("=") for each in given)}
