"""The command line: ``dateline``, a module for each stage. It ships with no function."""
