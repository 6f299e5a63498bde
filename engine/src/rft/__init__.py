"""The engine of an RFT project: the same in every project, whatever its task."""

__version__ = "0.1.0"
