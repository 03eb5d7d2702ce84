"""
How Sphinx builds the documentation: ``make docs``.
"""

from __future__ import annotations

import enum
import inspect
from typing import Any

import conversations

project = "conversations"
author = "The conversations founders"
copyright = "the conversations founders"  # noqa: A001  # Sphinx's own name
version = release = conversations.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
html_theme = "furo"
html_title = f"conversations {version}"
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# GitHub draws the state diagram; here its text is shown.
# Many classes have an attribute "type"; signatures mean the built-in one.
suppress_warnings = ["misc.highlighting_failure", "ref.python"]
nitpicky = True
nitpick_ignore_regex = [
    # Type variables and aliases have no page of their own.
    (
        "py:.*",
        r"(conversations\..*\.)?(T|T_contra|P|Self|Token|Direction|EmailLevel|MediaItem|EmailItem|Variables|Facade|Record)",
    ),
    # What the signatures show of types that are not public.
    ("py:.*", r"conversations\._.*"),
    ("py:.*", r"(Objects|.*Record|JSON.*|AttributesLike|.*JSONValue.*)"),
    (
        "py:.*",
        r"conversations\.(tokens\.(_Generate|Grant)|properties\.Endpoints|message_builder\._Content)",
    ),
    # Other packages' documentation is not looked up: building needs no network.
    (
        "py:.*",
        r"(collections|concurrent|datetime|typing|enum|os|io|pathlib|ssl|threading|logging)(\..*)?",
    ),
    (
        "py:.*",
        r"(datetime|Callable|Mapping|Iterable|Iterator|Sequence|Future|Literal|Any|BinaryIO|"
        r"ClassVar|Path|optional|Exception|BaseException|ValueError|RuntimeError|"
        r"ConnectionError|TimeoutError|str|int|float|bool|bytes|dict|list|tuple|object|None|"
        r"type|TypeError|KeyError|ResourceWarning|OSError|AbstractContextManager|Enum)",
    ),
]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Threading", "notes_style"), ("Wire", "notes_style")]


def _skip(_app: object, _what: str, name: str, member: Any, skip: bool, _options: object) -> bool:
    """
    Leave out what is inherited from the standard library, and constructors that nobody calls.
    """
    if inspect.isclass(member) and issubclass(member, enum.Enum):
        return True  # nested names of enums that have an entry of their own
    if name in {"add_note", "with_traceback", "args", "characters_written"}:
        return True
    return skip or (name == "__init__" and not inspect.getdoc(member))


def _resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """
    Docstrings name public things as users do, whatever module they stand in.
    """
    if node.get("refdomain") != "py" or node["reftarget"].startswith("conversations."):
        return None
    target = f"conversations.{node['reftarget']}"
    return env.get_domain("py").resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], target, node, content
    )


def setup(app: Any) -> None:
    """
    Called by Sphinx.
    """
    app.connect("autodoc-skip-member", _skip)
    app.connect("missing-reference", _resolve)
