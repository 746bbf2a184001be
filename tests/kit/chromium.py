"""A page in Debian's Chromium, headless, driven over chromedriver; whatever it asks of a network is written down."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--window-size=1280,1800",
)


class Page:
    """An open page, by what a person sees of it."""

    def __init__(self, driver: Chrome, downloads: Path) -> None:
        self.driver = driver
        self._downloads = downloads

    def open(self, path: Path) -> None:
        """Load a page anew, in a wide and light window, and wait for it to be ready."""
        self.seen()
        self.resize(1280, 1800)
        self.prefer("light")
        self.driver.get(path.as_uri())
        self.wait("return document.documentElement.dataset.ready === 'yes'")
        # What depends on sizes is painted in the first frames.
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str) -> None:
        WebDriverWait(self.driver, 30, 0.02).until(lambda driver: driver.execute_script(script))

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def rows(self) -> list[str]:
        """The names of the rows on the screen, from the top."""
        return list(self.run("return [...document.querySelectorAll('.row .title bdi')].map(row => row.textContent)"))

    def row(self, title: str) -> WebElement:
        """The row of that name or, of an activity, of that directory."""
        found = self.run(
            "return [...document.querySelectorAll('.row')].find(row => ['.title bdi', '.detail']"
            ".some(part => row.querySelector(part)?.textContent === arguments[0]))",
            title,
        )
        assert found is not None, f"{title} is not among {self.rows()}"
        return found  # type: ignore[no-any-return]

    def check(self, title: str) -> None:
        self._click(title, ".box")

    def unfold(self, title: str) -> None:
        self._click(title, ".twist")

    def _click(self, title: str, part: str) -> None:
        for attempt in range(2):
            try:
                found = self.row(title).find_element("css selector", part)
                # Out from behind the tray, as a person would scroll.
                self.run("arguments[0].scrollIntoView({block: 'nearest'})", found)
                found.click()
                return
            except StaleElementReferenceException:  # the list was painted in between, and nothing was clicked
                if attempt:
                    raise

    def filter(self, text: str) -> None:
        field = self.one("#filter")
        field.clear()
        field.send_keys(text or Keys.SPACE)
        self.wait(f"return view.text.trim() === {json.dumps(text)}")

    def keys(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def save(self, to: Path) -> Path:
        """Press Save, and give the file that came of it."""
        for old in self._downloads.iterdir():
            old.unlink()
        self.one("#save").click()
        WebDriverWait(self.driver, 30, 0.02).until(lambda _: list(self._downloads.glob("*.jsonl")))
        (saved,) = self._downloads.iterdir()
        return saved.rename(to)

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def seen(self) -> tuple[list[str], list[str]]:
        """What the console said, and the addresses that were asked for, since the last call."""
        console = [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        asked = [
            event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"
        ]
        return console, asked


@contextmanager
def chromium(zone: str) -> Iterator[Page]:
    """A browser with an empty profile, in a time zone."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as scratch:
        downloads = Path(scratch) / "downloads"
        downloads.mkdir()
        options = ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (*_ARGUMENTS, f"--user-data-dir={scratch}/profile"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = Chrome(options, Service("/usr/bin/chromedriver"))
        try:
            driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
            yield Page(driver, downloads)
        finally:
            driver.quit()
