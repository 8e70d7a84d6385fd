"""What records and agents say, in a line that it cannot end: as JSON, without what nobody sees."""

import json


def line_of(value: object) -> str:
    """Return a value as JSON in one line; characters that cannot be printed are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)


def shortened(text: str, most: int) -> str:
    """Return a text in one line, cut where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
