"""The tasks, one module per topic. Each function is a task: docstring = prompt, body = solution.

A solution imports what it needs inside its body, because it is cut out and run alone.
"""
