#!/usr/bin/env python3
"""Makes the pictures that are checked in: the README's screenshot (docs/board.png) and the page's icon as PNG."""
import io

from PIL import Image

from browser import opened
from mock_server import PAGE, ROOT, MockServer


def icon(browser, url, size):
    browser.size(size, size)
    browser.get(url + "icon.svg")
    Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB").quantize(32).save(PAGE / f"icon-{size}.png", optimize=True)


def screenshot(browser, url):
    browser.size(1280, 800)
    browser.board(url)
    browser.tap("we", "want", "verbs")
    browser.seek("drink")
    browser.press("#home")
    browser.press("#next")
    browser.tap("kitchen")
    browser.seek("tea")
    browser.press("#home")
    browser.press("#say")
    browser.wait(lambda: len(browser.all("#candidates .speak")) == 3 and browser.one("#others").is_displayed())
    picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    picture.resize((1024, 640), Image.LANCZOS).quantize(256, dither=Image.Dither.NONE).save(ROOT / "docs/board.png", optimize=True)


if __name__ == "__main__":
    server = MockServer()
    with opened() as browser:
        for size in (192, 512):
            icon(browser, server.url, size)
        screenshot(browser, server.url)
