"""Counters, coverage reports and the health of sources."""
