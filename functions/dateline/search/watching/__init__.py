"""Kept searches and their mails."""
