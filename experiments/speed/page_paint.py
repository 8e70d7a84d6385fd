"""How soon the page shows what a search found: ``scripts/bench page``.

Makes a collection of products that are drawn here (the weight-free encoder, a title, a price and a
colour each), serves it, and opens a search in Chromium, each time as a browser that has never been
here: nothing is cached. Times are from the navigation on.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, sync_playwright

from experiments.serving import chromium, run, served

_COLOURS = {
    "red": (200, 30, 30), "green": (40, 150, 60), "blue": (40, 70, 200), "yellow": (230, 210, 50),
    "black": (20, 20, 20), "orange": (240, 130, 30), "purple": (120, 40, 150),
}  # fmt: skip
_THINGS = ("shoes", "bag", "watch", "shirt", "lamp", "chair", "bottle", "scarf")
_WATCH = """() => {
    const seen = (window.seen = {});
    const painted = (name) => {
        if (name in seen) return;
        seen[name] = 0;
        requestAnimationFrame(() => setTimeout(() => { seen[name] = performance.now(); }));
    };
    const inWindow = (one) => one.getBoundingClientRect().top < innerHeight;
    const look = () => {
        const tiles = [...document.querySelectorAll('.tile')].filter(inWindow);
        if (!tiles.length) return;
        painted('tiles');
        const here = tiles.filter((one) => one.querySelector('img.here'));
        if (here.length) painted('picture');
        if (here.length === tiles.length) painted('all pictures');
    };
    new MutationObserver(look).observe(
        document, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
}"""
_DETAILS = """() => performance.getEntriesByType('resource')
    .filter((one) => !one.name.includes('/thumbnail'))
    .map((one) => [one.name.replace(/.*\\/(page\\/[^/]+\\/|v1\\/)/, ''),
                   Math.round(one.startTime), Math.round(one.responseEnd)])"""


def main() -> None:
    """Print the median and the spread of each moment."""
    parser = argparse.ArgumentParser(prog="scripts/bench page", description=__doc__)
    parser.add_argument("--count", type=int, default=50_000, help="records")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--query", action="append", help="may be repeated")
    parser.add_argument("--home", type=Path, help="where the collection is kept for another time")
    parser.add_argument("--details", action="store_true", help="when each answer came, last round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = options.home or Path(temporary)
        if not (home / "collections").is_dir():
            make_collection(home, options.count)
        with served(home) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for query in options.query or ("red shoes", "green", ""):
                measure(browser, f"{url}/?c=big&q={quote(query)}", options)
            browser.close()


def make_collection(home: Path, count: int) -> None:
    """Draw products and index them."""
    rng = np.random.default_rng(11)
    pictures = home / "pictures"
    pictures.mkdir(parents=True)
    rows = []
    for number in range(count):
        colour, thing = str(rng.choice(list(_COLOURS))), str(rng.choice(_THINGS))
        name = f"{number:05}.jpg"
        draw(rng, _COLOURS[colour]).save(pictures / name, quality=80)
        price = round(float(rng.lognormal(3.5, 0.8)), 2)
        title = f"{colour} {thing} model {number}"
        rows.append({"id": f"p{number:05}", "image": name, "title": title, "price": price,
                     "color": colour, "kind": thing})  # fmt: skip
    table = pictures / "products.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    run(home, "index", str(table), "-c", "big", "--model", "colour")


def draw(rng: np.random.Generator, colour: tuple[int, int, int]) -> Image.Image:
    """Return a shape of a colour on a pale ground, of one of several sizes."""
    width, height = int(rng.integers(160, 320)), int(rng.integers(160, 320))
    ground = tuple(int(one) for one in rng.integers(200, 256, 3))
    picture = Image.new("RGB", (width, height), ground)
    left, top = rng.integers(5, width // 3), rng.integers(5, height // 3)
    shade = tuple(int(np.clip(one + rng.integers(-25, 26), 0, 255)) for one in colour)
    box = (int(left), int(top), width - int(left), height - int(top))
    pencil = ImageDraw.Draw(picture)
    (pencil.ellipse if rng.random() < 0.5 else pencil.rectangle)(box, fill=shade)
    return picture


def measure(browser: Browser, url: str, options: argparse.Namespace) -> None:
    """Open an address as often as there are rounds, the first time without counting it."""
    moments: dict[str, list[float]] = {}
    for number in range(options.rounds + 1):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.add_init_script(f"({_WATCH})()")
        page.goto(url)
        while not page.evaluate("window.seen['all pictures'] || 0"):
            page.wait_for_timeout(50)  # the page lets nothing be evaluated that could wait for it
        if number:
            for name, at in page.evaluate("window.seen").items():
                moments.setdefault(name, []).append(at)
        if options.details and number == options.rounds:
            for name, start, end in page.evaluate(_DETAILS):
                print(f"  {start:6} – {end:6} ms  {name}")
        context.close()
    for name, times in moments.items():
        middle = statistics.median(times)
        asked = url.partition("?")[2]
        print(f"{asked:24}  {name:12} {middle:6.0f} ms ({min(times):.0f} – {max(times):.0f})")


if __name__ == "__main__":
    main()
