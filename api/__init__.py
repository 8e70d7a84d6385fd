"""The doors: settings, wiring, the HTTP service, the command line."""
