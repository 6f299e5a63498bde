"""The task: what goes in, what comes out, and what a good answer is worth."""
