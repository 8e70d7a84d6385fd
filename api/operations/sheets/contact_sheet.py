"""The hits of a search as a page for people that opens from disk: pictures are inside it."""

import html
from collections.abc import Iterator
from itertools import chain

from api.operations.sheets.html_document import InlinePictures, document
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Hit
from indexer.stored_media import StoredMedia
from search.results.answer import Answer

MOST_HITS = 200
_MOST_BYTES = 5_000_000  # of pictures; behind them hits have none
_SIDE = 320
_NARROWEST, _WIDEST = 0.6, 2.4  # a picture beyond them is shown cut
_TITLES = ("title", "name", "caption")
_STYLE = """
ol{list-style:none;margin:16px 0;padding:0;display:flex;flex-wrap:wrap;gap:16px 4px}
li{width:calc(200px*var(--ratio,1.05));max-width:100%}
li img,.none{width:100%;height:200px;object-fit:cover;background:var(--sunken);border-radius:2px;
display:block}
.bar{height:2px;background:var(--accent);margin:2px 0}
blockquote{margin:0;height:200px;padding:12px;overflow:hidden;background:var(--raised);
border:1px solid var(--line);font-size:1.0625rem}
li p{margin:4px 2px 0;font-size:.8125rem;overflow-wrap:anywhere}
"""


def sheet_of(answer: Answer, collection: Collection, decoders: DecoderPool) -> str:
    """Return a page that needs no other file and runs no script.

    Args:
        answer: Of its hits ``MOST_HITS`` are shown at most, and of these pictures of 5 MB.
        collection: Where they come from; a picture that moved since is left out.
        decoders: Make the small pictures.
    """
    hits = list(chain.from_iterable((hit, *hit.others) for hit in answer.hits))
    left = len(hits) - MOST_HITS
    return document(
        answer.looking_for or collection.path.name,
        _STYLE,
        [
            f"<p class=muted>{_said(answer, len(hits), collection)}</p><ol>",
            *_tiles(
                hits[:MOST_HITS],
                StoredMedia(collection.path),
                InlinePictures(decoders, _MOST_BYTES),
            ),
            "</ol>",
            *([f"<p class=muted>{left:,} more hits are not shown here.</p>"] if left > 0 else []),
        ],
    )


def _said(answer: Answer, shown: int, collection: Collection) -> str:
    name = html.escape(collection.path.name)
    if answer.no_match:
        return f"Nothing in {name} fits; these are the nearest." if shown else f"{name}: nothing"
    relevant = f", {answer.relevant:,} relevant" if answer.relevant is not None else ""
    return f"{shown:,} hits in {name}{relevant}"


def _tiles(hits: list[Hit], media: StoredMedia, pictures: InlinePictures) -> Iterator[str]:
    for hit in hits:
        if hit.part.text is not None:
            shown = f"<blockquote>{html.escape(hit.part.text[:500])}</blockquote>"
        else:
            shown = pictures.img(_data(hit, media), _SIDE, hit.record.id)
        shown = shown or "<div class=none></div>"
        yield f"<li{_shape(hit)}>{shown}{_bar(hit)}{_caption(hit)}</li>"


def _shape(hit: Hit) -> str:
    """Return how a tile says how wide its picture is, within what can be looked at."""
    picture = hit.part.picture
    if picture is None:
        return ""
    ratio = min(max(picture.width / picture.height, _NARROWEST), _WIDEST)
    return f' style="--ratio:{ratio:.3f}"'


def _data(hit: Hit, media: StoredMedia) -> bytes | None:
    try:
        return media.read(hit.part.uri)
    except BinocleError:  # moved since
        return None


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
