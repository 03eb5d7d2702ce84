"""
Everything the official SDKs offer is here, or there is a reason why not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

import conversations
from conversations import ConversationsClientListener
from tests.parity import android, javascript, own
from tests.parity.declarations import Declaration, public_declarations
from tests.parity.rows import Table, problems

NODE_MODULES = Path(__file__).parent.parent / "interop" / "node_modules"
PACKAGE = "@twilio/conversations"


def classes(table: Table) -> dict[str, Table]:
    """
    The rows by the class they are about.
    """
    found: dict[str, Table] = {}
    for row, ours in table.items():
        found.setdefault(re.split(r"[. ]", row, maxsplit=1)[0], {})[row] = ours
    return found


def check(table: Table, values: Mapping[str, str | None] = MappingProxyType({})) -> None:
    wrong = [
        f"{row}: {problem}"
        for row, ours in table.items()
        for problem in problems(ours, values.get(row))
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@cache
def declared() -> dict[str, Declaration]:
    return {one.name: one for one in public_declarations(NODE_MODULES, PACKAGE)}


@pytest.fixture
def declarations() -> dict[str, Declaration]:
    """
    The declarations of the JavaScript SDK by name. They need its package, but no Node.
    """
    if not (NODE_MODULES / PACKAGE / "package.json").is_file():
        message = f"{PACKAGE} is not installed: `make test` does that"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return declared()


def test_the_table_has_exactly_the_members_of_the_javascript_sdk(
    declarations: dict[str, Declaration],
) -> None:
    there = list(declarations)
    there += [one.name + member.row for one in declarations.values() for member in one.members]

    missing = [row for row in there if row not in javascript.TABLE]
    gone = [row for row in javascript.TABLE if row not in there]

    assert not missing, "the SDK has more than the table"
    assert not gone, "the SDK has less than the table"


@pytest.mark.parametrize("kind", classes(javascript.TABLE))
def test_what_javascript_has_is_here(kind: str, declarations: dict[str, Declaration]) -> None:
    members = declarations[kind].members if kind in declarations else ()
    values = {kind + member.row: member.value for member in members}

    check(classes(javascript.TABLE)[kind], values)


@pytest.mark.parametrize("kind", classes(android.TABLE))
def test_what_android_has_is_here(kind: str) -> None:
    check(classes(android.TABLE)[kind])


def test_what_only_this_package_has_is_here() -> None:
    check(own.NEW)


def test_everything_promised_can_be_imported_from_the_package() -> None:
    missing = [name for name in own.EXPORTS if name not in conversations.__all__]

    assert not missing
    assert len(own.EXPORTS) == len(set(own.EXPORTS))


def test_there_is_an_event_for_each_callback_of_the_client() -> None:
    renamed = {"on_error": "ErrorEvent", "on_connection_error": "ConnectionErrorEvent"}
    callbacks = [one for one in dir(ConversationsClientListener) if one.startswith("on_")]
    wanted = {
        renamed.get(one, one.removeprefix("on_").title().replace("_", "")) for one in callbacks
    }

    missing = sorted(wanted - set(conversations.__all__))

    assert not missing
    for name in wanted:
        assert issubclass(getattr(conversations, name), conversations.Event)


def test_nothing_is_exported_that_no_page_promises() -> None:
    events = {
        name
        for name in conversations.__all__
        if isinstance(getattr(conversations, name), type)
        and issubclass(getattr(conversations, name), conversations.Event)
    }

    assert set(conversations.__all__) - set(own.EXPORTS) - events == {"__version__"}
    for name in conversations.__all__:
        assert hasattr(conversations, name), name
