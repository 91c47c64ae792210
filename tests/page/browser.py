"""Headless Chromium for the page's tests: opens, presses, looks. Needs selenium, chromium and chromedriver."""
import json
import time
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# What the page would speak is written down instead: headless Chromium has no voices.
VOICES = """
window.spoken = [];
const voice = {voiceURI: 'here', name: 'Test voice', lang: 'en-GB', localService: true, default: true};
const far = {voiceURI: 'far', name: 'Far away', lang: 'en-GB', localService: false, default: false};
Object.defineProperty(window, 'speechSynthesis', {value: {
  getVoices: () => [far, voice], cancel: () => {}, speak: (what) => { window.spoken.push({text: what.text, voice: what.voice.voiceURI, volume: what.volume}); setTimeout(() => what.onend?.(), 50); }}});
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; this.volume = 1; } };
"""


class Browser(webdriver.Chrome):
    def __init__(self, *arguments):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--autoplay-policy=no-user-gesture-required",
                         "--disable-background-networking", "--no-first-run", "--mute-audio", *arguments):
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        super().__init__(options=options, service=Service("/usr/bin/chromedriver"))
        self.fake_voices()

    def fake_voices(self):
        self.voices_script = self.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": VOICES})["identifier"]

    def size(self, width, height):
        self.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def features(self, **features):
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]})

    def board(self, url, ready=True, **settings):
        """Opens the board with these settings of the person, all others as they come."""
        if not self.current_url.startswith(url):
            self.get(url + "icon.svg")
        self.execute_script("localStorage.setItem('aacft.board', arguments[0])", json.dumps(settings))
        self.get(url)
        if ready:
            self.wait(lambda: self.find_elements(By.CSS_SELECTOR, "body.ready"))

    def wait(self, condition, seconds=15):
        return WebDriverWait(self, seconds, poll_frequency=0.02).until(lambda _: condition())

    def one(self, selector):
        return self.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.execute_script("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def tile(self, label):
        return self.wait(lambda: self.execute_script(
            "return [...document.querySelectorAll('.tile')].find((e) => e.querySelector('.label').textContent === arguments[0])", label))

    def press(self, selector):
        self.wait(lambda: self.one(selector).is_enabled())
        self.one(selector).click()

    def tap(self, *labels):
        for label in labels:
            self.tile(label).click()

    def seek(self, label):
        """Turns the parts of a list until the tile is there, and taps it."""
        while label not in self.texts(".tile .label"):
            self.press("#next")
        self.tap(label)

    def keys(self, *keys):
        for key in keys:
            ActionChains(self).send_keys(key).perform()

    def places(self, selector):
        return self.execute_script("return [...document.querySelectorAll(arguments[0])].filter((e) => e.getClientRects().length).map((e) => "
                                   "{ const b = e.getBoundingClientRect(); return [e.textContent, b.x, b.y, b.width, b.height]; })", selector)

    def switch(self, selector, hold=0):
        """One press of the switch while what the selector names is marked; the page itself waits for that, so that no step is missed."""
        self.set_script_timeout(60)
        self.execute_async_script("""
            const [selector, hold, done] = arguments;
            const key = (type) => document.body.dispatchEvent(new KeyboardEvent(type, {key: ' ', bubbles: true, cancelable: true}));
            const watch = setInterval(() => {
              const marked = [...document.querySelectorAll('.scanned-row, .scanned')];
              if (!marked.some((e) => e.matches(selector) && (e.matches('.scanned-row') || !e.closest('.scanned-row')))) return;
              clearInterval(watch);
              key('keydown');
              setTimeout(() => { key('keyup'); setTimeout(done, 80); }, hold);
            }, 10);""", selector, hold)

    def marked(self):
        return self.execute_script("const m = document.querySelector('.scanned-row') ?? document.querySelector('.scanned'); return m && (m.dataset.scan ?? m.getAttribute('aria-label') ?? m.textContent)")

    def spoken(self):
        return [each["text"] for each in self.execute_script("return window.spoken")]

    def chips(self):
        return self.texts(".chip > span:last-child")

    def draft(self):
        return self.one("#draft-text").text

    def complaints(self):
        """Errors that the browser logged, such as a breach of the content security policy."""
        return [entry["message"] for entry in self.get_log("browser") if entry["level"] == "SEVERE" and "favicon.ico" not in entry["message"]]


def pause(seconds):
    time.sleep(seconds)


@contextmanager
def opened(*arguments):
    browser = Browser(*arguments)
    try:
        yield browser
    finally:
        browser.quit()
