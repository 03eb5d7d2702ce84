"""
The rules of the source itself: who imports whom, what stays out of which layer, sizes.

Everything is read from the syntax trees; nothing is imported. The layers are drawn in
docs/index.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "conversations"

# What each layer may import of the package, besides itself. Longer prefixes win, so that a
# module can be told apart from the package it lies in.
VOCABULARY = "vocabulary"
CORE = "core"
LAYERS = {
    "conversations._logs": VOCABULARY,
    "conversations._version": VOCABULARY,
    "conversations.attributes": VOCABULARY,
    "conversations.content": VOCABULARY,
    "conversations.delivery": VOCABULARY,
    "conversations.enums": VOCABULARY,
    "conversations.errors": VOCABULARY,
    "conversations.properties": VOCABULARY,
    "conversations.recipients": VOCABULARY,
    "conversations.tokens": VOCABULARY,
    "conversations._core.upstream": VOCABULARY,
    "conversations._core": CORE,
    "conversations._core.twilsock": "twilsock",
    "conversations._core.twilsock.frames": "frames",
    "conversations._core.twilsock.errors": "frames",
    "conversations._core.sync": "sync",
    "conversations._core.conversations": "service",
    "conversations._core.creation": "engine",
    "conversations._core.engine": "engine",
    "conversations._core.token_keeper": "engine",
    "conversations._net": "net",
    "conversations._runtime": "runtime",
    "conversations": "public",
    "conversations.emulator": "emulator",
    "conversations.testing": "users",
    "conversations.cli": "users",
    "conversations.contrib": "users",
}
BELOW = {
    VOCABULARY: set[str](),
    CORE: {VOCABULARY},
    "frames": {VOCABULARY, CORE},
    "twilsock": {VOCABULARY, CORE, "frames"},
    "sync": {VOCABULARY, CORE},
    "service": {VOCABULARY, CORE, "frames", "twilsock", "sync"},
    "engine": {VOCABULARY, CORE, "frames", "twilsock", "sync", "service"},
    "net": {VOCABULARY},
    "runtime": {VOCABULARY, CORE, "frames", "twilsock", "sync", "service", "engine", "net"},
    "public": {
        *(VOCABULARY, CORE, "frames", "twilsock", "sync", "service", "engine"),
        *("net", "runtime"),
    },
    "emulator": {VOCABULARY, "frames"},
    "users": {VOCABULARY, "public", "emulator"},
}
PURE = {VOCABULARY, CORE, "frames", "twilsock", "sync", "service", "engine"}

# Libraries that belong to one layer.
OWNERS = {
    "websocket": {"net"},
    "requests": {"net"},
    "ssl": {"net"},
    "aiohttp": {"emulator"},
    "asyncio": {"emulator", "users"},
    "threading": {"net", "runtime", "public", "emulator", "users"},
    "queue": {"runtime", "public", "emulator", "users"},
    "socket": {"net", "runtime", "emulator"},
    "selectors": {"net", "runtime"},
    "select": {"net", "runtime"},
    "time": {"net", "runtime", "public", "emulator", "users", VOCABULARY},
    "subprocess": {"users"},
    "secrets": {"emulator"},
}
MAY_PRINT = ("conversations.emulator.__main__", "conversations.cli")
LONG = 600


@attrs.frozen
class Import:
    """
    One name that a module imports: ``from source import name``, or ``import source``.
    """

    line: int
    source: str
    name: str | None
    is_for_types: bool
    is_at_top: bool

    @property
    def target(self) -> str:
        """
        What is imported, as far as it can be a module.
        """
        return f"{self.source}.{self.name}" if self.name else self.source


@attrs.frozen
class Module:
    """
    One file of the package or of the tests.
    """

    path: Path
    name: str
    tree: ast.Module = attrs.field(repr=False)

    @property
    def package(self) -> str:
        """
        The package whose names this module may use as its own.
        """
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    def imports(self) -> Iterator[Import]:
        """
        Every import, at whatever depth, with relative ones resolved.
        """
        types = {
            id(node)
            for branch in ast.walk(self.tree)
            if isinstance(branch, ast.If) and ast.unparse(branch.test).endswith("TYPE_CHECKING")
            for node in ast.walk(branch)
        }
        top = {id(node) for node in self.tree.body}
        for node in ast.walk(self.tree):
            where = (id(node) in types, id(node) in top)
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(node.lineno, alias.name, None, *where)
            elif isinstance(node, ast.ImportFrom):
                parents = self.package.split(".")
                base = parents[: len(parents) - node.level + 1] if node.level else []
                source = ".".join([*base, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield Import(node.lineno, source, alias.name, *where)

    def at(self, line: int) -> str:
        """
        A place, for messages.
        """
        return f"{self.path.relative_to(ROOT)}:{line}"


def _read(folder: str) -> dict[str, Module]:
    modules = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "node_modules" not in path.parts:
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            name = name.removesuffix(".__init__")
            modules[name] = Module(path, name, ast.parse(path.read_text(encoding="utf-8")))
    return modules


MODULES = _read(PACKAGE)
TESTS = _read("tests")


def layer(module: str) -> str:
    """
    The layer of a module: that of the longest prefix in the table.
    """
    while module not in LAYERS:
        module = module.rpartition(".")[0]
    return LAYERS[module]


def imported_modules(module: Module) -> Iterator[tuple[Import, str]]:
    """
    The package's own modules that *module* imports, each with its import.
    """
    for found in module.imports():
        for target in (found.target, found.source):
            if target in MODULES:
                yield found, target
                break


def calls(module: Module, name: str) -> Iterator[int]:
    """
    Lines on which *name* is called, written exactly so.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node.lineno


def sleep_imports(module: Module) -> Iterator[int]:
    """
    Lines that take ``sleep`` out of :mod:`time`.
    """
    for found in module.imports():
        if found.target == "time.sleep":
            yield found.line


def test_every_layer_of_the_table_is_a_layer_with_a_rule() -> None:
    assert set(LAYERS.values()) == set(BELOW)
    assert all(below <= set(BELOW) for below in BELOW.values())


def test_imports_go_downwards_only() -> None:
    wrong = [
        f"{module.at(found.line)}: {layer(module.name)} imports {target} ({layer(target)})"
        for module in MODULES.values()
        for found, target in imported_modules(module)
        if layer(target) not in {layer(module.name), *BELOW[layer(module.name)]}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_layers_have_no_cycle_between_modules() -> None:
    # Within a layer too: a cycle means that two modules are one. Imports for annotations
    # alone, and those that wait for the call, tie nothing at import time.
    graph = {
        name: {
            target
            for found, target in imported_modules(module)
            if found.is_at_top and not f"{target}.".startswith(f"{name}.")
        }
        for name, module in MODULES.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_a_library_stays_in_its_layer(library: str) -> None:
    wrong = [
        module.at(found.line)
        for module in MODULES.values()
        for found in module.imports()
        if found.source.split(".")[0] == library
        and not found.is_for_types
        and layer(module.name) not in OWNERS[library]
    ]
    assert not wrong, f"{library} is imported outside {OWNERS[library]}: {wrong}"


def test_the_core_has_no_clock_and_no_randomness_of_its_own() -> None:
    impure = re.compile(
        r"random\.(?!Random\b)\w+|uuid\.uuid[14]|datetime\.(now|utcnow|today)|os\.(environ|urandom)"
    )
    wrong = [
        f"{module.at(node.lineno)}: {ast.unparse(node)}"
        for module in MODULES.values()
        if layer(module.name) in PURE - {VOCABULARY}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and impure.fullmatch(ast.unparse(node))
    ]
    assert not wrong, "\n".join(wrong)


def test_private_names_stay_in_their_package() -> None:
    # conversations._core belongs to conversations; _core.sync._cache would belong to
    # _core.sync alone; a private name of a module belongs to that module alone.
    wrong = []
    for module in MODULES.values():
        for found in module.imports():
            parts = found.target.split(".")
            for depth, part in enumerate(parts):
                owner = ".".join(parts[:depth])
                is_private = part.startswith("_") and not part.endswith("__")
                if is_private and not f"{module.name}.".startswith(f"{owner}."):
                    wrong.append(f"{module.at(found.line)}: {found.target}")
    assert not wrong, "\n".join(wrong)


def test_long_modules_give_the_reason() -> None:
    wrong = []
    for module in MODULES.values():
        length = len(module.path.read_text(encoding="utf-8").splitlines())
        if length > LONG and f"{LONG} lines" not in (ast.get_docstring(module.tree) or ""):
            wrong.append(f"{module.at(1)}: {length} lines")
    assert not wrong, f"say in the docstring why it is over {LONG} lines: {wrong}"


def test_the_package_does_not_print() -> None:
    wrong = [
        module.at(line)
        for module in MODULES.values()
        if not module.name.startswith(MAY_PRINT)
        for line in calls(module, "print")
    ]
    assert not wrong, wrong


def test_the_log_lines_of_the_core_name_the_client() -> None:
    # The others write the number themselves, or are the same for all clients.
    may = {"conversations._logs", "conversations._core.twilsock.log"}
    wrong = [
        module.at(line)
        for module in MODULES.values()
        if layer(module.name) in PURE and module.name not in may
        for line in calls(module, "logging.getLogger")
    ]
    assert not wrong, wrong


def test_tests_wait_for_conditions_and_never_sleep() -> None:
    wrong = [
        module.at(line)
        for module in TESTS.values()
        if not module.name.startswith("tests.stress")
        for line in (*calls(module, "time.sleep"), *sleep_imports(module))
    ]
    assert not wrong, wrong


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "tests" / "interop" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
