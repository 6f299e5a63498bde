"""The tasks, one module per topic. A function here is a task: docstring = prompt, body = solution.

What a solution needs it imports itself: it is cut out and run alone.
"""
