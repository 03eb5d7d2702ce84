"""
Writes the table and the diagram of states into twilsock.md, from the code that uses them.

``python -m docs.protocol.twilsock_states`` brings the page up to date; a test fails while it
is not.
"""
# the pages are no package, this script is started as a module of them

from __future__ import annotations

from pathlib import Path

from conversations._core.twilsock.states import (
    COMMANDS,
    TRANSITIONS,
    SessionInput,
    SessionState,
    published_states,
)

PAGE = Path(__file__).with_name("twilsock.md")


def table() -> str:
    """
    What each input does in each state, and what users are shown.
    """
    head = ["", *(f"`{state.name}`" for state in SessionState)]
    shown = [
        "shown as",
        *(" ".join(f"{s.name}" for s in published_states(state)) for state in SessionState),
    ]
    rows = [head, ["---"] * len(head), shown]
    for cause in SessionInput:
        cells = [_cell(state, cause) for state in SessionState]
        rows.append([cause.value, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def diagram() -> str:
    """
    Which state follows which, for reading; closing and staying are left out.
    """
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> IDLE"]
    for state, row in TRANSITIONS.items():
        following = {
            target for target in row.values() if target not in {state, SessionState.CLOSED}
        }
        lines += [
            f"    {state.name} --> {target.name}" for target in SessionState if target in following
        ]
    return "\n".join([*lines, "```"])


def fill_in(page: str) -> str:
    """
    The page with its generated parts as they should be.
    """
    for name, text in (("table", table()), ("diagram", diagram())):
        begin, end = f"<!-- {name} of states: generated -->", f"<!-- end of {name} -->"
        _, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            message = f"the page has no place for the {name} of states"
            raise ValueError(message)
        page = page[: page.index(begin)] + f"{begin}\n{text}\n{end}" + after
    return page


def _cell(state: SessionState, cause: SessionInput) -> str:
    following = TRANSITIONS[state].get(cause)
    if following is None:
        return "refused" if cause in COMMANDS else ""
    return "stays" if following is state else following.name


if __name__ == "__main__":
    PAGE.write_text(fill_in(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
