"""The same task for other trainers: a table of targets, one writer, each target's own files."""
