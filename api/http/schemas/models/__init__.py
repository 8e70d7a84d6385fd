"""The wire of models: which there are, and their vectors."""
