"""Pictures that lie in object stores and behind listings on the web, by way of fsspec."""
