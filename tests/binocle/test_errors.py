"""The tree of errors: what the docstring draws is what the classes are."""

from collections.abc import Iterator

from binocle import errors


def _drawn(kind: type[errors.BinocleError], depth: int = 0) -> Iterator[tuple[int, str, str]]:
    yield depth, kind.__name__, kind.code
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield from _drawn(one, depth + 1)


def test_docstring_draws_every_error_with_its_code_below_its_base() -> None:
    rows = [line for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")]
    seen = [((len(row) - len(row.lstrip()) - 4) // 2, *row.split()) for row in rows]
    assert seen == list(_drawn(errors.BinocleError))


def test_codes_are_unique() -> None:
    codes = [code for _, _, code in _drawn(errors.BinocleError)]
    assert len(codes) == len(set(codes))
