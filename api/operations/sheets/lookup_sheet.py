"""What lookups found as a page: the verdict, both pictures beside each other, regions drawn."""

import html
from collections.abc import Iterable, Sequence

from api.operations.plurals import counted
from api.operations.sheets.html_document import InlinePictures, document
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from binocle.media.decoder_pool import DecoderPool
from binocle.types import Part
from indexer.stored_media import StoredMedia
from search.copies.lookup_candidates import LookupAnswer, LookupCandidate
from search.copies.verdicts import COPIES, Judgement, ShownRegion

MOST_PICTURES = 200
_MOST_BYTES = 12_000_000  # of pictures; behind them only what is said
_SIDE, _SMALL = 640, 320
_MOST_OTHERS = 12
_SAID = {
    "same-file": "the same file as",
    "same-pixels": "the same pixels as",
    "near-duplicate": "a near-duplicate of",
    "mirrored": "a mirrored copy of",
    "rotated": "a turned copy of",
    "part": "in part the same as",
    "variant": "a variant of",
    "hash-match": "by its hash near to",
    "similar": "similar to",
    "none": "nothing of",
}
_STYLE = """
.pair{display:flex;flex-wrap:wrap;gap:16px;margin:8px 0}
.pair figure{max-width:40rem;min-width:0}
.frame{position:relative;display:inline-block;max-width:100%}
.frame img,.others img{display:block;max-width:100%;max-height:28rem;border-radius:2px}
.frame svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.frame polygon,.frame rect{fill:none;stroke:var(--good);stroke-width:3;
vector-effect:non-scaling-stroke}
.frame .differing{stroke:var(--bad);stroke-dasharray:6 4}
.others{display:flex;flex-wrap:wrap;gap:8px;padding:0;list-style:none}
.others li{width:10rem}.others img{max-height:8rem}
.verdict{font-size:1.0625rem;font-weight:600}.yes{color:var(--good)}.no{color:var(--muted)}
.maybe{color:var(--caution)}.wrong{color:var(--bad)}
.frame+figcaption{margin-top:4px}
.none{height:8rem}
"""


class LookupSheet:
    """Gathers what is known of pictures, one after the other."""

    def __init__(self, collection: Collection, decoders: DecoderPool) -> None:
        """Set up.

        Args:
            collection: Where pictures were looked for.
            decoders: Make the small pictures.
        """
        self._name = collection.path.name
        self._media = StoredMedia(collection.path)
        self._pictures = InlinePictures(decoders, _MOST_BYTES)
        self._sections: list[str] = []
        self._found = self._asked = self._listed = 0

    def add(self, name: str, data: bytes, answer: LookupAnswer | str) -> None:
        """Take in a picture.

        Args:
            name: What it is called.
            data: Its file; empty where it could not be read.
            answer: What is known of it; a text says why that is nothing.
        """
        self._asked += 1
        is_found = not isinstance(answer, str) and answer.verdict in COPIES
        self._found += is_found
        self._listed += not isinstance(answer, str) and not is_found and bool(answer.listed)
        if self._asked > MOST_PICTURES:
            return
        if isinstance(answer, str):
            parts = [f"<p class='verdict wrong'>{html.escape(answer)}</p>"]
        else:
            parts = [*self._verdict(answer), *_listed(answer), *self._shown(data, answer)]
        self._sections.append(_section(name, parts))

    def page(self) -> str:
        """Return the page."""
        left = self._asked - MOST_PICTURES
        near = f", {self._listed:,} more near a hash of a list" if self._listed else ""
        return document(
            f"Looked up in {self._name}",
            _STYLE,
            [
                (
                    f"<p class=muted>{counted(self._asked, 'picture')} looked up, "
                    f"{self._found:,} of them in {html.escape(self._name)}{near}. Outlined: what "
                    "both pictures show; dashed: where a variant differs.</p>"
                ),
                *self._sections,
                *([f"<p class=muted>{counted(left, 'more picture')} not shown here.</p>"]
                  if left > 0 else []),
            ],
        )  # fmt: skip

    def _verdict(self, answer: LookupAnswer) -> list[str]:
        name = html.escape(self._name)
        if not answer.candidates:
            return [] if answer.listed else [f"<p class='verdict no'>Not in {name}.</p>"]
        best = answer.candidates[0]
        said = _said(best)
        if answer.verdict in COPIES:
            line = f"<p class='verdict yes'>In {name}: {said}</p>"
        elif answer.verdict == "variant":
            line = f"<p class='verdict maybe'>Not in {name}, but a variant is: {said}</p>"
        elif best.judgement.verdict == "hash-match":
            line = f"<p class='verdict maybe'>Nothing in {name} could be compared: {said}</p>"
        else:
            line = f"<p class='verdict no'>Not in {name}; these only look similar.</p>"
        if not answer.moment:
            return [line]
        return [line, f"<p class=muted>At {answer.moment:.0%} of the animation.</p>"]

    def _shown(self, data: bytes, answer: LookupAnswer) -> Iterable[str]:
        candidates = answer.candidates
        is_match = bool(candidates) and candidates[0].judgement.verdict != "similar"
        best = candidates[0] if is_match else None
        asked = self._pictures.img(data, _SIDE, "the picture looked up")
        yield "<div class=pair>"
        yield _figure(asked, _outline(best.judgement) if best else "", "Looked up")
        if best is not None:
            stored = self._pictures.img(self._data(best.part), _SIDE, best.record.id)
            yield _figure(stored, _regions(best.judgement), _caption(best))
        yield "</div>"
        others = candidates[1:] if best else candidates
        if others:
            yield "<ul class=others>"
            yield from map(self._other, others[:_MOST_OTHERS])
            yield "</ul>"

    def _other(self, one: LookupCandidate) -> str:
        small = self._pictures.img(self._data(one.part), _SMALL, one.record.id)
        picture = small or "<div class=none></div>"
        return f"<li>{picture}<span class=facts>{_said(one)}</span></li>"

    def _data(self, part: Part) -> bytes | None:
        try:
            return self._media.read(part.uri)
        except BinocleError:  # moved since
            return None


def _section(name: str, parts: Sequence[str]) -> str:
    return "\n".join([f"<section><h2>{html.escape(name)}</h2>", *parts, "</section>"])


def _listed(answer: LookupAnswer) -> Iterable[str]:
    for one in answer.listed:
        label = f" ({html.escape(one.label)})" if one.label else ""
        sure = f"{one.judgement.confidence:.0%} sure"
        yield (
            f"<p class='verdict maybe'>The list {html.escape(one.list_name)} has a hash near its "
            f"own{label}, {one.distance} of 256 bits apart ({sure}); nobody has compared the "
            "pictures.</p>"
        )


def _said(one: LookupCandidate) -> str:
    sure = f"{one.judgement.confidence:.0%} sure"
    return f"{_SAID[one.judgement.verdict]} {html.escape(one.record.id)} ({sure})"


def _caption(one: LookupCandidate) -> str:
    uri = html.escape(one.part.uri)
    turned = f", turned by {one.judgement.angle:.0f}°" if round(one.judgement.angle) else ""
    mirrored = ", mirrored" if one.judgement.is_mirrored else ""
    return (
        f"Stored: {html.escape(one.record.id)}{turned}{mirrored}<br><span class=muted>{uri}</span>"
    )


def _figure(picture: str, drawn: str, caption: str) -> str:
    shown = f"<span class=frame>{picture}{drawn}</span>" if picture else "<div class=none></div>"
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _outline(judgement: Judgement) -> str:
    """Return where the picture looked up shows the stored one; nothing of what was not compared."""
    if judgement.stored_region is None:
        return ""
    corners = judgement.corners or ((0, 0), (1, 0), (1, 1), (0, 1))
    # what was cut off ends where the picture does
    inside = ((min(max(x, 0), 1), min(max(y, 0), 1)) for x, y in corners)
    points = " ".join(f"{x:.4f},{y:.4f}" for x, y in inside)
    return _drawn(f'<polygon points="{points}"/>')


def _regions(judgement: Judgement) -> str:
    """Return what of the stored picture is shown, and where a variant differs."""
    if judgement.stored_region is None:
        return ""
    shown = _box(judgement.stored_region)
    return _drawn(shown + "".join(_box(one, "differing") for one in judgement.differing))


def _drawn(shapes: str) -> str:
    return f'<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{shapes}</svg>'


def _box(one: ShownRegion, kind: str = "shown") -> str:
    return (
        f'<rect class={kind} x="{one.x:.4f}" y="{one.y:.4f}" '
        f'width="{one.w:.4f}" height="{one.h:.4f}"/>'
    )
