"""A process that has imported what searches need, and runs those typed after the first."""
