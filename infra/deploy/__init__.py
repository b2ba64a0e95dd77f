"""Checks of an account and of a stack's name before the first deploy."""
