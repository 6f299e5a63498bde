"""What a rubric consists of, and the checks that every rubric must pass."""
