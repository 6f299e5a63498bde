"""Tests of the engine on a toy task; they know nothing of this project's own task."""
