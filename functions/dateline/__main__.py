"""``python -m dateline``: the same as ``dateline``."""

from dateline.cli.main import main

main()
