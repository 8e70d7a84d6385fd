"""How far a picture's way in and a query's way out are: which functions of the program they call.

Indexes folders of one, two and three pictures, in batches of one, and counts the functions that
each further picture has called once more: in this process and in the decoders. What a run calls
once, however many pictures it has, is told apart. Then serves the collection and counts what a
search over HTTP calls, the last of three, so that what is loaded once is not among it. Functions
within functions count as their own; lambdas, comprehensions and what Python makes of data classes
do not. Needs no more than the installed program:

    python -m experiments.walks PICTURE PICTURE PICTURE --list
"""

import argparse
import socket
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import uvicorn

from api.cli.serve import config_of
from api.container import Container
from api.http.app import create_app
from api.settings import Settings
from binocle.encoders.names import canonical_name
from binocle.encoders.registry import open_encoder
from experiments.walks.calls import Calls
from experiments.walks.indexing import indexed

_QUERIES = ("a dog runs on grass", "a child in the snow", "two people by the sea")


def searched(calls: Calls, container: Container, name: str) -> Counter[str]:
    """Return what a search over HTTP calls."""
    config = config_of(create_app(container), container.settings, log_level="warning")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            port = listener.getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                for query in _QUERIES:
                    time.sleep(1)  # what the service does after an answer is over
                    with calls.counted() as found:
                        answer = client.post(
                            f"/v1/collections/{name}/search", json={"query": query}
                        ).raise_for_status()
                        assert answer.json()["hits"]
            return found
        finally:
            server.should_exit = True
            thread.join()


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, nargs=3)
    parser.add_argument("--list", action="store_true", help="name the functions")
    asked = parser.parse_args()
    calls = Calls()
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), workers=1)
        encoder = open_encoder(canonical_name(settings.model))
        _, one, two, three = (  # the first loads what all need
            indexed(calls, settings, encoder, name, asked.picture[:count])
            for name, count in (("first", 1), ("one", 1), ("two", 2), ("three", 3))
        )
        search = searched(calls, Container(settings), "three")
    # both times, as threads open a connection more now and then
    picture = {name for name, count in three.items() if count > two[name] > one[name]}
    _print("a picture's way in", picture, by_name=asked.list)
    _print("what a run calls once around it", set(three) - picture, by_name=asked.list)
    _print("a query's way out over HTTP", set(search), by_name=asked.list)


def _print(what: str, functions: set[str], *, by_name: bool) -> None:
    files = {one.split(" ")[0] for one in functions}
    print(f"{what}: {len(functions)} functions in {len(files)} files")
    if by_name:
        print(*(f"  {one}" for one in sorted(functions)), sep="\n")


if __name__ == "__main__":
    main()
