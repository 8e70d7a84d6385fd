"""The members of archives, read within limits, as far as they are sound."""
