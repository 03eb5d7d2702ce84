"""
The table of states: complete, and consistent with what is derived from it.
"""

from __future__ import annotations

import pytest

from conversations._core.twilsock.errors import IllegalTransition
from conversations._core.twilsock.states import (
    OPEN_STATES,
    PUBLIC_STATE,
    SOCKET_STATES,
    TRANSITIONS,
    UNAVAILABLE_STATES,
    SessionInput,
    SessionState,
    next_state,
    published_states,
)
from conversations.enums import ConnectionState


def test_every_state_has_a_row_and_a_public_face() -> None:
    assert set(TRANSITIONS) == set(PUBLIC_STATE) == set(SessionState)


def test_every_state_can_be_reached_and_every_input_occurs() -> None:
    reached = {SessionState.IDLE}
    for _ in SessionState:
        reached |= {following for state in reached for following in TRANSITIONS[state].values()}
    assert reached == set(SessionState)
    assert {cause for row in TRANSITIONS.values() for cause in row} == set(SessionInput)


def test_every_state_can_be_closed_and_closed_is_the_end() -> None:
    for row in TRANSITIONS.values():
        assert row[SessionInput.CLOSE] is SessionState.CLOSED
    assert set(TRANSITIONS[SessionState.CLOSED].values()) == {SessionState.CLOSED}


def test_a_connection_is_entered_through_connecting_and_initializing_only() -> None:
    into = {
        state: {before for before, row in TRANSITIONS.items() if state in row.values()}
        for state in SessionState
    }
    assert into[SessionState.INITIALIZING] == {SessionState.CONNECTING, SessionState.INITIALIZING}
    assert into[SessionState.CONNECTED] == {
        SessionState.INITIALIZING,
        SessionState.CONNECTED,
        SessionState.THROTTLED,
    }
    assert into[SessionState.IDLE] == {SessionState.IDLE}


def test_the_derived_sets() -> None:
    open_states = {SessionState.INITIALIZING, SessionState.CONNECTED, SessionState.THROTTLED}
    assert open_states == OPEN_STATES
    assert open_states | {SessionState.CONNECTING} == SOCKET_STATES
    assert {
        SessionState.IDLE,
        SessionState.DENIED,
        SessionState.FAILED,
        SessionState.CLOSED,
    } == UNAVAILABLE_STATES


def test_a_missing_entry_is_an_illegal_transition() -> None:
    with pytest.raises(IllegalTransition, match="SOCKET_OPENED in state IDLE"):
        next_state(SessionState.IDLE, SessionInput.SOCKET_OPENED)


def test_a_loss_shows_as_an_error_and_at_once_as_connecting() -> None:
    assert published_states(SessionState.WAITING) == (
        ConnectionState.ERROR,
        ConnectionState.CONNECTING,
    )
    for state in set(SessionState) - {SessionState.WAITING}:
        assert published_states(state) == (PUBLIC_STATE[state],)


def test_all_public_states_occur() -> None:
    assert {public for state in SessionState for public in published_states(state)} == set(
        ConnectionState
    )
