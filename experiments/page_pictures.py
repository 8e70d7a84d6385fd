"""The pictures of the documents: what the page shows of pictures that Binocle draws itself.

Makes a collection of the demo's pictures, serves it, looks at it with a real browser, and writes
what is seen as WebP. Nothing of anybody's photographs gets into them.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from experiments.serving import chromium, run, served

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
_WIDTH, _HEIGHT = 1280, 760
_QUALITY = 82


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(description="Pictures of the page, for the documents")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder they are written to")
    to = parser.parse_args().to
    executable = chromium()
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder)) as url:
        sheet = Path(folder) / "sheet.html"
        run(Path(folder), "search", "snow", "-c", "demo", "-k", "8", "--sheet", str(sheet))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            for name, look in _looks(url, sheet).items():
                print(f"{name}: {_written(to / f'{name}.webp', look(browser)):,} bytes")


def _looks(url: str, sheet: Path) -> dict[str, Callable[[Browser], bytes]]:
    """Return by name what takes each picture, as PNG."""
    flower = f"{url}/?c=demo&q={quote('a red flower in green grass')}"
    dress = f"{url}/?c=demo&q={quote('黄色连衣裙')}"
    return {
        "page": lambda browser: _seen(browser, flower, "en-US", "light"),
        "page-chinese-dark": lambda browser: _seen(browser, dress, "zh-CN", "dark"),
        "page-detail": lambda browser: _seen(browser, flower, "en-US", "light", _open_first),
        "contact-sheet": lambda browser: _seen(browser, sheet.as_uri(), "en-US", "light"),
    }


def _seen(
    browser: Browser,
    url: str,
    locale: str,
    scheme: str,
    act: Callable[[Page], None] = lambda _: None,
) -> bytes:
    """Return what a window shows of an address once all its pictures are there."""
    context = browser.new_context(
        viewport={"width": _WIDTH, "height": _HEIGHT},
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.goto(url)
        page.locator(".tile img.here, main li img").first.wait_for()
        page.wait_for_load_state("networkidle")
        act(page)
        return page.screenshot()
    finally:
        context.close()


def _open_first(page: Page) -> None:
    page.locator(".tile").first.click()
    page.get_by_role("dialog").locator("img").first.wait_for()
    page.wait_for_load_state("networkidle")


def _written(path: Path, png: bytes) -> int:
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(path, "WEBP", quality=_QUALITY, method=6)
    return path.stat().st_size


@contextmanager
def _demo(home: Path) -> Iterator[str]:
    """Serve a home with the demo's collection, and give its address."""
    run(home, "demo")
    with served(home) as url:
        yield url


if __name__ == "__main__":
    main()
