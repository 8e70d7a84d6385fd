"""A slow and obvious evaluation of filters, facets, sort orders and groups, by an outsider.

It shares no code with Binocle: rows are Python dictionaries whose columns it knows the types of, a
filter is a tree of tuples, written out as text or as JSON for Binocle and evaluated here.
"""

import math
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
Tree = tuple[Any, ...]
STRAYS = ("Get", "on request")
TITLES = (
    "Café chair", "Cafe\u0301 table", "STRASSE sign", "Straße lamp", "red Linen shirt", "bored man",
    "İstanbul rug", "红色连衣裙", "赤いドレス", "ΣΊΣΥΦΟΣ mug", "naïve 50% off", "a_b [x] (y)",
)  # fmt: skip
PARTS = (
    "café",
    "Cafe\u0301",
    "strasse",
    "RED",
    "红色",
    "ドレ",
    "σίσυφος",
    "50%",
    "_b [",
    "e",
    "linen shirt",
    "zz",
)
TAGS = ("red", "bored", "Red wine", "été", "红色", "sale")
BRANDS = ("Acme", "acme", "Zeta", "Émile", "东芝", "O'Neill")
SPOTS = (
    (0.0, 179.95), (0.0, -179.95), (89.9, 10.0), (89.9, -170.0), (-90.0, 0.0), (48.1, 11.5),
    (48.2, 11.6), (-16.5, 180.0), (-16.5, -180.0),
)  # fmt: skip
_MONTHS = ("january", "feb", "march", "apr", "may", "june", "july", "aug", "sep", "october",
           "november", "dec")  # fmt: skip


def make_rows(chance: random.Random, today: date, count: int) -> list[dict[str, Any]]:
    """Return random rows as a table holds them: some values missing, a few prices no numbers."""
    rows = []
    strays = count // 75  # 2 of at least 110 or so
    for number in range(count):
        latitude, longitude = chance.choice(SPOTS)
        row: dict[str, Any] = {
            "id": f"r{number:03}",
            "title": chance.choice(TITLES),
            "price": _price(chance),
            "rating": chance.choice([1, 2, 2.5, 3, 4.75, 5]),
            "brand": chance.choice(BRANDS),
            "tags": chance.sample(TAGS, chance.randint(1, 3)),
            "added": _snapshot(chance, today),
            "stock": chance.random() < 0.5,
            "latitude": latitude,
            "longitude": longitude,
            "style": f"s{chance.randint(0, count // 4)}",
        }
        if strays and chance.random() < 0.2:
            row["price"] = chance.choice(STRAYS)
            strays -= 1
        for name in ("price", "rating", "brand", "tags", "added", "stock", "style"):
            if chance.random() < 0.15:
                row[name] = chance.choice([None, "", "absent"]) if name == "brand" else None
                if row[name] in (None, "absent"):
                    del row[name]
        rows.append(row)
    return rows


def _price(chance: random.Random) -> Any:
    amount = chance.choice([5, 19.5, 1299, 1299, 20000, 0, -3])
    return f"₹{amount:,}" if chance.random() < 0.1 and amount > 0 else amount


def _snapshot(chance: random.Random, today: date) -> str:
    day = today - timedelta(days=chance.choice([0, 1, 3, 7, 12, 31, 60, 200, 366, 700, 1500]))
    time = f"T{chance.randint(0, 23):02}:{chance.choice([0, 30]):02}:{chance.randint(0, 59):02}"
    return day.isoformat() + chance.choice(["", time, time + "Z", time + "+05:30", time + "-08:00"])


def value_of(row: Row, name: str) -> Any:
    """Return a value as its column's type; None for a missing one and for a stray."""
    value = row.get(name)
    if name == "price" and isinstance(value, str):
        return None if value in STRAYS else float(value.replace("₹", "").replace(",", ""))
    return None if value == "" else value


def make_tree(chance: random.Random, today: date, depth: int = 0) -> Tree:
    """Return a random filter."""
    kind = chance.random()
    if depth < 3 and kind < 0.4:
        clauses = [make_tree(chance, today, depth + 1) for _ in range(chance.randint(2, 3))]
        return (chance.choice(["and", "or"]), clauses)
    if depth < 3 and kind < 0.5:
        return ("not", make_tree(chance, today, depth + 1))
    makers: list[Callable[[], Tree]] = [
        lambda: (chance.choice(["lt", "lte", "gt", "gte", "eq", "ne"]), chance.choice(
            ["price", "rating"]), chance.choice([0, 2.5, 5, 19.5, 1299, -3])),
        lambda: (chance.choice(["eq", "ne"]), "brand", chance.choice(BRANDS)),
        lambda: ("eq", "tags", chance.choice(TAGS)),
        lambda: ("eq", "stock", chance.random() < 0.5),
        lambda: ("in", "brand", chance.sample(BRANDS, 2)),
        lambda: ("contains", chance.choice(["title", "tags"]), chance.choice(PARTS)),
        lambda: ("prefix", "brand", chance.choice(["A", "a", "东", "É", "O'"])),
        lambda: ("exists", chance.choice(["price", "brand", "added", "never", "tags"])),
        lambda: ("during", "added", chance.choice(make_spans(chance, today))),
        lambda: ("near", "location", *chance.choice(SPOTS), chance.choice([0.5, 20, 1200, 9000])),
    ]  # fmt: skip
    return chance.choice(makers)()


def make_spans(chance: random.Random, today: date) -> list[tuple[str, date, date]]:
    """Return times as people say them, with their first day and the day behind their last."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    last_first = (first - timedelta(days=1)).replace(day=1)
    some = today - timedelta(days=chance.randint(0, 800))
    some_first = some.replace(day=1)
    some_end = (some_first + timedelta(days=32)).replace(day=1)
    ever, never = date.min, date.max
    summers = [(date(today.year - back, 6, 1), date(today.year - back, 9, 1)) for back in (0, 1)]
    summer = next(one for one in summers if one[1] <= today)
    day, month = timedelta(days=1), f"{some:%Y-%m}"
    return [
        ("today", today, today + day),
        ("yesterday", today - day, today),
        ("this week", monday, monday + 7 * day),
        ("Last  Week", monday - 7 * day, monday),
        ("this month", first, (first + 32 * day).replace(day=1)),
        ("last month", last_first, first),
        ("this year", date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        ("last year", date(today.year - 1, 1, 1), date(today.year, 1, 1)),
        ("last 30 days", today - 29 * day, today + day),
        ("last 2 weeks", today - 13 * day, today + day),
        ("last summer", *summer),
        (str(some.year), date(some.year, 1, 1), date(some.year + 1, 1, 1)),
        (month, some_first, some_end),
        (f"{_MONTHS[some.month - 1]} {some.year}", some_first, some_end),
        (some.isoformat(), some, some + day),
        (f"{some.year - 1}..{month}", date(some.year - 1, 1, 1), some_end),
        (f"{some.isoformat()}..", some, never),
        (f"between {month} and {today.isoformat()}", some_first, today + day),
        (f"since {month}", some_first, never),
        (f"before {some.isoformat()}", ever, some),
        (f"after {month}", some_end, never),
        (f"winter {some.year}", date(some.year, 12, 1), date(some.year + 1, 3, 1)),
    ]


def passes(row: Row, tree: Tree) -> bool:
    """Tell whether a row passes a filter."""
    operator, *rest = tree
    if operator in ("and", "or"):
        return (all if operator == "and" else any)(passes(row, one) for one in rest[0])
    if operator == "not":
        return not passes(row, rest[0])
    if operator == "near":
        return bool(kilometres((row["latitude"], row["longitude"]), (rest[1], rest[2])) <= rest[3])
    name = rest[0]
    found = value_of(row, name)
    values = found if isinstance(found, list) else [] if found is None else [found]
    if operator == "exists":
        return bool(values)
    wanted = rest[1]
    if operator == "ne":
        return wanted not in values
    return any(_test(operator, one, wanted, in_list=isinstance(found, list)) for one in values)


def _test(operator: str, value: Any, wanted: Any, *, in_list: bool) -> bool:
    if operator == "in":
        return value in wanted
    if operator == "contains":
        one, part = fold(value), fold(wanted)
        places = [at for at in range(len(one)) if one.startswith(part, at)]
        return any(not in_list or _whole(one, at, part) for at in places)
    if operator == "prefix":
        return bool(value.startswith(wanted))
    if operator == "during":
        return bool(wanted[1] <= datetime.fromisoformat(value).date() < wanted[2])
    return bool({
        "eq": value == wanted,
        "lt": value < wanted,
        "lte": value <= wanted,
        "gt": value > wanted,
        "gte": value >= wanted,
    }[operator])  # fmt: skip


def fold(text: str) -> str:
    """Return a text without differences of case and of how accents are stored."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _whole(text: str, at: int, part: str) -> bool:
    """Tell whether a part that was found is whole words; Chinese has no spaces."""
    before, after = text[at - 1 : at], text[at + len(part) :][:1]
    return not (_joins(before, part[0]) or _joins(after, part[-1]))


def _joins(outside: str, inside: str) -> bool:
    return inside < "\u2e80" and (outside.isalnum() or outside == "_")


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two places, by the angle between vectors from the Earth's middle."""

    def vector(place: tuple[float, float]) -> tuple[float, float, float]:
        north, east = math.radians(place[0]), math.radians(place[1])
        flat = math.cos(north)
        return flat * math.cos(east), flat * math.sin(east), math.sin(north)

    return 6371.0088 * 2 * math.asin(min(1.0, math.dist(vector(one), vector(other)) / 2))


def without(tree: Tree | None, name: str) -> Tree | None:
    """Return a filter without what it demands at its top of one column alone."""
    if tree is None:
        return None
    if tree[0] == "and":
        return ("and", [one for clause in tree[1] if (one := without(clause, name)) is not None])
    return None if names_in(tree) == {name} else tree


def names_in(tree: Tree) -> set[str]:
    """Return the columns that a filter speaks of."""
    if tree[0] in ("and", "or"):
        return set().union(*map(names_in, tree[1]))
    return names_in(tree[1]) if tree[0] == "not" else {tree[1]}


def ordered(rows: Sequence[Row], sorts: Sequence[tuple[str, bool]]) -> list[Row]:
    """Sort rows, the first key deciding; missing values come last either way."""
    found = list(rows)
    for name, descending in reversed(sorts):
        there = [row for row in found if value_of(row, name) is not None]
        key = lambda row: _extreme(value_of(row, name), descending=descending)  # noqa: B023,E731
        there.sort(key=key, reverse=descending)
        found = there + [row for row in found if value_of(row, name) is None]
    return found


def _extreme(value: Any, *, descending: bool) -> Any:
    if isinstance(value, list):
        return max(value) if descending else min(value)
    return value


def counts(rows: Sequence[Row], name: str, limit: int) -> tuple[list[tuple[Any, int]], int, int]:
    """Return the most frequent values, rows that have only others, rows that have none."""
    every: dict[Any, int] = {}
    for row in rows:
        for value in _set_of(row, name):
            every[value] = every.get(value, 0) + 1
    top = sorted(every.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
    shown = {value for value, _ in top}
    sets = [_set_of(row, name) for row in rows]
    return top, sum(bool(one) and not one & shown for one in sets), sum(not one for one in sets)


def _set_of(row: Row, name: str) -> set[Any]:
    value = value_of(row, name)
    return set(value) if isinstance(value, list) else set() if value is None else {value}


def groups(rows: Sequence[Row], name: str) -> list[list[Row]]:
    """Return rows by value, in the order of their first ones; without a value each is alone."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        value = value_of(row, name)
        found.setdefault(("alone", row["id"]) if value is None else value, []).append(row)
    return list(found.values())


def as_text(tree: Tree) -> str:
    """Return a filter as people type it."""
    operator, *rest = tree
    if operator in ("and", "or"):
        return "(" + f" {operator} ".join(map(as_text, rest[0])) + ")"
    if operator == "not":
        return f"not {as_text(rest[0])}"
    if operator == "near":
        return f"location near ({rest[1]}, {rest[2]}, {rest[3]} km)"
    if operator == "exists":
        return f"{rest[0]} exists"
    if operator == "during":
        return f"{rest[0]} in {quoted(rest[1][0])}"
    if operator == "in":
        return f"{rest[0]} in ({', '.join(map(quoted, rest[1]))})"
    sign = {"eq": "=", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
    return f"{rest[0]} {sign.get(operator, operator)} {quoted(rest[1])}"


def quoted(value: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_json(tree: Tree) -> dict[str, Any]:
    """Return a filter as JSON."""
    operator, *rest = tree
    if operator in ("and", "or"):
        return {operator: [as_json(one) for one in rest[0]]}
    if operator == "not":
        return {"not": as_json(rest[0])}
    if operator == "near":
        return {"location": {"near": {"lat": rest[1], "lon": rest[2], "radius": f"{rest[3]}km"}}}
    value = True if operator == "exists" else rest[1][0] if operator == "during" else rest[1]
    return {rest[0]: {operator: value}}
