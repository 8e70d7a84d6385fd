"""How long work takes, whatever else the machine does."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Return how long the processor works, at best of three."""
    took = []
    for _ in range(3):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return min(took)
