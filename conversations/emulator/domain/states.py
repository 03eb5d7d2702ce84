"""
The life of a conversation: active, inactive, closed, and the timers that change it.

Both timers count from the last activity: a new message, a new participant, or being made
active. An inactive conversation that sees activity is active again; a closed one stays closed.
"""

from __future__ import annotations

from ..refusals import refusal
from . import memberships
from .access import require_open
from .fields import TimerFields, Unset
from .items import conversation_document
from .records import Conversation, ConversationState
from .service import Service


def begin(service: Service, conversation: Conversation) -> None:
    """
    Start the timers of a new conversation, if the service has any.
    """
    conversation.timers.inactive_after = service.settings.inactive_timer
    conversation.timers.closed_after = service.settings.closed_timer
    restart(service, conversation)


def set_timers(service: Service, conversation: Conversation, fields: TimerFields) -> None:
    """
    Replace timers. They count from now.
    """
    require_open(conversation)
    fields.check()
    timers = conversation.timers
    if not isinstance(fields.inactive_after, Unset):
        timers.inactive_after = fields.inactive_after or None
    if not isinstance(fields.closed_after, Unset):
        timers.closed_after = fields.closed_after or None
    restart(service, conversation)


def note_activity(service: Service, conversation: Conversation) -> bool:
    """
    Something was said, or somebody came. Whether that has ended the inactive state; then the
    caller writes the document.
    """
    was_inactive = conversation.state is ConversationState.INACTIVE
    if was_inactive:
        conversation.state = ConversationState.ACTIVE
        conversation.state_changed = service.now()
    restart(service, conversation)
    return was_inactive


def change(service: Service, conversation: Conversation, state: ConversationState) -> None:
    """
    Put the conversation into a state, and tell everybody. Closing takes it off all lists.
    """
    conversation.state = state
    conversation.state_changed = service.now()
    conversation.document.set_data(conversation_document(conversation))
    if state is ConversationState.ACTIVE:
        restart(service, conversation)
    else:
        _plan(service, conversation)
    if conversation.is_closed:
        memberships.hide_from_all(service, conversation)


def end(conversation: Conversation) -> None:
    """
    Stop the timers of a conversation that is gone.
    """
    if conversation.timers.alarm is not None:
        conversation.timers.alarm.cancel()
        conversation.timers.alarm = None


def restart(service: Service, conversation: Conversation) -> None:
    """
    Count from now.
    """
    conversation.timers.since = service.now()
    _plan(service, conversation)


def _plan(service: Service, conversation: Conversation) -> None:
    """
    Plan the next change, if one is to come.
    """
    end(conversation)
    timers = conversation.timers
    pending: list[tuple[float, ConversationState]] = []
    if timers.inactive_after is not None and conversation.state is ConversationState.ACTIVE:
        pending.append((timers.inactive_after, ConversationState.INACTIVE))
    if timers.closed_after is not None and not conversation.is_closed:
        pending.append((timers.closed_after, ConversationState.CLOSED))
    if not pending:
        return
    after, state = min(pending, key=lambda entry: entry[0])
    passed = service.now() - timers.since
    timers.alarm = service.surroundings.call_later(
        max(after - passed, 0.0), lambda: _ring(service, conversation, state)
    )


def _ring(service: Service, conversation: Conversation, state: ConversationState) -> None:
    change(service, conversation, state)
    service.surroundings.changed()


def parse(name: str) -> ConversationState:
    """
    The state of that name.
    """
    try:
        return ConversationState(name)
    except ValueError:
        raise refusal(50378) from None
