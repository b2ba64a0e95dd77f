"""Bench ``flow``: pages of many outlets on the local cloud, from the schedule to the index."""
