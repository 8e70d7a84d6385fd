"""What a filter may have meant that it does not say: fields and types no record has."""

from binocle.catalog import reading
from binocle.collection import Collection
from binocle.filters import And, Comparison, Filter, Not, Or

_OWN_FIELDS = ("id", "uri")
_SHOWN = 12


def doubts(collection: Collection, where: Filter) -> list[str]:
    """Return one line for every comparison that cannot mean what it seems to.

    A field that no record has, or that holds texts where a number is asked for, makes a filter
    pass nothing, or everything, without a word; so somebody should say it.
    """
    comparisons = [one for one in _comparisons(where) if one.field not in _OWN_FIELDS]
    found: dict[str, None] = {}
    with collection.reading() as connection:
        for field in dict.fromkeys(one.field for one in comparisons):
            types = reading.field_types(connection, field)
            asked = {_type(one) for one in comparisons if one.field == field} - {None}
            if not types:
                names = reading.field_names(connection)
                shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
                found[f"no record has a field {field!r}; there are: {shown or 'none'}"] = None
            elif asked and not asked & types:
                holds = " and ".join(sorted(types))
                found[f"the field {field!r} holds {holds}, and is compared with others"] = None
    return list(found)


def _comparisons(where: Filter) -> list[Comparison]:
    match where:
        case And(clauses) | Or(clauses):
            return [one for clause in clauses for one in _comparisons(clause)]
        case Not(clause):
            return _comparisons(clause)
        case Comparison():
            return [where]


def _type(comparison: Comparison) -> str | None:
    value = comparison.value
    if comparison.operator == "exists" or value == ():
        return None
    values = value if isinstance(value, tuple) else (value,)
    kinds = {"texts" if isinstance(one, str) else "numbers" for one in values}
    return kinds.pop() if len(kinds) == 1 else None
