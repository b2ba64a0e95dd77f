"""The command line: ``dateline``, a module for each stage. No Lambda bundle contains it."""

import gc
import signal
import sys


def main() -> None:
    """Run the command; Ctrl-C ends it without a traceback, while it is still loading too."""
    try:
        gc.disable()  # while modules load, which leave no garbage: 0.006 of 0.079 s of CPU of `dateline --help`
        from dateline.cli.main import run

        gc.freeze()
        gc.enable()
        run()
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell reports a process that SIGINT ended
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C, while threads end, says nothing either
