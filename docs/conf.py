"""How the documentation is built: ``sphinx-build -W --keep-going -b html docs docs/_build/html``.

It needs the extra ``[docs]`` and no network: nothing is downloaded and no notebook is executed.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for reference.py
sys.path.insert(0, str(HERE.parent))

from escalation import __version__  # noqa: E402  # after the path

project = "escalation"
author = "The escalation developers"
copyright = "The escalation developers, Apache-2.0"  # noqa: A001  # the name Sphinx reads
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_click",
    "reference",
]
exclude_patterns = ["_build"]
smartquotes = False  # they would make one dash of the two of an option
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests execute the notebooks, and compare what they print
nb_render_markdown_format = "myst"  # tables among the output are tables
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc says the types
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = f"escalation {version}"
html_static_path = ["_static"]
html_css_files = ["escalation.css"]
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("start", "designs", "protocol", "plan", "published", "internals")
}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "escalation"},
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "friendly",
    "pygments_dark_style": "github-dark",
}
