"""The page's calculations, at once; ``escalation.web`` finds them by name.

``forms`` are the questions, with the fields that ``options`` makes of what a design declares and
the counts of ``counts``; ``calculator`` answers in the words of the command line, ``screens`` shows
it. ``what_if`` is the tree on a trial's own page.
"""

from __future__ import annotations

from simulations.web.screens import blueprint

__all__ = ["blueprint"]
