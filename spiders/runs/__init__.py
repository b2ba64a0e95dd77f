"""Runs: what is due, in which rounds, and the process of the crawls."""
