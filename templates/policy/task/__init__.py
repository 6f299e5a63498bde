"""Your task: the tax figures of an S corporation and its shareholders."""
