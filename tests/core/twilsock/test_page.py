"""
The page about the protocol shows the states as the code has them.
"""

from __future__ import annotations

from conversations._core.twilsock.states import TRANSITIONS, SessionInput, SessionState
from docs.protocol.twilsock_states import PAGE, diagram, fill_in, table


def test_the_page_has_the_table_of_states_that_the_code_has() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == fill_in(page), "run: python -m docs.protocol.twilsock_states"
    assert table() in page
    assert diagram() in page


def test_the_table_can_be_read_back() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table().splitlines()]
    states = [SessionState[cell.strip("`")] for cell in rows[0][1:]]
    read: dict[SessionState, dict[SessionInput, SessionState]] = {state: {} for state in states}
    for cause, *cells in rows[3:]:
        for state, cell in zip(states, cells, strict=True):
            if cell not in {"", "refused"}:
                following = state if cell == "stays" else SessionState[cell]
                read[state][SessionInput(cause)] = following
    assert read == TRANSITIONS
