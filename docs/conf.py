"""The documentation as a site: ``make docs`` builds it with Sphinx, and a warning is an error.

The pages are plain Markdown that reads well without the site. What only the site needs is added here: the
contents at the side, from the sections of the index, and the script that draws state diagrams.
"""

from __future__ import annotations

import re
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

HERE = Path(__file__).parent
MERMAID = HERE.parent / "build/docs-scripts/package/dist/mermaid.min.js"
"""Put there by ``make docs``, so that no page asks anybody else's server for it."""

project = "caseflow"
copyright = "the caseflow authors, MIT licence"  # noqa: A001  # Sphinx asks for the name
version = release = installed("caseflow-gov")

extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["**/README.md"]
nitpicky = True

html_theme = "furo"
html_title = "caseflow"
html_static_path = [str(MERMAID)] if MERMAID.is_file() else []
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "friendly", "github-dark"

SECTION = re.compile(r"^\*\*(?P<caption>[^*]+?)\.?\*\*(?P<text>.*?)(?=^\*\*|\Z)", re.MULTILINE | re.DOTALL)
PAGE = re.compile(r"\]\((?P<page>[\w/.-]+)\.md\)")


def with_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Each bold section of an index becomes a part of the contents, in the order of its links."""
    if page.rpartition("/")[2] != "index":
        return
    for section in SECTION.finditer(source[0]):
        pages = dict.fromkeys(match["page"] for match in PAGE.finditer(section["text"]))
        lines = [f":caption: {section['caption'].partition(',')[0]}", ":hidden:", "", *pages]
        source[0] += "\n\n```{toctree}\n" + "\n".join(lines) + "\n```\n"


def with_diagrams(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """A page with a state diagram loads the script that draws it."""
    blocks = tree.findall(nodes.literal_block) if tree is not None else ()
    if any(block.get("language") == "mermaid" for block in blocks):
        app.add_js_file(MERMAID.name)
        app.add_js_file(None, body=DRAW)


DRAW = """
document.addEventListener("DOMContentLoaded", () => {
  for (const block of document.querySelectorAll("div.highlight-mermaid")) {
    const drawing = document.createElement("pre");
    drawing.className = "mermaid";
    drawing.textContent = block.querySelector("pre").textContent;
    block.replaceWith(drawing);
  }
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "neutral" });
  mermaid.run();
});
"""


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", with_contents)
    app.connect("html-page-context", with_diagrams)
