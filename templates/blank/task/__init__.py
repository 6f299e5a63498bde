"""The task: what a row holds, how it is asked, what an answer is worth."""
