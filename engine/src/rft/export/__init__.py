"""The same task for other trainers: one module for each of them."""
