"""Your task: bind a design's ports to a verification IP (VIP)."""
