"""Files that `rft export bedrock` copies; they run in AWS, with the standard library alone."""
