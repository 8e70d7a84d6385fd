"""What the command line and the HTTP service do alike."""
