"""What requests share while the service runs: encoder queue, jobs, metrics, dependencies."""
