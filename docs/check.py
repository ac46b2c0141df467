"""Checks the site that `make docs` built: links, and every page in a headless Chromium.

    python docs/check.py docs/_build/html

Without the browser (`--no-browser`, or where none is found) only links are checked. Nothing is
fetched: the browser is offline, so what a page would load from elsewhere shows as an error.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Widths of windows, in CSS pixels: a small phone, a laptop.
WIDTHS = (360, 1280)
#: Sphinx's own pages, which no person is led to.
APART = {"search.html", "genindex.html", "py-modindex.html"}


class Page(HTMLParser):
    """What a page links to, loads and can be linked at."""

    def __init__(self, file: Path) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        found = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := found.get(key))}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(found.get("href") or "")
        elif found.get("src"):
            self.loads.append(found["src"] or "")


def faults_of_links(site: Path) -> Iterator[str]:
    """Yield a sentence for each link that leads nowhere, and for what comes from elsewhere."""
    pages = {file.resolve(): Page(file) for file in sorted(site.rglob("*.html"))}
    for file, page in pages.items():
        name = file.relative_to(site.resolve())
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme == "data" or (parts.scheme and link in page.links):
                continue
            if parts.scheme or parts.netloc:
                yield f"{name} loads {link} from elsewhere"
                continue
            path = unquote(parts.path)
            target = (file.parent / path).resolve() if path else file
            if not target.exists():
                yield f"{name} leads to {link}, which is not there"
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name} leads to {link}, which has no such anchor"


def faults_in_browser(site: Path, browser: str) -> Iterator[str]:
    """Yield a sentence for each error on a console, and for each page wider than its window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - links need no browser

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        context = chromium.new_context(offline=True)
        tab = context.new_page()
        tab.set_default_timeout(300_000)
        said: list[str] = []
        tab.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("requestfailed", lambda request: said.append(f"could not load {request.url}"))
        for file in sorted(site.rglob("*.html")):
            if file.name in APART or "_modules" in file.parts:
                continue
            name = file.relative_to(site)
            for width in WIDTHS:
                tab.set_viewport_size({"width": width, "height": 800})
                if width == WIDTHS[0]:
                    tab.goto(file.resolve().as_uri(), wait_until="load")
                wide = tab.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    yield f"{name} is {wide} wide in a window of {width}"
            empty = tab.evaluate(
                "[...document.querySelectorAll('.plotly-graph-div')]"
                ".filter(div => !div.querySelector('svg')).length"
            )
            if empty:
                yield f"{name} has {empty} figures that are not drawn"
            yield from (f"{name}: {line}" for line in said)
            said.clear()
        chromium.close()


def main() -> int:
    """Check; return 0, or 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    found = list(faults_of_links(options.site))
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser and not options.no_browser:
        found += faults_in_browser(options.site, browser)
    pages = len(list(options.site.rglob("*.html")))
    where = "links" if options.no_browser or not browser else "links and a browser's view"
    for line in found:
        print(line)  # noqa: T201
    print(f"{pages} pages, {where}: {len(found)} faults")  # noqa: T201
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
