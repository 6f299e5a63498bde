"""Short rows of the same task, to train a small model on this machine (make train-local)."""
