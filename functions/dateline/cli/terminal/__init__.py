"""Output of the commands: lines, tables, drawings."""
