"""The pictures of the page in the documentation: ``python -m tests.web.browser.shots``.

They are taken of the demo trial on its day, in chromium, with few colours so that they stay small.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from escalation.ledger import open_ledger
from escalation.trial.demo.script import CHAIR, SITE
from escalation.web.app import create_app
from escalation.web.settings import Settings
from tests.web.browser.conftest import PHONE
from tests.web.conftest import NOW, TRIAL
from tests.web.load import make_demo
from tests.web.people import HEADER, OpenGate
from tests.web.serving import serving

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
WIDE = {"width": 1000, "height": 760}
SHOTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "page-trial.png": (CHAIR, "", {"viewport": WIDE}),
    "page-form.png": (SITE, "record/outcome?subject=TJ-008", {"viewport": WIDE}),
    "page-meeting.png": (CHAIR, "meeting", {"viewport": WIDE}),
    "page-phone.png": (SITE, "", {"viewport": PHONE}),
    "page-phone-dark.png": (SITE, "patients/TJ-008", {"viewport": PHONE, "color_scheme": "dark"}),
}


def main() -> None:
    """Take them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.db"
        make_demo(file)
        with open_ledger(str(file)) as ledger:
            settings = Settings(db=str(file), secret=b"only for pictures", secure=False)
            app = create_app(settings, ledger, OpenGate(), clock=lambda: NOW)
            with serving(app) as address:
                _take(address)


def _take(address: str) -> None:
    from playwright.sync_api import sync_playwright  # of the extra [browser]

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (person, path, options) in SHOTS.items():
            context = browser.new_context(
                base_url=address, extra_http_headers={HEADER: person}, **options
            )
            page = context.new_page()
            page.goto(f"/t/{TRIAL}/{path}")
            page.screenshot(path=FOLDER / name)
            with Image.open(FOLDER / name) as taken:
                small = taken.convert("RGB").quantize(48)
            small.save(FOLDER / name, optimize=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
