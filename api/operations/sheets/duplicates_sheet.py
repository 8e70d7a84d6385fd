"""Duplicates as a page: cluster by cluster, which is to be kept, and why the others are not."""

import html

from api.operations.duplicates_report import warnings_of
from api.operations.plurals import counted, in_bytes, of_copies
from api.operations.sheets.html_document import InlinePictures, document
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from indexer.stored_media import StoredMedia
from search.copies.clusters import Cluster, Member
from search.copies.duplicates import Duplicates

_SIDE = 320
_SHOWN_CLUSTERS = 1000
_MOST_BYTES = 60_000_000  # of pictures; behind them only what is said
_STYLE = """
.members{display:flex;flex-wrap:wrap;gap:16px;margin-top:8px}
figure{width:15rem}
figure img{display:block;max-width:100%;max-height:12rem;border-radius:2px}
.none{width:12rem;height:8rem}
.keep img,.keep .none{outline:3px solid var(--good);outline-offset:2px}
figcaption{margin-top:8px}.keep b{color:var(--good)}
section h2{font-size:.9375rem}
"""


def duplicates_page(
    found: Duplicates, collection: Collection, decoders: DecoderPool, name: str | None = None
) -> str:
    """Return a page that needs no other file and runs no script.

    Args:
        found: The clusters.
        collection: Has their pictures.
        decoders: Make thumbnails.
        name: What the collection is called, where that is not its own name.
    """
    copies = sum(len(one.others) for one in found.clusters)
    shown = found.clusters[:_SHOWN_CLUSTERS]
    left = len(found.clusters) - len(shown)
    more = counted(left, "smaller cluster")
    media, pictures = StoredMedia(collection.path), InlinePictures(decoders, _MOST_BYTES)
    return document(
        f"Duplicates in {name or collection.path.name}",
        _STYLE,
        [
            (
                f"<p>{counted(len(found.clusters), 'cluster')} with {of_copies(copies)} among "
                f"{counted(found.pictures, 'picture')}, {in_bytes(found.reclaimable_bytes)} beside "
                "those to keep. Nothing was removed. Of each cluster the picture that shows most "
                "in most pixels is marked for keeping.</p>"
            ),
            *(f"<p class=warning>{html.escape(one)}.</p>" for one in warnings_of(found)),
            *(_section(number, one, media, pictures) for number, one in enumerate(shown, 1)),
            *(
                [f"<p class=muted>{more} not shown here; the CSV lists them all.</p>"]
                if left
                else []
            ),
        ],
    )


def _section(number: int, cluster: Cluster, media: StoredMedia, pictures: InlinePictures) -> str:
    members = [
        _figure(cluster.keep, media, pictures, keep=True),
        *(_figure(one, media, pictures) for one in cluster.others),
    ]
    count = counted(len(members), "picture")
    spare = in_bytes(sum(one.size_bytes for one in cluster.others))
    head = f"<h2>Cluster {number}: {count}, {spare} beside the one to keep</h2>"
    return f"<section>{head}<div class=members>{''.join(members)}</div></section>"


def _figure(
    member: Member, media: StoredMedia, pictures: InlinePictures, *, keep: bool = False
) -> str:
    try:
        data: bytes | None = media.read(member.part.uri)
    except BinocleError:  # moved since
        data = None
    picture = pictures.img(data, _SIDE, member.record_id) or "<div class=none></div>"
    name, uri = html.escape(member.record_id), html.escape(member.part.uri)
    said = "keep" if keep else f"{member.verdict}, {member.confidence:.0%} sure"
    size = f"{member.width} × {member.height}, {member.size_bytes / 1000:,.0f} kB"
    why = f"<br>{html.escape(member.why)}" if member.why else ""
    place = f"<br><span class=muted>{uri}</span>"
    caption = f"<b>{said}</b>{why}<br>{name}<br>{size}{place}"
    kind = " class=keep" if keep else ""
    return f"<figure{kind}>{picture}<figcaption>{caption}</figcaption></figure>"
