"""Quality on the user's own data, and the speed benchmarks."""
