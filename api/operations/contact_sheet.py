"""The hits of a search as a page for people that opens from disk: pictures are inside it."""

import base64
import html
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain

from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.media.thumbnails import thumbnail_format
from binocle.types import Hit
from indexer.stored_media import StoredMedia
from search.results.answer import Answer

MOST_HITS = 200
_MOST_BYTES = 5_000_000  # of pictures; behind them hits have none
_SIDE = 320
_NARROWEST, _WIDEST = 0.6, 2.4  # a picture beyond them is shown cut
_TITLES = ("title", "name", "caption")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
main{padding:24px var(--edge-of-page);max-width:100rem;margin:auto}
ol{list-style:none;margin:16px 0;padding:0;display:flex;flex-wrap:wrap;gap:16px 4px}
li{width:calc(200px*var(--ratio,1.05));max-width:100%}
li img,.none{width:100%;height:200px;object-fit:cover;background:var(--sunken);border-radius:2px;
display:block}
.bar{height:2px;background:var(--accent);margin:2px 0}
blockquote{margin:0;height:200px;padding:12px;overflow:hidden;background:var(--raised);
border:1px solid var(--line);font-size:1.0625rem}
li p{margin:4px 2px 0;font-size:.8125rem;overflow-wrap:anywhere}
.muted{color:var(--muted)}
"""


def sheet_of(answer: Answer, collection: Collection, decoders: DecoderPool) -> str:
    """Return a page that needs no other file and runs no script.

    Args:
        answer: Of its hits ``MOST_HITS`` are shown at most, and of these pictures of 5 MB.
        collection: Where they come from; a picture that moved since is left out.
        decoders: Make the small pictures.
    """
    hits = list(chain.from_iterable((hit, *hit.others) for hit in answer.hits))
    title = html.escape(answer.looking_for or collection.path.name)
    left = len(hits) - MOST_HITS
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f'<meta http-equiv=Content-Security-Policy content="{_POLICY}">',
            "<meta name=viewport content='width=device-width,initial-scale=1'>",
            f"<title>{title}</title>",
            f"<style>{_looks()}{_STYLE}</style>",
            f"<main><h1>{title}</h1>",
            f"<p class=muted>{_said(answer, len(hits), collection)}</p><ol>",
            *_tiles(hits[:MOST_HITS], StoredMedia(collection.path), decoders),
            "</ol>",
            *([f"<p class=muted>{left:,} more hits are not shown here.</p>"] if left > 0 else []),
            "</main>",
        ]
    )


def _looks() -> str:
    """Return the colours and the type of the page that the service shows."""
    return (files("api") / "page" / "look" / "base.css").read_text("utf-8")


def _said(answer: Answer, shown: int, collection: Collection) -> str:
    name = html.escape(collection.path.name)
    if answer.no_match:
        return f"Nothing in {name} fits; these are the nearest." if shown else f"{name}: nothing"
    relevant = f", {answer.relevant:,} relevant" if answer.relevant is not None else ""
    return f"{shown:,} hits in {name}{relevant}"


def _tiles(hits: list[Hit], media: StoredMedia, decoders: DecoderPool) -> Iterator[str]:
    spent = 0
    for hit in hits:
        shown = "<div class=none></div>"
        if hit.part.text is not None:
            shown = f"<blockquote>{html.escape(hit.part.text[:500])}</blockquote>"
        elif spent < _MOST_BYTES:
            picture = _picture(hit, media, decoders)
            spent += len(picture)
            shown = picture or shown
        yield f"<li{_shape(hit)}>{shown}{_bar(hit)}{_caption(hit)}</li>"


def _shape(hit: Hit) -> str:
    """Return how a tile says how wide its picture is, within what can be looked at."""
    picture = hit.part.picture
    if picture is None:
        return ""
    ratio = min(max(picture.width / picture.height, _NARROWEST), _WIDEST)
    return f' style="--ratio:{ratio:.3f}"'


def _picture(hit: Hit, media: StoredMedia, decoders: DecoderPool) -> str:
    try:
        data = decoders.thumbnail(media.read(hit.part.uri), _SIDE).data
    except BinocleError:  # moved since
        return ""
    source = f"data:image/{thumbnail_format(_SIDE)};base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" alt="{html.escape(hit.record.id)}">'


def _bar(hit: Hit) -> str:
    if hit.relevance is None:
        return ""
    share = f"{100 * hit.relevance:.0f}%"
    return f'<div class=bar style="width:{share}" title="{share} relevant"></div>'


def _caption(hit: Hit) -> str:
    metadata = hit.record.metadata
    titled = next((metadata[name] for name in _TITLES if name in metadata), None)
    title = f"<p>{html.escape(str(titled))}</p>" if titled is not None else ""
    uri = html.escape(hit.part.uri)
    name = uri.rstrip("/").rsplit("/", 1)[-1]
    return f'{title}<p class=muted title="{uri}">{name}</p>'
