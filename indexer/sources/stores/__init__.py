"""Objects in stores and on the web: their addresses, listing and reading them by way of fsspec."""
