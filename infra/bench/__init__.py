"""Benches: costs of Dateline and of alternative tools, measured in the same run.

Only ratios travel between machines, so each bench runs its peers in alternating rounds on the same pages, after a
warm-up, and reports medians. Targets stand beside the ratios; a bench reports and never fails a build.

``python -m infra.bench [crawl|extract|search|edits ...]`` runs them (``make bench`` runs all), with ``--json`` as
JSON lines. Pages are generated (``pages``), unless ``--pages`` names recorded ones.
"""
