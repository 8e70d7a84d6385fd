"""The service that the client is tried on."""

from tests.api.conftest import client, name, pictures, serve, service

__all__ = ["client", "name", "pictures", "serve", "service"]
