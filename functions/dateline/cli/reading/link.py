"""``dateline link``: a signed link to the deployed reading room."""

from typing import Annotated
from urllib.parse import quote

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, write

_DAY = 86_400  # seconds


def link(
    target: Annotated[str, typer.Argument(help="A path, with all below it, or a path with a query.")] = "/",
    days: Annotated[int, typer.Option(min=1, max=365, help="For so many days.")] = 7,
    stack: StackName = None,
) -> None:
    """Print a link that opens a part of the deployed reading room for a time, to whoever has it.

    "/" opens all of it, /stories/ID a story with its revisions and captures, "/search?q=haftar&format=atom" one feed.
    The stack needs the parameter ReadLinks. To end all links, replace the secret ReadKey.
    """
    import time

    from dateline.reader.callers.access import PARAMETER, Grant

    if not target.startswith("/") or target.startswith("//"):
        raise CommandError(f"{target} is no path of the reading room; it starts with a slash")
    deployed = Stack.find(stack)
    if "ReadKey" not in deployed.outputs:
        raise CommandError("the stack has no key for links; deploy it with ReadLinks=true")
    found = deployed.client("secretsmanager").get_secret_value(SecretId=deployed.outputs["ReadKey"])
    signed = Grant(target, int(time.time()) + days * _DAY).signed(found["SecretString"].encode())
    mark = "&" if "?" in target else "?"
    address = deployed.outputs["ReadUrl"].rstrip("/") + quote(target, safe="/?&=%:+,-._~")
    write(f"{address}{mark}{PARAMETER}={signed}")
