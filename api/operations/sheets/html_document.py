"""A page that needs no other file and runs no script, in the looks of the page of the service."""

import base64
import html
from collections.abc import Iterable
from importlib.resources import files

from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.thumbnails import thumbnail_format

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
main{padding:24px var(--edge-of-page);max-width:100rem;margin:auto}
section{border-top:1px solid var(--line);padding:16px 0}
figure{margin:0}
figcaption,.facts{font-size:.8125rem;overflow-wrap:anywhere}
.none{background:var(--sunken);border-radius:2px}
"""


def document(title: str, style: str, parts: Iterable[str]) -> str:
    """Return a page.

    Args:
        title: As a text.
        style: More of its looks, as CSS.
        parts: Of its body, as HTML.
    """
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f'<meta http-equiv=Content-Security-Policy content="{_POLICY}">',
            "<meta name=viewport content='width=device-width,initial-scale=1'>",
            f"<title>{html.escape(title)}</title>",
            f"<style>{_looks()}{_STYLE}{style}</style>",
            f"<main><h1>{html.escape(title)}</h1>",
            *parts,
            "</main>",
        ]
    )


class InlinePictures:
    """Makes pictures small and writes them into a page, up to so many bytes."""

    def __init__(self, decoders: DecoderPool, most_bytes: int) -> None:
        """Set up.

        Args:
            decoders: Make the small pictures.
            most_bytes: Of all of them together; behind that there are none.
        """
        self._decoders, self._left = decoders, most_bytes

    def img(self, data: bytes | None, side: int, alt: str) -> str:
        """Return a picture as an element; empty where it cannot be shown.

        Args:
            data: The encoded picture; None for one that is gone.
            side: Pixels of its longer side, at most.
            alt: What it is called.
        """
        if data is None or self._left <= 0:
            return ""
        try:
            small = self._decoders.thumbnail(data, side).data
        except BinocleError:
            return ""
        self._left -= len(small)
        source = f"data:image/{thumbnail_format(side)};base64,{base64.b64encode(small).decode()}"
        return f'<img src="{source}" alt="{html.escape(alt)}">'


def _looks() -> str:
    return (files("api") / "page" / "look" / "base.css").read_text("utf-8")
