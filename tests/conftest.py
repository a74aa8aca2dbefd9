"""Settings of the property tests: new examples where people work, the same ones in CI."""

import os

from hypothesis import settings

settings.register_profile("work", deadline=None)  # machines are shared: time says nothing
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "work")
