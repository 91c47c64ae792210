#!/usr/bin/env python3
"""The page with a real `aacft serve` whose address is AACFT_SERVER: what the mock server plays must be true of it, too."""
import os
import unittest

from axe_core_python.selenium import Axe

from browser import opened

SERVER = os.environ["AACFT_SERVER"].rstrip("/") + "/"


class WithServer(unittest.TestCase):
    def test_from_icons_to_a_spoken_sentence(self):
        with opened() as browser:
            browser.size(1280, 800)
            browser.get_log("performance")
            browser.board(SERVER)
            browser.tap("I", "want")
            browser.press("#next")
            browser.tap("kitchen")
            browser.seek("tea")
            browser.press("#home")
            self.assertEqual(browser.chips(), ["I", "want", "tea"])
            browser.wait(lambda: browser.draft() == "I want some tea.")
            browser.press("#speak-draft")
            expected = ["I want some tea."]
            if browser.one("#say").is_displayed():
                browser.press("#say")
                browser.wait(lambda: browser.one("#others").is_displayed(), seconds=120)
                said = browser.texts("#candidates .said")[0]
                browser.press("#candidates .speak")
                expected.append(said)
            self.assertEqual(browser.spoken(), expected)
            serious = [each["id"] for each in Axe().run(browser)["violations"] if each["impact"] in ("serious", "critical")]
            self.assertEqual(serious, [])
            if shots := os.environ.get("AACFT_PAGE_SHOTS"):
                os.makedirs(shots, exist_ok=True)
                browser.save_screenshot(f"{shots}/server.png")
            self.assertEqual(browser.complaints(), [])

    def test_its_voice_what_it_keeps_and_what_it_forgets(self):
        with opened() as browser:
            browser.board(SERVER, log=True)
            known = browser.execute_async_script("const done = arguments[0]; fetch('/api/settings').then((r) => r.json()).then(done)")
            if known["speech"]:  # where the browser has no voice of its own
                browser.execute_script("speechSynthesis.getVoices = () => []; window.played = 0;"
                                       "HTMLMediaElement.prototype.play = function () { window.played += 1; return Promise.resolve(); }")
                browser.press("#quick button")
                browser.wait(lambda: browser.execute_script("return window.played") == 1)
            browser.tap("I", "want")
            browser.wait(lambda: browser.draft().startswith("I want"))
            browser.press("#speak-draft")
            if known["picks"]["allowed"]:
                browser.wait(lambda: browser.one("#kept").get_attribute("hidden") is None)
                kept = browser.execute_async_script("const done = arguments[0]; fetch('/api/picks').then((r) => r.json()).then(done)")["picks"]
                self.assertEqual(kept[0]["said"], "I want.")
                browser.execute_script("document.getElementById('forget-last').click()")
                browser.wait(lambda: browser.one("#kept").get_attribute("hidden") is not None)
            self.assertEqual(browser.complaints(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
