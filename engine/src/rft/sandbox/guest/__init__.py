"""What runs inside: the runner, its WebAssembly shell, and the driver of the native tiers."""
