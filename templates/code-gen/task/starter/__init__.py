"""Short rows of the same task, to train a small model on this machine; see USE_CASE in README."""
