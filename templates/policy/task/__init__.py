"""Your task: tax analysis of S corporations and partnerships under a weighted rubric."""
