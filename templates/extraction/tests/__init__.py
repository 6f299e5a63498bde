"""Tests of the task."""
