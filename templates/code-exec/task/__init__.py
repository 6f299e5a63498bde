"""Your task: Python functions, graded by hidden tests."""
