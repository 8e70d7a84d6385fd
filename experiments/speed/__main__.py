"""``scripts/bench NAME OPTIONS``: which module measures what."""

import os
import sys
from importlib import import_module

from api.cli.resident.asking import LOADED_WITH

_MODULES = {
    "all": "experiments.speed.every_figure",
    "pictures": "experiments.speed.search_speed",
    "indices": "experiments.speed.search_speed",
    "search": "experiments.speed.search_speed",
    "filters": "experiments.speed.search_speed",
    "service": "experiments.speed.service_load",
    "commands": "experiments.speed.commands",
    "wire": "experiments.speed.wire",
    "lines": "experiments.speed.lines",
    "beside": "experiments.speed.beside",
    "page": "experiments.speed.page_paint",
    "soak": "experiments.speed.soak",
    "peers": "experiments.speed.indices.peers",
    "index-life": "experiments.speed.indices.index_life",
    "lookup-speed": "experiments.speed.lookup_speed",
    "duplicate-speed": "experiments.speed.duplicate_speed",
    "lookup": "experiments.copies.lookup_quality",
}


def main() -> None:
    """Run the measurement named first."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in _MODULES:
        sys.exit(f"usage: scripts/bench {'|'.join(_MODULES)} OPTIONS")
    module = _MODULES[name]
    if module != "experiments.speed.search_speed":  # it tells its own measurements apart
        del sys.argv[1]
    for setting, value in LOADED_WITH.items():  # as the program does: before torch and FAISS load
        os.environ.setdefault(setting, value)
    import_module(module).main()


if __name__ == "__main__":
    main()
