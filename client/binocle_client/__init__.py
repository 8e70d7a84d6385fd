"""A client of a Binocle service.

>>> from binocle_client import Client, picture
>>> with Client("http://localhost:8765") as client:
...     client.put_collection("shop")
...     client.store("shop", [{"id": "bag", "images": [picture("bag.jpg")]}])
...     for hit in client.search("shop", "a red bag", limit=5).hits:
...         print(hit.id, hit.relevance, hit.uri)

``AsyncClient`` has the same calls, to be awaited.
"""

from binocle_client.async_client import AsyncClient
from binocle_client.client import Client
from binocle_client.errors import ClientError
from binocle_client.pictures import PictureFile, encoded, picture

__all__ = ["AsyncClient", "Client", "ClientError", "PictureFile", "encoded", "picture"]
