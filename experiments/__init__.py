"""What fits constants and measures quality and speed; not part of the installed program."""
