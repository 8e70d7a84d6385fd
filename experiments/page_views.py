"""Every view of the page at every width, in both themes and languages, on sheets to be looked at.

Serves the demo's drawings, or looks at a service that runs (``--url``, ``--collection``), and
writes a sheet for each width, theme and language. What axe finds serious and what scrolls sideways
is told.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from experiments.serving import chromium, run, served

WIDTHS = {360: 760, 1280: 800, 2560: 1300}  # and heights
THEMES = ("light", "dark")
LANGUAGES = ("en-US", "zh-CN")
_SHOWN = {360: 360, 1280: 640, 2560: 853}  # on the sheet
_COLUMNS = {360: 5, 1280: 3, 2560: 2}
_READY = (
    ".found:not(.stale) .tile img.here, .empty button, table.list, #lookup-title, #copies-title"
)


@dataclass(frozen=True, slots=True)
class View:
    """Something to look at: the rest of its address, and what is done once it is there."""

    name: str
    rest: str
    act: Callable[[Page], None] = lambda _: None


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="a folder for the sheets")
    parser.add_argument("--url", help="of a service that runs; else the demo is served")
    parser.add_argument("--collection", default="demo")
    parser.add_argument("--words", default="a red flower", help="that find something there")
    parser.add_argument("--field", default="", help="with a value, such as color=Red")
    parser.add_argument("--picture", type=Path, help="to look up; else one is drawn")
    parser.add_argument("--no-axe", action="store_true")
    parser.add_argument("--look", action="append", help="only such as 1280-dark-zh-CN")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _service(options.url, Path(folder)) as url:
        picture = options.picture or _drawn(Path(folder) / "asked.png")
        views = views_of(options.collection, options.words, options.field, picture)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            for look in [(w, t, one) for w in WIDTHS for t in THEMES for one in LANGUAGES]:
                name = "{}-{}-{}".format(*look)
                if options.look and name not in options.look:
                    continue
                path = options.to / f"{name}.webp"
                _sheet(browser, url, views, look, axe=not options.no_axe).save(path, quality=85)
                print(f"wrote {path}")


def views_of(collection: str, words: str, field: str, picture: Path) -> list[View]:
    """Return ten views of a collection."""
    start = f"/?c={collection}"
    asked = f"{start}&q={words.replace(' ', '+')}"
    name, _, value = field.partition("=")
    narrowed = f"&is.{name}={value}&sort=-price" if field else "&sort=-bytes"
    unlikely = f"{start}&q={words.replace(' ', '+')}+without+water+under+1&min.bytes=99999999"
    return [
        View("everything", start),
        View("read", f"{asked}+but+not+blue", _open_piece),
        View("filters", f"{asked}{narrowed}", _open_filters),
        View("nothing", unlikely),
        View("large", asked, _open_first),
        View("selection", asked, _select),
        View("lookup", f"{start}&view=lookup", lambda page: _look_up(page, picture)),
        View("duplicates", f"{start}&view=duplicates", _find_duplicates),
        View("collections", f"{start}&view=collections"),
        View("rules", f"{asked}&view=rules", _edit_rules),
    ]


def _open_piece(page: Page) -> None:
    page.locator(".reading .chip .what").first.click()


def _open_filters(page: Page) -> None:
    if not page.locator("#facets").count():
        page.keyboard.press("f")
    page.locator(".facet").first.wait_for()


def _open_first(page: Page) -> None:
    page.locator(".tile").first.click()
    page.get_by_role("dialog").locator("img").first.wait_for()


def _select(page: Page) -> None:
    page.locator(".tile").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")


def _look_up(page: Page, picture: Path) -> None:
    page.locator("input[data-lookup]").set_input_files(picture)
    page.locator(".verdict-line").wait_for()


def _find_duplicates(page: Page) -> None:
    page.locator("section[aria-labelledby=copies-title] button").first.click()
    page.wait_for_timeout(4000)


def _edit_rules(page: Page) -> None:
    for button in page.locator(".rules section > button").all():
        button.click()


def _sheet(
    browser: Browser, url: str, views: list[View], look: tuple[int, str, str], *, axe: bool
) -> Image.Image:
    """Return what all views show at a width, in a theme and a language."""
    width, theme, language = look
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        locale=language,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    try:
        seen = [(view.name, _seen(context, url, view, look, axe=axe)) for view in views]
    finally:
        context.close()
    return _together(seen, width)


def _seen(
    context: BrowserContext, url: str, view: View, look: tuple[int, str, str], *, axe: bool
) -> Image.Image:
    page = context.new_page()
    where = f"{view.name} {look}"
    page.on("pageerror", lambda error: print(f"{where}: {error}"))
    try:
        page.goto(f"{url}{view.rest}")
        page.locator(_READY).or_(page.locator(".rules-bar")).first.wait_for()
        view.act(page)
        page.wait_for_timeout(600)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            print(f"{where}: scrolls sideways")
        for one in _serious(page) if axe else ():
            print(f"{where}: {one}")
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    except Exception as error:  # the other views are looked at all the same
        print(f"{where}: {error}")
        return Image.new("RGB", (look[0], WIDTHS[look[0]]), "red")
    finally:
        page.close()


def _serious(page: Page) -> Iterator[str]:
    found: dict[str, Any] = Axe().run(page).response
    for one in found["violations"]:
        if one["impact"] in {"serious", "critical"}:
            yield f"{one['id']}: {one['nodes'][0]['html'][:160]}"


def _together(seen: list[tuple[str, Image.Image]], width: int) -> Image.Image:
    shown, columns = _SHOWN[width], _COLUMNS[width]
    height = WIDTHS[width] * shown // width
    rows = -(-len(seen) // columns)
    sheet = Image.new("RGB", (columns * (shown + 12), rows * (height + 28)), "#888888")
    pencil = ImageDraw.Draw(sheet)
    for place, (name, picture) in enumerate(seen):
        left, top = place % columns * (shown + 12) + 6, place // columns * (height + 28) + 22
        sheet.paste(picture.resize((shown, height), Image.Resampling.LANCZOS), (left, top))
        pencil.text((left, top - 16), name, fill="white")
    return sheet


@contextmanager
def _service(url: str | None, home: Path) -> Iterator[str]:
    if url is not None:
        yield url.rstrip("/")
        return
    run(home, "demo")
    with served(home) as own:
        yield own


def _drawn(path: Path) -> Path:
    Image.effect_mandelbrot((400, 300), (-2, -1.5, 1, 1.5), 80).convert("RGB").save(path)
    return path


if __name__ == "__main__":
    main()
