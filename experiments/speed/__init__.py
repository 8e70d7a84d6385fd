"""The speed benchmarks: scripts/bench."""
