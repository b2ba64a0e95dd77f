"""``python -m dateline``: the same as ``dateline``."""

from dateline.cli import main

main()
