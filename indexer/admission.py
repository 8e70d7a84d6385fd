"""What may come in of a source: a candidate that is too much by itself costs only itself."""

import hashlib

from binocle.metadata.record_limits import problem_of_metadata, problem_of_text
from binocle.types import Skip
from indexer.sources.base import Candidate, printable

_MAX_ID_CHARACTERS = 1_024  # as over HTTP: an id is part of addresses


def admitted(candidate: Candidate) -> Candidate:
    """Return a candidate that can be stored: itself, or why it cannot under a key that can."""
    problem = _problem_of(candidate)
    if problem is None:
        return candidate
    key, uri = _short(candidate.key), _short(candidate.uri)
    return Candidate(key, candidate.fingerprint, _short(candidate.record_id), uri, skip=problem)


def _problem_of(candidate: Candidate) -> Skip | None:
    longest = max(len(candidate.record_id), len(candidate.key))
    if longest > _MAX_ID_CHARACTERS:
        reason = f"its id has {longest:,} characters, more than the limit of {_MAX_ID_CHARACTERS:,}"
        return Skip("too-large", f"{reason}; name another column with --id-column")
    problems = [problem_of_text(candidate.record_id, "its id")]
    problems += [problem_of_text(one.text, f"the text {one.role!r}") for one in candidate.texts]
    return next(filter(None, problems), None) or problem_of_metadata(candidate.metadata)


def _short(text: str) -> str:
    """Return a text that can be stored and is another for another text."""
    if len(text) <= _MAX_ID_CHARACTERS:
        return printable(text)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return printable(f"{text[:100]}…{digest}")
