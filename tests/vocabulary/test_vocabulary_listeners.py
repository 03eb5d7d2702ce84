"""
Listeners: every callback may be left out, and misspelt ones are found.
"""

from __future__ import annotations

import inspect

import pytest

from conversations.listeners import (
    CallbackListener,
    ConversationListener,
    ConversationsClientListener,
    StatusListener,
    unknown_callbacks,
)

LISTENERS = [ConversationsClientListener, ConversationListener, CallbackListener, StatusListener]


@pytest.mark.parametrize("listener_class", LISTENERS)
def test_every_callback_does_nothing_and_is_documented(listener_class):
    listener = listener_class()
    callbacks = [name for name in dir(listener) if name.startswith("on_")]
    assert callbacks
    for name in callbacks:
        callback = getattr(listener, name)
        arguments = inspect.signature(callback).parameters
        assert callback(*[None] * len(arguments)) is None
        assert inspect.getdoc(callback)


def test_a_listener_with_known_callbacks_only_is_fine():
    class Listener(ConversationsClientListener):
        on_screen = True

        def on_message_added(self, message):
            pass

        def onward(self):
            pass

    assert unknown_callbacks(Listener(), ConversationsClientListener) == []
    assert unknown_callbacks(ConversationsClientListener(), ConversationsClientListener) == []


def test_misspelt_callbacks_are_found_however_they_are_defined():
    class Listener(ConversationListener):
        def on_mesage_added(self, message):
            pass

        @staticmethod
        def on_static(message):
            pass

        @classmethod
        def on_class(cls, message):
            pass

        @property
        def on_property(self):
            raise AssertionError

    listener = Listener()
    listener.on_instance = lambda message: None
    assert unknown_callbacks(listener, ConversationListener) == [
        "on_class",
        "on_instance",
        "on_mesage_added",
        "on_static",
    ]


def test_callbacks_of_another_kind_are_unknown_unless_it_is_of_both_kinds():
    class OfConversation(ConversationListener):
        def on_updated(self, conversation, reason):
            pass

        def on_conversation_joined(self, conversation):
            pass

    class OfBoth(ConversationsClientListener, ConversationListener):
        def on_updated(self, conversation, reason):
            pass

        def on_conversation_joined(self, conversation):
            pass

        def on_conversation_joint(self, conversation):
            pass

    assert unknown_callbacks(OfConversation(), ConversationListener) == ["on_conversation_joined"]
    for base in (ConversationListener, ConversationsClientListener):
        assert unknown_callbacks(OfBoth(), base) == ["on_conversation_joint"]


def test_an_object_that_only_looks_like_a_listener_is_checked_too():
    class Duck:
        def on_deleted(self, conversation):
            pass

        def on_delete(self, conversation):
            pass

    assert unknown_callbacks(Duck(), ConversationListener) == ["on_delete"]
