"""What was verified, sorted into copies and variants."""

from dataclasses import replace

from binocle.fingerprints.variation import Variation
from search.copies.candidates import CopyCandidate
from search.copies.lookup_candidates import Findings, judgements_of
from tests.search.copies.test_verdicts import match


def test_copies_and_variants_are_kept_apart_and_the_rest_is_dropped() -> None:
    found = Findings()
    found.add(1, match(log_odds=4.0))
    found.add(2, replace(match(log_odds=4.0), variation=Variation(2.0, ())))
    found.add(3, match(log_odds=-4.0))
    found.add(4, None)
    assert (list(found.copies), list(found.variants)) == ([1], [2])


def test_a_product_that_another_explains_better_becomes_a_variant() -> None:
    found = Findings()
    found.add(1, match(colours=1))
    found.add(2, match(colours=9))
    found.keep_truest()
    assert (list(found.copies), list(found.variants)) == ([1], [2])


def test_what_was_verified_is_named_before_what_is_similar() -> None:
    suspects = {one: CopyCandidate(one, similarity=0.9) for one in (1, 2, 3)}
    variant = replace(match(log_odds=4.0), variation=Variation(2.0, ()))
    judged = judgements_of([7], {1: match(log_odds=4.0)}, set(), {2: variant}, suspects)
    named = {one: judgement.verdict for one, judgement in judged.items()}
    assert named == {7: "same-file", 1: "near-duplicate", 2: "variant", 3: "similar"}
