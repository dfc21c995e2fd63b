"""Sphinx configuration."""

import xgrad

project = "xgrad"
author = "The xgrad developers"
copyright = "2026, The xgrad developers"
release = version = xgrad.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.autosummary"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "xgrad"
exclude_patterns = ["_build"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
default_role = "code"
