"""``dateline open``: the reading room in a browser."""

from contextlib import suppress
from functools import cache
from typing import Annotated

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, note, write


def open_(
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 for a free one.")] = 0,
    stack: StackName = None,
) -> None:
    """Read the archive in a browser: search, stories, what outlets changed, sources, coverage.

    The pages come from this machine, on a loopback address, and read the archive with your own credentials. Ctrl-C
    ends it.
    """
    from dateline.reader.app import answer
    from dateline.reader.library import Library
    from dateline.reader.serve import ReadingRoom
    from dateline.sources import registry

    deployed = Stack.find(stack)
    registered = cache(lambda: registry.registered(deployed.sources))
    library = Library(deployed.deployment, cache(deployed.search), registered)
    try:
        server = ReadingRoom(answer(library), port)
    except OSError as error:
        raise CommandError(f"cannot listen on port {port} of 127.0.0.1: {error}; choose another --port") from error
    with server, suppress(KeyboardInterrupt):
        write(server.address)
        note("the reading room is open; Ctrl-C ends it")
        if browser:
            import webbrowser

            webbrowser.open(server.address)
        server.serve_forever()
