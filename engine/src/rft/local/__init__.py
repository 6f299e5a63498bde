"""A real language model on this machine behind a real HTTP endpoint: no key, no GPU."""
