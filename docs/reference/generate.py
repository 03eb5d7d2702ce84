"""
Writes the pages of the reference: one for each public module, each public name on one page.

    python docs/reference/generate.py

``make docs`` runs it, so a new public name is in the reference without anybody thinking of it.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import conversations

FOLDER = Path(__file__).parent
BESIDES = {
    "conversations.properties": ["conversations.properties.Dispatcher"],
    "conversations.tokens": ["conversations.tokens.Claims"],
}
"""
What is not exported but handed to users.
"""

ALIASES = {"JSONArray", "JSONObject", "JSONValue", "__version__"}


def module_of(name: str) -> str:
    """
    The module under whose heading a public name stands.
    """
    return str(getattr(conversations, name).__module__)


def title_of(module: str) -> str:
    """
    The first line of the module's docstring, as a heading.
    """
    summary = (inspect.getdoc(importlib.import_module(module)) or module).splitlines()[0]
    return summary.rstrip(".").partition(":")[0]


def page_of(module: str, names: list[str]) -> str:
    """
    One page.
    """
    lines = [f"# {title_of(module)}", ""]
    for name in names:
        thing = getattr(conversations, name)
        kind = "autoclass" if inspect.isclass(thing) else "autofunction"
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            kind = "autoexception"
        lines += ["```{eval-rst}", f".. {kind}:: conversations.{name}"]
        bases = [base.__name__ for base in inspect.getmro(thing)] if inspect.isclass(thing) else []
        if any(base.endswith("Base") for base in bases):  # its parts lie in private modules
            lines += ["   :inherited-members:"]
        lines += ["```", ""]
    for name in BESIDES.get(module, ()):
        lines += ["```{eval-rst}", f".. autoclass:: {name}", "```", ""]
    return "\n".join(lines)


def main() -> None:
    """
    Write all pages and the list of them.
    """
    modules: dict[str, list[str]] = {}
    for name in conversations.__all__:
        if name not in ALIASES:
            modules.setdefault(module_of(name), []).append(name)
    for old in FOLDER.glob("*.md"):
        old.unlink()
    pages = []
    for module, names in sorted(modules.items()):
        page = module.rpartition(".")[2]
        pages.append(page)
        (FOLDER / f"{page}.md").write_text(page_of(module, names), encoding="utf-8")
    index = ["# Reference", "", "```{toctree}", ":maxdepth: 1", "", *pages, "```", ""]
    (FOLDER / "index.md").write_text("\n".join(index), encoding="utf-8")


if __name__ == "__main__":
    main()
