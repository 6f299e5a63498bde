"""What the task needs beside its main files: the code set, the search for candidates, chapters."""
