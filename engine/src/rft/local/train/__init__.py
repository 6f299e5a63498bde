"""Real training with TRL, in a worker process; needs the 'train' extra."""
