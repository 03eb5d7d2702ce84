"""
Reads the type declarations of the official JavaScript SDK.

No TypeScript compiler: the declarations are made by one tool and have one shape, which the few
rules here cover. What they do not cover is an error, never left out.

What is public: whatever the package exports, and what the signatures of exported things name.
Members that are private, that begin with an underscore, and constructors that are marked as
internal are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

INTERNAL = "\x01"
"""Stands in the text for a comment that says ``@internal``."""

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_STATEMENT = re.compile(r"(?:declare )?(class|interface|type) (\w[\w$]*)(?:<[^{=]*?>)?\s*")
_IMPORT = re.compile(r'import \{([^}]*)\} from "([^"]+)"')
_EXPORT = re.compile(r"export \{([^}]*)\}")
_BASE = re.compile(r"extends (\w+)(?:<(\w+)>)?")
_ACCESSOR = re.compile(r"^(?:get|set) ([a-z]\w*)\(")
_MODIFIERS = re.compile(r"^(?:(?:static|readonly|get|set) )+")
_METHOD = re.compile(r"^(\w+)(?:<[^(]*>)?\((.*)\)(?::.*)?$", re.DOTALL)
_FIELD = re.compile(r'^(\w+|"[^"]+")\??(?:: (.*)| = (.*))?$', re.DOTALL)
_LITERAL = re.compile(r'"([^"]*)"')
_NAME = re.compile(r"\b[A-Z][\w$]*")
_OPENING, _CLOSING = "{([", "})]"


@attrs.frozen
class Member:
    """
    A member of a declaration.

    Attributes:
        row: How the table names it, such as ``.getUser(identity)``.
        mentions: Names of types in its signature.
        value: The word that a literal or a constant stands for.
    """

    row: str
    mentions: frozenset[str] = frozenset()
    value: str | None = None


@attrs.frozen
class Declaration:
    """
    A class, an interface or a type, with its public members.

    Attributes:
        name: What the package exports it as.
        members: In the order of the source, inherited ones not among them.
        mentions: Names of types that it is made of.
        bases: What a class extends, and the events of an emitter.
        alias: The type that this is only another name of.
    """

    name: str
    members: tuple[Member, ...]
    mentions: frozenset[str] = frozenset()
    bases: tuple[str, ...] = ()
    alias: str | None = None


@attrs.frozen
class Package:
    """
    The declarations of an installed package.

    Attributes:
        declarations: By name, whether exported or not.
        exports: Exported name to name here.
        imports: Name here to package and name there.
    """

    declarations: dict[str, Declaration]
    exports: dict[str, str]
    imports: dict[str, tuple[str, str]]


def read_package(folder: Path, name: str) -> Package:
    """
    Read the declarations of package *name* below ``node_modules``.
    """
    description = json.loads((folder / name / "package.json").read_text(encoding="utf-8"))
    text = (folder / name / description["types"]).read_text(encoding="utf-8")
    text = _COMMENT.sub(lambda found: INTERNAL if "@internal" in found[0] else "", text)
    exports = [pair for names in _EXPORT.findall(text) for pair in _renamed(names)]
    return Package(
        declarations={one.name: one for one in _declarations(text)},
        exports={there: here for here, there in exports},
        imports={
            here: (package, there)
            for names, package in _IMPORT.findall(text)
            for there, here in _renamed(names)
        },
    )


def public_declarations(folder: Path, name: str) -> list[Declaration]:
    """
    Everything public of package *name*, each under the name that applications know.
    """
    package = read_package(folder, name)
    exported_as = {here: there for there, here in package.exports.items()}
    found: dict[str, Declaration] = {}
    waiting = list(package.exports.values())
    while waiting:
        here = waiting.pop(0)
        public_name = exported_as.get(here, here)
        if public_name in found:
            continue
        declaration = _resolve(folder, package, here)
        events = [package.declarations[base] for base in declaration.bases if "Events" in base]
        members = [*_without_constants(declaration, events), *_as_events(events)]
        found[public_name] = Declaration(public_name, tuple(members))
        mentioned = declaration.mentions.union(*(member.mentions for member in members))
        waiting += sorted(mentioned & package.declarations.keys())
        waiting += [base for base in declaration.bases if base == "ReplayEventEmitter"]
    return list(found.values())


def _resolve(folder: Path, package: Package, name: str) -> Declaration:
    """
    The declaration of *name*, of whatever package and behind whatever alias it is.
    """
    if name in package.imports:
        origin, there = package.imports[name]
        other = read_package(folder, origin)
        return _resolve(folder, other, other.exports[there])
    declaration = package.declarations[name]
    return _resolve(folder, package, declaration.alias) if declaration.alias else declaration


def _without_constants(declaration: Declaration, events: list[Declaration]) -> Iterator[Member]:
    """
    The members without the constants that only repeat the name of an event.
    """
    names = {member.row.removeprefix(".") for event in events for member in event.members}
    for member in declaration.members:
        if member.value is not None and member.value in names:
            continue
        yield member


def _as_events(events: list[Declaration]) -> Iterator[Member]:
    for declaration in events:
        for member in declaration.members:
            yield attrs.evolve(member, row=f" on {member.row.removeprefix('.')}")


def _declarations(text: str) -> Iterator[Declaration]:
    for kind, name, head, body in _statements(text):
        if kind == "type":
            yield _type(name, body)
        else:
            base = _BASE.search(head)
            yield Declaration(
                name,
                tuple(_members(body)),
                bases=tuple(part for part in base.groups() if part) if base else (),
            )


def _statements(text: str) -> Iterator[tuple[str, str, str, str]]:
    """
    Kind, name, rest of the head, and body of each statement that declares something.
    """
    position = 0
    while found := _STATEMENT.search(text, position):
        kind, name = found.groups()
        start = found.end()
        if kind == "type":
            end = _end_of(text, start, ";")
            yield kind, name, "", text[start:end].removeprefix("=").strip()
        else:
            opening = text.index("{", start)
            end = _end_of(text, opening + 1, "}")
            yield kind, name, text[start:opening], text[opening + 1 : end]
        position = end + 1


def _end_of(text: str, start: int, mark: str) -> int:
    """
    Where *mark* stands outside of any brackets that open after *start*.
    """
    depth = 0
    for position in range(start, len(text)):
        character = text[position]
        if depth == 0 and character == mark:
            return position
        depth += (character in _OPENING) - (character in _CLOSING)
    raise ValueError(f"no {mark} after {text[start : start + 60]!r}")


def _parts(text: str, separator: str) -> list[str]:
    """
    Split at each *separator* outside of brackets, also outside of ``<…>``.
    """
    parts, depth, last = [], 0, ""
    part = ""
    for character in text:
        if character in _OPENING or character == "<":
            depth += 1
        elif character in _CLOSING or (character == ">" and last != "="):
            depth -= 1
        if character == separator and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
        last = character
    return [stripped for one in [*parts, part] if (stripped := one.strip())]


def _members(body: str) -> Iterator[Member]:
    seen = set()
    for statement in _parts(body, ";"):
        member = _member(statement)
        if member is not None and member.row not in seen:  # get and set are one property
            seen.add(member.row)
            yield member


def _member(statement: str) -> Member | None:
    is_internal = INTERNAL in statement
    text = statement.replace(INTERNAL, "").strip()
    if text.startswith(("private ", "protected ", "#", "_", "[")):
        return None
    if accessor := _ACCESSOR.match(text):
        return Member(f".{accessor[1]}", _mentions(text))
    text = _MODIFIERS.sub("", text)
    if text.startswith("_"):
        return None
    if method := _METHOD.match(text):
        return _method(method[1], method[2], text, is_internal=is_internal)
    field = _FIELD.match(text)
    if field is None:
        raise ValueError(f"what is this? {statement!r}")
    name, kind, literal = field.groups()
    value = literal or (kind if kind and _LITERAL.fullmatch(kind) else None)
    return Member(f".{name}", _mentions(kind or ""), value and value.strip('"'))


def _method(name: str, parameters: str, signature: str, *, is_internal: bool) -> Member | None:
    if name == "constructor":
        if is_internal:
            return None
        name = "new"
    names = [part.split(":")[0].strip(" ?") for part in _parts(parameters, ",")]
    if "{" in "".join(names):
        raise ValueError(f"what is this? {signature!r}")
    return Member(f".{name}({', '.join(names)})", _mentions(signature))


def _type(name: str, body: str) -> Declaration:
    body = re.sub(r"^Readonly<(.*)>$", r"\1", body, flags=re.DOTALL).strip()
    if body.startswith("{") and _end_of(body, 1, "}") == len(body) - 1:
        return Declaration(name, tuple(_members(body[1:-1])))
    parts = _parts(body, "|")
    members = [Member(f" = {part}", value=part.strip('"')) for part in parts if part[0] == '"']
    if len(parts) > 1:
        members += [Member(f" | {part}") for part in parts if _NAME.fullmatch(part)]
    alias = body if _NAME.fullmatch(body) else None
    return Declaration(name, tuple(members), _mentions(body), alias=alias)


def _mentions(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(_LITERAL.sub("", text)))


def _renamed(names: str) -> Iterable[tuple[str, str]]:
    for part in names.split(","):
        before, _, after = part.strip().partition(" as ")
        if before:
            yield before, after or before
