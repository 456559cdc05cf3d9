# ruff: noqa: INP001 (Sphinx runs this file, nobody imports it)
"""How the site is built: ``sphinx-build -W docs build/docs``; nothing in it is fetched when it is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # what makes the generated parts, and the tables of the tests

import workersim as ws  # noqa: E402 (after the path)

project = "workersim"
author = "The workersim developers"
version = release = ws.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["making", "generated/parts"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks are committed executed, and .ci/run executes them again

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Shapes", "notes_style")]

suppress_warnings = [
    "ref.python",  # ws.Result and ws.theory.Result: a type in a signature goes to either
]

python_maximum_signature_line_length = 88
html_theme = "pydata_sphinx_theme"
html_title = "workersim"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options: dict[str, Any] = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "navigation_with_keys": False,
    "show_nav_level": 1,
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "tutorial": [], "generated/notebooks/*": []}  # which have no pages beside them


def setup(app: Any) -> None:
    """Make what the pages include before they are read."""
    from making import make_all  # noqa: PLC0415 (found by the path above)

    app.connect("builder-inited", lambda app: make_all(Path(app.srcdir)))
    app.connect("source-read", _at_home)
    app.connect("autodoc-skip-member", _skips)
    app.add_lexer("csv", TextLexer)


def _at_home(_app: Any, name: str, source: list[str]) -> None:
    """Let links to and from notebooks, which are right where these stand, lead to the pages of the site."""
    if name.startswith("generated/notebooks/"):
        source[0] = source[0].replace("](../docs/", "](../../").replace("](../scenarios/", "](../../../scenarios/")
    elif "/" not in name:
        source[0] = source[0].replace("](../notebooks/", "](generated/notebooks/")


def _skips(_app: Any, _what: str, name: str, _found: object, skip: bool, _options: Any) -> bool:  # noqa: FBT001 (Sphinx calls it)
    """Leave out what pydantic brings, and what a model keeps for its own room."""
    return skip or name in {"model_config", "model_post_init", "problems", "children", "written"}
