#!/usr/bin/env python3
"""Drives the board in headless Chromium: by mouse, by keys alone, by one switch and by two, by resting, at three sizes.

AACFT_PAGE_SHOTS=FOLDER keeps screenshots. scripts/try-page installs what this needs and runs it.
"""
import json
import os
import unittest

from axe_core_python.selenium import Axe
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import Browser, pause
from mock_server import MockServer

SIZES = ((360, 640), (1280, 800), (3840, 2160))
SHOTS = os.environ.get("AACFT_PAGE_SHOTS")
browser = None


def setUpModule():
    global browser
    browser = Browser()


def tearDownModule():
    browser.quit()


def small_board(labels, language="en", **more):
    """One page of five columns, each label an icon; more: fields of every slot."""
    slots = [{"row": i // 5, "column": i % 5, "label": label, "say": label, "emoji": "", "picture": None, "icon": {"word": label, "type": "NOUN"},
              "color": "noun", "link": None, "action": None, **more} for i, label in enumerate(labels)]
    return {"name": "Small", "language": language, "first": 0, "top": [0], "pages": [{"name": "Small page", "rows": 2, "columns": 5, "list": False, "slots": slots}]}


class PageTest(unittest.TestCase):
    def setUp(self):
        self.server = MockServer()
        browser.size(1280, 800)
        browser.features()

    def tearDown(self):
        browser.get("about:blank")
        self.server.close()
        breaches = [line for line in browser.complaints() if "Security Policy" in line or "Uncaught" in line]
        self.assertEqual(breaches, [])

    def open(self, **settings):
        browser.board(self.server.url, **settings)

    def eventually(self, condition, what=""):
        try:
            browser.wait(condition)
        except Exception:
            self.fail(f"never: {what or condition}")

    def tap_tea(self):
        browser.tap("I", "want")
        browser.press("#next")
        browser.tap("kitchen", "tea")
        browser.press("#home")

    def answers(self):
        return browser.texts("#candidates li:not(.awaited) .said")

    def say(self, count=3):
        browser.press("#say")
        self.eventually(lambda: len(self.answers()) == count and not browser.all(".awaited"), "the answers")

    def shot(self, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            browser.save_screenshot(f"{SHOTS}/{name}.png")


class ByMouse(PageTest):
    def test_from_icons_to_a_spoken_sentence(self):
        self.open()
        self.tap_tea()
        self.assertEqual(browser.chips(), ["I", "want", "tea"])
        self.eventually(lambda: browser.draft() == "I want some tea.")
        self.say()
        self.assertEqual(self.answers(), self.server.sentences["I want tea"][1])
        self.assertEqual(browser.texts("#candidates li:nth-child(2) s"), ["I", "want"])
        self.assertEqual(browser.texts("#candidates li:nth-child(1) s"), [])
        self.assertEqual(browser.spoken(), [])  # nothing is spoken by itself
        browser.press("#candidates li:nth-child(2) .speak")
        self.assertEqual(browser.spoken(), ["Ooh, tea please!"])
        pause(0.2)
        browser.press("#speak-draft")
        browser.press("#speak-words")
        self.assertEqual(browser.spoken()[1:], ["I want some tea.", "I want tea"])

    def test_undo_clear_home_and_back(self):
        self.open()
        browser.tap("I", "want")
        browser.press("#undo")
        self.assertEqual(browser.chips(), ["I"])
        browser.press("#next")
        browser.tap("kitchen")
        browser.press("#next")
        self.assertIn("2 of", browser.one("#place-name").text)
        browser.press("#back")
        self.assertEqual(browser.one("#place-name").text, "Second page")
        browser.press("#home")
        self.assertEqual(browser.one("#place-name").text, "First page")
        browser.press("#clear")
        self.assertEqual((browser.chips(), browser.one("#say").is_enabled()), ([], False))
        browser.press("#undo")  # a slip costs nothing
        self.assertEqual(browser.chips(), ["I"])
        browser.press("#undo")
        self.assertFalse(browser.one("#undo").is_enabled())

    def test_answers_come_one_by_one_and_stay_in_place(self):
        self.server.delay = 0.5
        self.open()
        self.tap_tea()
        browser.press("#say")
        self.eventually(lambda: len(self.answers()) == 1)
        before = browser.places("#candidates li:first-child, #grid .tile")
        self.eventually(lambda: len(self.answers()) == 3 and not browser.all(".awaited"))
        self.assertEqual(browser.places("#candidates li:first-child, #grid .tile"), before)
        self.eventually(lambda: browser.one("#status").get_attribute("textContent") == "3 sentences are ready")

    def test_another_tap_stops_the_model(self):
        self.server.delay = 2
        self.open()
        self.tap_tea()
        browser.press("#say")
        self.eventually(lambda: len(self.answers()) == 1)
        browser.tap("you")
        self.eventually(lambda: self.server.gone == 1, "the connection is closed")
        self.assertEqual(self.answers(), [])

    def test_others_are_drawn_with_another_seed(self):
        self.open()
        self.tap_tea()
        self.say()
        browser.press("#others")
        self.eventually(lambda: browser.one("#others").is_displayed())
        first, second = self.server.posted("/api/say")
        self.assertNotEqual(first["seed"], second["seed"])
        self.assertEqual(first["voice"], "bea")
        self.assertEqual([icon["word"] for icon in first["icons"]], ["I", "want", "tea"])
        self.assertNotIn("context", first)

    def test_asking_again_shows_what_is_there(self):
        browser.size(360, 640)
        self.open(pause=1)
        self.tap_tea()
        self.eventually(lambda: len(self.answers()) == 3)
        self.eventually(lambda: not browser.all(".awaited"))
        asked = len(self.server.posted("/api/say"))
        self.assertFalse(browser.one("#candidates").is_displayed())
        browser.press("#say")
        self.assertTrue(browser.one("#candidates").is_displayed())
        self.assertEqual(len(self.server.posted("/api/say")), asked)

    def test_edit_before_speaking(self):
        self.open()
        self.tap_tea()
        self.say()
        browser.press("#candidates li:nth-child(1) [data-answer^=edit]")
        field = browser.one("#write-text")
        self.assertEqual(field.get_property("value"), "I’d love a cup of tea, my love.")
        browser.press("#write-letters [data-key='!']")
        browser.press("#write-done button:nth-child(2)")
        self.assertEqual(browser.spoken(), ["I’d love a cup of tea, my love.!"])

    def test_letters_make_a_word(self):
        self.open()
        browser.tap("I", "want")
        browser.press("#letters")
        for letter in "zanzibar":
            browser.press(f"#write-letters [data-key={letter}]")
        browser.press("#write-done button:nth-child(2)")
        self.assertEqual(browser.chips(), ["I", "want", "zanzibar"])
        self.eventually(lambda: self.server.posted("/api/draft")[-1]["icons"][-1] == {"word": "zanzibar"})
        browser.press("#letters")
        for letter in "coff":
            browser.press(f"#write-letters [data-key={letter}]")
        self.assertEqual(browser.texts("#write-guesses button")[0], "coffee")

    def test_quick_phrases_and_the_writing_sign(self):
        self.open()
        sign = browser.one("#composing")
        self.assertFalse(sign.is_displayed())
        browser.press("#quick button:nth-child(3)")
        self.assertTrue(sign.is_displayed())
        browser.press("#quick button:nth-child(1)")
        self.assertEqual(browser.spoken(), ["Wait, I’m writing", "Yes"])
        browser.tap("I")
        self.assertTrue(sign.is_displayed())
        self.eventually(lambda: browser.draft() == "I.")
        browser.press("#speak-draft")
        self.assertFalse(sign.is_displayed())

    def test_large_text_for_the_other_person(self):
        self.open()
        self.tap_tea()
        self.say()
        browser.press("#candidates li:nth-child(3) [data-answer^=show]")
        text = browser.one("#large-text")
        self.assertEqual(text.text, "Could I have some tea, dear?")
        self.assertGreater(float(text.value_of_css_property("font-size")[:-2]), 60)
        self.assertFalse(browser.one("#large-sign").is_displayed())
        self.shot("large")
        browser.press("#large-turn")
        self.assertIn("matrix(-1", text.value_of_css_property("transform"))
        browser.press("#large-close")
        browser.press("#show-draft")
        self.assertTrue(browser.one("#large-sign").is_displayed())

    def test_debounce_ignores_a_second_press(self):
        self.open(debounce=20000)
        tile = browser.tile("I")
        ActionChains(browser).click(tile).click(tile).perform()
        self.assertEqual(browser.chips(), ["I"])

    def test_a_press_counts_on_release_and_can_be_taken_back(self):
        self.open()
        ActionChains(browser).click_and_hold(browser.tile("I")).perform()
        self.assertEqual(browser.chips(), [])
        ActionChains(browser).move_to_element(browser.tile("want")).release().perform()
        self.assertEqual(browser.chips(), [])

    def test_answers_after_a_pause_where_switched_on(self):
        self.open(pause=1)
        browser.tap("I")
        self.eventually(lambda: len(self.answers()) == 3)
        self.open()
        browser.tap("I")
        pause(1.5)
        self.assertEqual(self.answers(), [])


class ByKeys(PageTest):
    def focused(self):
        return browser.switch_to.active_element

    def test_a_sentence_by_keys_alone(self):
        self.open()
        for _ in range(30):
            browser.keys(Keys.TAB)
            if "tile" in self.focused().get_attribute("class"):
                break
        self.assertEqual(self.focused().text.split()[-1], "I")
        browser.keys(Keys.ENTER, Keys.ARROW_DOWN, Keys.END, Keys.SPACE)
        self.assertEqual(browser.chips(), ["I", "want"])
        browser.keys(Keys.PAGE_DOWN, Keys.HOME)
        self.assertEqual(browser.one("#place-name").text, "Second page")
        browser.keys(Keys.ARROW_DOWN, Keys.ENTER, Keys.ENTER)  # kitchen, then its first tile: tea
        self.assertEqual(browser.chips(), ["I", "want", "tea"])
        ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
        self.eventually(lambda: len(self.answers()) == 3 and browser.one("#others").is_displayed())
        for _ in range(30):
            browser.keys(Keys.TAB)
            if self.focused().get_attribute("data-answer") == "speak 1":
                break
        browser.keys(Keys.ENTER)
        self.assertEqual(browser.spoken(), ["Ooh, tea please!"])
        browser.keys(Keys.BACKSPACE)
        self.assertEqual(browser.chips(), ["I", "want"])
        browser.keys(Keys.ESCAPE)
        self.assertEqual(browser.one("#place-name").text, "Second page")

    def test_the_grid_has_one_tab_stop_and_arrows_stop_at_edges(self):
        self.open()
        self.assertEqual(len(browser.all("#grid [tabindex='0']")), 1)
        browser.execute_script("arguments[0].focus()", browser.tile("I"))
        browser.keys(Keys.ARROW_LEFT, Keys.ARROW_UP)
        self.assertIn("I", self.focused().text)
        ActionChains(browser).key_down(Keys.CONTROL).send_keys(Keys.END).key_up(Keys.CONTROL).perform()
        self.assertIn("dot", self.focused().text)
        browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        self.assertIn("dot", self.focused().text)
        self.assertEqual(len(browser.all("#grid [tabindex='0']")), 1)
        outline = self.focused().value_of_css_property("outline-style"), self.focused().value_of_css_property("outline-width")
        self.assertEqual(outline, ("solid", "3px"))

    def test_a_key_held_down_is_one_press(self):
        self.open()
        browser.execute_script("arguments[0].focus()", browser.tile("I"))
        for repeat in (False, True, True):
            browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "autoRepeat": repeat})
            browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "char", "key": "Enter", "text": "\r", "windowsVirtualKeyCode": 13, "autoRepeat": repeat})
        self.assertEqual(browser.chips(), ["I"])

    def test_shortcuts_can_be_switched_off(self):
        self.open(shortcuts=False)
        browser.tap("I")
        browser.keys(Keys.BACKSPACE)
        self.assertEqual(browser.chips(), ["I"])

    def test_settings_by_keys_are_kept(self):
        self.open()
        browser.execute_script("document.getElementById('settings-button').focus()")
        browser.keys(Keys.ENTER)
        for _ in range(40):
            if self.focused().get_attribute("data-key") == "theme 1":
                break
            browser.keys(Keys.TAB)
        browser.keys(Keys.ENTER, Keys.ENTER)
        self.assertEqual(self.focused().get_attribute("data-key"), "theme 1")
        self.assertEqual(browser.one("[data-setting=theme] output").text, "dark")
        browser.keys(Keys.ESCAPE)
        self.assertFalse(browser.one("#settings").is_displayed())
        browser.refresh()
        self.eventually(lambda: browser.one("html").get_attribute("data-theme") == "dark")


class BySwitch(PageTest):
    def row_of(self, label):
        row = browser.execute_script("return [...document.querySelectorAll('[role=row]')].findIndex((r) => [...r.querySelectorAll('.label')].some((l) => l.textContent === arguments[0]))", label)
        return f"[role=row]:nth-child({row + 1})"

    def choose(self, label):
        browser.switch(self.row_of(label))
        browser.switch(f".tile[aria-label^='{label}']")

    def test_a_sentence_by_one_switch_alone(self):
        self.open(input="switch", step=0.3, firstExtra=0)
        self.choose("I")
        self.choose("want")
        self.assertEqual(browser.chips(), ["I", "want"])
        browser.switch("#places")
        browser.switch("#next")
        self.choose("kitchen")
        self.choose("tea")
        browser.switch("#actions")
        browser.switch("#say")
        self.eventually(lambda: len(self.answers()) == 3 and not browser.all(".awaited"))
        browser.switch("#candidates li:nth-child(2)")
        self.shot("switch")
        self.assertEqual(browser.spoken(), [])
        browser.switch("#candidates li:nth-child(2) .speak")
        self.assertEqual(browser.spoken(), ["Ooh, tea please!"])

    def test_holding_goes_back_and_settings_are_within_reach(self):
        self.open(input="switch", step=0.3, firstExtra=0)
        browser.switch("[role=row]:nth-child(2)")
        browser.switch(".tile", hold=600)  # back to the rows, and nothing chosen
        self.assertEqual(browser.chips(), [])
        self.assertTrue(browser.all(".scanned-row"))
        browser.switch("#places")
        browser.switch("#settings-button")
        browser.switch("[data-setting=theme]")
        browser.switch("[data-key='theme 1']")
        self.assertEqual(browser.one("html").get_attribute("data-theme"), "light")
        browser.switch(".scanned-row", hold=600)
        self.assertFalse(browser.one("#settings").is_displayed())

    def test_it_rests_after_three_rounds(self):
        self.server.board = small_board(["one", "two"])
        self.open(input="switch", step=0.3, firstExtra=0)
        self.eventually(lambda: not browser.all(".scanned"), "it rests")
        self.assertIn("Press the switch", browser.one("#status").get_attribute("textContent"))
        browser.keys(Keys.SPACE)
        self.eventually(lambda: browser.all(".scanned-row"))
        self.assertEqual(browser.chips(), [])

    def test_the_first_item_stays_longer(self):
        self.open(input="switch", step=0.3, firstExtra=0.5)
        times = browser.execute_async_script("""
            const done = arguments[0], seen = [];
            const watch = setInterval(() => {
              const row = document.querySelector('.scanned-row');
              if (row && row !== seen.at(-1)?.row) seen.push({row, at: performance.now()});
              const start = seen.findIndex((each, i) => i > 0 && each.row.dataset.scan === 'Row 1');
              if (start < 0 || seen.length < start + 3) return;
              clearInterval(watch);
              done([seen[start + 1].at - seen[start].at, seen[start + 2].at - seen[start + 1].at]);
            }, 5);""")
        self.assertGreater(times[0] - times[1], 250)

    def test_the_screen_is_a_switch_but_for_the_helper(self):
        self.open(input="switch", step=5)
        browser.tile("dot").click()  # the first row is marked: it is entered, and dot is not chosen
        self.assertEqual((browser.chips(), browser.marked()), ([], "I"))
        browser.tile("dot").click()
        self.assertEqual(browser.chips(), ["I"])
        browser.press("#settings-button")
        browser.press("[data-key='input -1']")
        browser.press("[data-key='input -1']")
        browser.press("#settings-close")
        browser.tile("dot").click()
        self.assertEqual(browser.chips(), ["I", "dot"])

    def test_names_are_whispered_and_never_the_sentence(self):
        self.open(input="switch", step=0.3, firstExtra=0, cue="words")
        self.choose("I")
        whispered = browser.execute_script("return window.spoken")
        self.assertIn("I", [each["text"] for each in whispered])
        self.assertTrue(all(each["volume"] < 1 for each in whispered))

    def test_two_switches_alone(self):
        self.open(input="switches")
        self.assertEqual(browser.marked(), "Row 1")
        browser.keys(Keys.SPACE, Keys.ENTER)
        self.assertEqual(browser.marked(), "you")
        pause(0.5)
        self.assertEqual(browser.marked(), "you")  # no time presses
        browser.keys(*[Keys.SPACE] * 4, Keys.ENTER)
        self.assertEqual(browser.chips(), ["want"])
        self.assertIn(browser.marked(), ("The plain sentence", "Sentence"))
        self.eventually(lambda: browser.draft() == "Want.")
        before = browser.marked()  # a row that came before it does not change what is marked
        browser.keys(Keys.SPACE)
        self.assertEqual(browser.marked(), {"The plain sentence": "Sentence", "Sentence": "Row 1"}[before])
        while browser.marked() != "The plain sentence":
            browser.keys(Keys.SPACE)
        browser.keys(Keys.ENTER, Keys.ENTER)
        self.assertEqual(browser.spoken(), ["Want."])


class ByResting(PageTest):
    def test_a_resting_pointer_chooses_once(self):
        self.open(input="dwell", dwell=2)
        tile = browser.tile("want")
        ActionChains(browser).move_to_element(tile).perform()
        self.assertTrue(browser.all(".tile .ring"))
        self.eventually(lambda: browser.chips() == ["want"])
        ActionChains(browser).move_by_offset(3, 3).perform()
        pause(2.2)
        self.assertEqual(browser.chips(), ["want"])
        ActionChains(browser).move_to_element(browser.tile("be")).perform()
        self.eventually(lambda: browser.chips() == ["want", "be"])

    def test_passing_over_does_nothing(self):
        self.open(input="dwell", dwell=3)
        for label in ("I", "we", "past"):
            ActionChains(browser).move_to_element(browser.tile(label)).perform()
        ActionChains(browser).move_to_element(browser.one("#place-name")).perform()
        pause(0.3)
        self.assertEqual((browser.chips(), browser.all(".ring")), ([], []))


class Looks(PageTest):
    def test_sizes(self):
        for width, height in SIZES:
            with self.subTest(width=width):
                browser.size(width, height)
                self.open()
                pause(0.1)
                before = browser.places("#grid .tile, #quick button, #places button, #actions button")
                self.assertTrue(all(w >= 44 and h >= 44 and x >= 0 and x + w <= width and y + h <= height for _, x, y, w, h in before), before)
                self.shot(f"{width}-home")
                self.tap_tea()
                self.eventually(lambda: browser.draft() == "I want some tea.")
                self.assertEqual(browser.places("#grid .tile, #quick button, #places button, #actions button"), before)  # tiles never move
                self.say()
                self.shot(f"{width}-answers")
                self.assertEqual(browser.execute_script("return document.documentElement.scrollWidth"), width)
                small = [each for each in browser.places("#answers button") if each[3] < 44 or each[4] < 44]
                self.assertEqual(small, [])
                cut = browser.execute_script("return [...document.querySelectorAll('.tile .label')].filter((l) => l.scrollWidth > l.clientWidth + 1 || l.getBoundingClientRect().bottom > l.closest('.tile').getBoundingClientRect().bottom).map((l) => l.textContent)")
                self.assertEqual(cut, [])

    def test_a_phone_on_its_side_needs_no_scrolling(self):
        browser.size(740, 360)
        self.open()
        browser.tap("I")
        self.eventually(lambda: browser.draft() == "I.")
        self.assertEqual([each for each in browser.places("button") if each[3] < 44 or each[4] < 44 or each[2] + each[4] > 360], [])
        self.shot("740-home")
        self.say()
        self.assertFalse(browser.one("#grid").is_displayed())

    def test_answers_on_a_phone_come_in_front_and_go(self):
        browser.size(360, 640)
        self.open()
        self.tap_tea()
        self.assertFalse(browser.one("#answers").is_displayed())
        self.say()
        self.assertTrue(browser.one("#candidates").is_displayed())
        browser.press("#close-answers")
        self.assertFalse(browser.one("#answers").is_displayed())
        browser.tap("you")
        self.assertEqual(browser.chips()[-1], "you")

    def test_larger_text_and_more_columns(self):
        self.open(size=200, columns=8)
        self.assertEqual(len(browser.all("#grid [role=row]:first-child [role=gridcell]")), 5)  # the board's own pages keep their places
        self.shot("size-200")
        grid, quick = browser.places("#place, #quick")
        self.assertLessEqual(grid[2] + grid[4], quick[2])
        browser.press("#next")
        browser.tap("kitchen")
        self.assertEqual(len(browser.all("#grid [role=row]:first-child [role=gridcell]")), 8)
        self.assertEqual(browser.execute_script("return document.documentElement.scrollWidth"), 1280)

    def test_contrast_of_every_theme(self):
        for theme, least in (("light", 4.5), ("dark", 4.5), ("contrast", 7)):
            with self.subTest(theme=theme):
                self.open(theme=theme)
                self.tap_tea()
                self.say()
                self.shot(f"theme-{theme}")
                text, edges = browser.execute_script(CONTRASTS)
                self.assertGreater(len(text), 40)
                self.assertEqual([each for each in text if each[1] < least], [])
                self.assertEqual([each for each in edges if each[1] < 3], [])

    def test_themes_follow_the_device(self):
        browser.features(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
        self.open()
        self.assertEqual(browser.one("html").get_attribute("data-theme"), "dark")
        self.assertEqual(browser.one(".dots i").value_of_css_property("animation-name"), "none")
        browser.features(prefers_contrast="more")
        self.eventually(lambda: browser.one("html").get_attribute("data-theme") == "contrast")
        browser.features(forced_colors="active")
        self.open(input="switches")
        self.shot("forced-colors")
        marked = browser.one(".scanned-row")
        self.assertEqual(marked.value_of_css_property("outline-style"), "solid")

    def test_axe_finds_nothing_serious(self):
        def check(where):
            found = [(each["id"], [node["html"][:150] for node in each["nodes"]]) for each in Axe().run(browser)["violations"] if each["impact"] in ("serious", "critical")]
            self.assertEqual(found, [], where)
        for theme in ("light", "dark", "contrast"):
            self.open(theme=theme, context=True, log=True)
            self.tap_tea()
            self.say()
            check(f"board, {theme}")
        for opener, closer in (("#settings-button", "#settings-close"), ("#letters", "#write-done button"), ("#show-draft", "#large-close")):
            browser.press(opener)
            check(opener)
            self.shot(f"dialog-{opener[1:]}")
            browser.press(closer)
        browser.size(360, 640)
        self.open()
        self.tap_tea()
        check("phone")
        self.say()
        check("phone, answers")


# Of every text the contrast with what is behind it, and of every tile's edge with the page: [what, ratio].
CONTRASTS = """
const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const lum = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255]; };
const shown = [...document.querySelectorAll('.label, .said, button > span:last-child, h1, h2, .left-out, .left-out s, #composing')]
  .filter((e) => e.getClientRects().length && e.textContent.trim() && !e.closest('button:disabled'));
const page = parse(getComputedStyle(document.body).backgroundColor);
return [shown.map((e) => [e.textContent, ratio(parse(getComputedStyle(e).color), behind(e))]),
        [...document.querySelectorAll('.tile')].map((e) => [e.textContent, ratio(parse(getComputedStyle(e).borderTopColor), page)])];
"""


class Boards(PageTest):
    def test_right_to_left_labels(self):
        self.server.board = small_board(["אני", "רוצה", "תה", "מים"], "he")
        self.server.sentences["אני רוצה תה"] = ("אני רוצה תה.", ["הייתי שמח לכוס תה, יקירי."])
        self.open()
        browser.tap("אני", "רוצה", "תה")
        self.assertEqual(browser.one("#icons").get_attribute("dir"), "rtl")
        first, second, third = [each[1] for each in browser.places(".chip")]
        self.assertTrue(first > second > third)
        self.say(1)
        self.assertEqual(browser.one("#candidates .said").value_of_css_property("direction"), "rtl")
        self.assertEqual(browser.one("#draft-text").value_of_css_property("direction"), "rtl")
        self.shot("hebrew")
        browser.press("#letters")
        self.assertTrue(browser.all("#write-letters [data-key=ש]"))

    def test_markup_stays_text(self):
        evil = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>"
        self.server.board = small_board([evil, "</button><b>bold", "&amp;"], evil)
        self.server.board["name"] = self.server.board["pages"][0]["name"] = evil
        self.server.voices = [{"id": evil, "name": evil}]
        self.server.sentences[evil] = (evil, [evil])
        self.open(log=True)
        browser.tap(evil)
        self.eventually(lambda: browser.draft() == evil)
        self.say(1)
        self.assertEqual(self.answers(), [evil])
        browser.press("#candidates .speak")
        self.eventually(lambda: self.server.posted("/api/pick"))
        browser.press("#settings-button")
        self.eventually(lambda: evil in browser.texts("#picks .name"))
        self.assertIsNone(browser.execute_script("return window.hacked ?? null"))
        self.assertEqual(browser.execute_script("return document.querySelectorAll('#app img, #app b, #app script, dialog img').length"), 0)

    def test_boards_of_other_programs(self):
        dot = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'%3E%3Crect width='9' height='9' fill='red'/%3E%3C/svg%3E"
        self.server.board = board = small_board(["apple", "a", "b", "space", "erase", "clear", "away", "home", "broken", "dark"])
        slots = board["pages"][0]["slots"]
        slots[0].update(picture=dot, say="an apple")
        for at, action in ((1, "+a"), (2, "+b"), (3, ":space"), (4, ":backspace"), (5, ":clear"), (7, ":home")):
            slots[at].update(icon=None, action=action)
        slots[6].update(icon=None, link=1)
        slots[8].update(picture="/nowhere.png", background="red; color: blue", border="nonsense")
        slots[9].update(background="#101010", border="#00ff00")
        board["pages"].append({"name": "Away", "rows": 2, "columns": 2, "list": False, "slots": [dict(slots[7], row=1, column=1)]})
        self.open()
        browser.tap("a", "b", "a")
        self.assertEqual(browser.chips(), ["aba"])
        browser.tap("erase", "space", "a")
        self.assertEqual(browser.chips(), ["ab", "a"])
        browser.tap("clear", "apple")
        browser.press("#speak-words")
        self.assertEqual(browser.spoken(), ["an apple"])
        self.assertTrue(browser.all(".chip img") and browser.all(".tile img"))
        self.assertEqual(browser.tile("dark").value_of_css_property("color"), "rgba(255, 255, 255, 1)")
        self.assertEqual(browser.tile("dark").value_of_css_property("border-top-color"), "rgba(0, 255, 0, 1)")
        browser.tap("away", "home")
        self.assertEqual(browser.one("#place-name").text, "Small page")
        self.shot("own-board")

    def test_without_a_model(self):
        self.server.settings["model"] = None
        self.server.voices = []
        self.open()
        self.tap_tea()
        self.eventually(lambda: browser.draft() == "I want some tea.")
        self.assertFalse(browser.one("#say").is_displayed() or browser.one("#answers").is_displayed())
        self.shot("no-model")
        browser.press("#speak-draft")
        self.assertEqual(browser.spoken(), ["I want some tea."])
        self.assertEqual(self.server.posted("/api/say"), [])

    def test_an_error_midway_is_told(self):
        def broken(to, words, draft, candidates):
            to.send_response(200)
            to.end_headers()
            to.wfile.write(json.dumps({"event": "error", "message": "The model is out of memory."}).encode())
        self.server.say = broken
        self.open()
        browser.tap("I")
        browser.press("#say")
        self.eventually(lambda: browser.one("#notice").text == "The model is out of memory.")
        self.assertEqual(browser.all(".awaited"), [])


class Trust(PageTest):
    def test_nothing_is_kept_unless_switched_on(self):
        self.open()
        self.tap_tea()
        self.say()
        browser.press("#candidates li:nth-child(1) .speak")
        pause(0.3)
        self.assertEqual(self.server.posted("/api/pick"), [])
        self.open(log=True)
        self.tap_tea()
        self.say()
        browser.press("#candidates li:nth-child(2) .speak")
        self.eventually(lambda: browser.one("#kept").is_displayed())
        self.assertEqual(self.server.posted("/api/pick"), [{"log": True, "icons": self.server.posted("/api/say")[-1]["icons"], "voice": "bea",
                                                            "offered": ["I want some tea.", *self.server.sentences["I want tea"][1]], "said": "Ooh, tea please!", "source": "candidate"}])
        browser.press("#forget-last")
        self.eventually(lambda: self.server.picks == [])

    def test_all_is_forgotten_by_pressing_twice(self):
        self.server.picks = [{"id": str(i), "time": "2026-01-31T12:00:00Z", "said": f"Sentence {i}.", "icons": ["tea"]} for i in range(3)]
        self.open()
        browser.press("#settings-button")
        self.eventually(lambda: len(browser.all("#picks .setting")) == 3)
        browser.press("#picks .setting button")
        self.eventually(lambda: len(browser.all("#picks .setting")) == 2)
        browser.press("#picks > .row button")
        self.assertEqual(len(self.server.picks), 2)
        browser.press("#picks > .row button")
        self.eventually(lambda: self.server.picks == [])

    def test_context_only_where_switched_on(self):
        self.open(context=True)
        self.tap_tea()
        browser.one("#context-text").send_keys("What would you like?")
        self.say()
        self.assertEqual(self.server.posted("/api/say")[-1]["context"], "What would you like?")

    def test_a_token_by_hand_and_by_address(self):
        self.server.token = "secret"
        browser.get(self.server.url)
        self.eventually(lambda: browser.one("#login").is_displayed())
        browser.one("#login-token").send_keys("wrong", Keys.ENTER)
        self.eventually(lambda: browser.one("#login-problem").text == "That is not the token.")
        browser.one("#login-token").clear()
        browser.one("#login-token").send_keys("secret", Keys.ENTER)
        self.eventually(lambda: browser.all("body.ready"))
        browser.delete_all_cookies()
        browser.get("about:blank")
        browser.get(self.server.url + "#token=secret")
        self.eventually(lambda: browser.all("body.ready"))
        self.assertNotIn("secret", browser.current_url)

    def test_the_servers_voice_where_the_browser_has_none_of_its_own(self):
        self.open()
        browser.execute_script("speechSynthesis.getVoices = () => [{voiceURI: 'far', name: 'Far', lang: 'en', localService: false}]")
        browser.press("#quick button")
        self.eventually(lambda: self.server.posted("/api/speak") == [{"text": "Yes"}])
        self.assertEqual(browser.spoken(), [])

    def test_nothing_asks_another_machine(self):
        browser.get_log("performance")
        self.open()
        self.tap_tea()
        self.say()
        urls = [message["params"]["request"]["url"] for message in (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
                if message["method"] == "Network.requestWillBeSent"]
        self.assertGreater(len(urls), 10)
        self.assertEqual([url for url in urls if not url.startswith((self.server.url, "data:", "blob:", "about:"))], [])

    def test_works_without_its_server_once_loaded(self):
        self.open()
        self.eventually(lambda: browser.execute_async_script("const done = arguments[0]; caches.open('board').then((c) => c.keys()).then((k) => done(k.map((r) => new URL(r.url).pathname)))").__contains__("/api/board"))
        self.eventually(lambda: browser.execute_script("return navigator.serviceWorker.controller !== null"))
        self.server.close()
        browser.get(self.server.url)
        self.eventually(lambda: browser.all("body.ready"), "the board from the cache")
        browser.tap("I", "want")
        self.eventually(lambda: browser.draft().startswith("I want"))
        browser.press("#speak-draft")
        self.assertEqual(browser.spoken(), ["I want"])
        self.server = MockServer()  # for tearDown

    def test_can_be_installed(self):
        self.open()
        self.eventually(lambda: browser.execute_script("return navigator.serviceWorker.controller !== null"))
        self.assertEqual(browser.execute_cdp_cmd("Page.getInstallabilityErrors", {})["installabilityErrors"], [])
        manifest = browser.execute_cdp_cmd("Page.getAppManifest", {})
        self.assertEqual(manifest["errors"], [])

    def test_nonsense_in_the_store_is_ignored(self):
        browser.get(self.server.url + "icon.svg")
        browser.execute_script("localStorage.setItem('aacft.board', arguments[0])", "")
        for stored in ('{"theme": 7, "phrases": {"x": 1}, "voice": [], "candidates": "many"}', '{"theme": ', "null", "[]", "7"):
            browser.execute_script("localStorage.setItem('aacft.board', arguments[0])", stored)
            browser.get(self.server.url)
            self.eventually(lambda: browser.all("body.ready"))
            self.assertEqual(browser.texts("#quick button")[0], "Yes")


if __name__ == "__main__":
    unittest.main(verbosity=2)
