"""What the examples of docs/http.md speak of: a service with collections, and a folder of files."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from binocle_client import picture
from binocle_client.requests import MetadataValue, RecordBody
from tests.support import ROOT, picture_bytes
from tests.support.service import Running, running

PAGE = (ROOT / "docs" / "http.md").read_text("utf-8")


def blocks_of(language: str) -> list[str]:
    """Return the page's examples in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@contextmanager
def example_service(folder: Path) -> Iterator[Running]:
    """Run a service with what the examples speak of; their files are put into the folder."""
    for number, name in enumerate(("beach.jpg", "bag.jpg")):
        (folder / name).write_bytes(picture_bytes(number))
    lines = [{"id": "sku-1", "texts": {"title": "Red bag"}}, {"id": "sku-2", "texts": []}]
    (folder / "products.ndjson").write_text("\n".join(map(json.dumps, lines)))
    ids = ["10008", *(f"sku-{n}" for n in range(1, 41))]
    with running(folder / "home") as service:
        client = service.client()
        for name in ("photos", "shop", "outlet"):
            client.put_collection(name)
            records = [_record_of(one, n) for n, one in enumerate(ids)]
            assert client.store(name, records).failed == 0
        yield service


def _record_of(name: str, number: int) -> RecordBody:
    metadata: dict[str, MetadataValue | None] = {
        "price": 5.0 * number, "color": "red", "style": f"s{number % 3}", "stock": True,
        "brand": "Nike", "sales": number, "discontinued": 10 < number <= 16 or number > 34,
    }  # fmt: skip
    texts = {"title": f"Red bag {number}, a dog at the lake"}
    return RecordBody(
        id=name, images=[picture(picture_bytes(number % 20))], texts=texts, metadata=metadata
    )
