"""The judge is examined before it is trusted: `rft judge`."""
