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


if __name__ == "__main__":
    unittest.main(verbosity=2)
