"""
Typing: who is shown, for how long, and what is sent about the user.
"""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from conversations._core.conversations.configuration import Choices
from conversations._core.conversations.typing_participants import decode_notice
from conversations._core.sync.events import ItemAdded
from tests.core.simulated_live import TYPING_PATH, TYPING_TYPE
from tests.core.simulated_objects import Request
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import LOST, World


def world_with(*members: str, by: str = "carol", **settings: Any) -> tuple[World, Conversation]:
    service = SimulatedService()
    conversation = service.create(by, *(members or ("alice", "bob")))
    world = World(service, **settings).ready()
    world.take()
    service.requests.clear()
    return world, conversation


def words(world: World) -> list[str]:
    kinds = ("Typing", "Message", "Participant", "ConversationLeft", "ConversationDeleted")
    return [word for word in world.take_words() if word.startswith(kinds)]


def typing(world: World, conversation: Conversation) -> list[str | None]:
    people = world.record(conversation.sid).typing
    return [record.snapshot.identity or record.snapshot.channel for record in people]


def notify(world: World, conversation: Conversation, who: str | None, seconds: Any = None) -> None:
    world.service.live.notify_typing(conversation, who, seconds)
    world.run(0.1)


# Who is shown


def test_a_notice_shows_its_author_until_its_time_is_over() -> None:
    world, conversation = world_with()
    world.service.live.notify_typing(conversation, "bob")
    world.run_until(lambda: bool(world.told))
    assert typing(world, conversation) == ["bob"]
    assert words(world) == ["TypingStarted bob"]
    world.run(5.9)
    assert words(world) == []
    world.run(0.2)
    assert words(world) == ["TypingEnded bob"]
    assert typing(world, conversation) == []


def test_further_notices_prolong_it_and_are_not_told() -> None:
    world, conversation = world_with()
    for _ in range(4):
        notify(world, conversation, "bob")
        world.run(4.0)
    assert words(world) == ["TypingStarted bob"]
    world.run(2.0)
    assert words(world) == ["TypingEnded bob"]
    notify(world, conversation, "bob")
    assert words(world) == ["TypingStarted bob"]  # it is a new one


def test_the_last_notice_counts_also_if_it_is_shorter() -> None:
    world, conversation = world_with()
    notify(world, conversation, "bob", 60)
    notify(world, conversation, "bob", 0.5)
    assert words(world) == ["TypingStarted bob"]
    world.run(0.5)
    assert words(world) == ["TypingEnded bob"]


def test_those_who_type_stand_in_the_order_in_which_they_began() -> None:
    world, conversation = world_with("alice", "bob", "carol", "dave")
    for who in ("dave", "bob", "carol", "dave"):
        notify(world, conversation, who)
    assert typing(world, conversation) == ["dave", "bob", "carol"]


def test_nobody_is_shown_as_typing_to_himself() -> None:
    world, conversation = world_with()
    world.service.live.add_address(conversation, "apple:1")
    world.settle()
    world.take()
    payload = {"channel_sid": conversation.sid, "identity": "alice", "typing_timeout": 6}
    world.service.notify_raw(TYPING_TYPE, payload)
    world.settle()
    assert words(world) == []


@pytest.mark.parametrize("identity", ["bob", "somebody else", None])
def test_participants_of_the_apple_channel_type_with_every_notice(identity: str | None) -> None:
    world, conversation = world_with("alice", "bob")
    for address in ("apple:1", "apple:2", "+15550001"):
        world.service.live.add_address(conversation, address)
    world.settle()
    world.take()
    notify(world, conversation, identity)
    others = ["bob"] if identity == "bob" else []
    assert typing(world, conversation) == [*others, "apple", "apple"]
    world.settle()
    assert words(world) == [
        *(f"TypingStarted {who}" for who in [*others, "apple", "apple"]),
        *(f"TypingEnded {who}" for who in [*others, "apple", "apple"]),
    ]


def test_a_notice_without_an_identity_shows_nobody_who_has_none() -> None:
    world, conversation = world_with()
    world.service.live.add_address(conversation, "+15550001")
    world.settle()
    world.take()
    notify(world, conversation, None)
    assert typing(world, conversation) == []


def test_a_chosen_time_replaces_that_of_the_notice() -> None:
    world, conversation = world_with(choices=Choices(typing_indicator_timeout=2.0))
    world.service.live.notify_typing(conversation, "bob", 60)
    world.run_until(lambda: bool(world.told))
    world.run(2.9)
    assert words(world) == ["TypingStarted bob"]
    world.run(0.2)
    assert words(world) == ["TypingEnded bob"]


def test_notices_about_what_is_not_known_are_passed_over() -> None:
    world, conversation = world_with()
    outside = world.service.create("alice", "bob")  # alice is its creator, and not in it
    world.settle()
    world.take()
    sids = [conversation.sid, outside.sid, "CH" + "f" * 32]
    for sid, identity in zip(sids, ["nobody", "bob", "bob"], strict=True):
        payload = {"channel_sid": sid, "identity": identity, "typing_timeout": 6}
        world.service.notify_raw(TYPING_TYPE, payload)
    world.settle()
    assert words(world) == []


def test_a_notice_that_comes_before_the_participants_are_known_waits_for_them() -> None:
    service = SimulatedService()
    service.create("carol", "alice", "bob")
    world = World(service).ready()
    world.take()
    conversation = service.create("carol", "dave", "bob")
    for number in range(60):
        service.add(conversation, f"user {number}")
    service.fault("/Items", "GET", delay=3.0)
    service.add(conversation, "alice")
    world.run(0.3)
    assert world.model(conversation.sid).is_joined
    for identity in ("bob", "dave", "bob", "nobody"):
        service.live.notify_typing(conversation, identity, 2 if identity == "dave" else 6)
    world.run(2.0)
    assert words(world) == []
    world.run(1.5)
    assert words(world) == ["TypingStarted bob"]  # the other has stopped by now
    world.run(2.0)
    assert words(world) == []
    world.run(1.0)
    assert words(world) == ["TypingEnded bob"]


def test_a_notice_that_waits_ends_when_the_user_leaves() -> None:
    world, conversation = world_with()
    model = world.model(conversation.sid)
    model.roster.unload()
    notify(world, conversation, "bob")
    world.service.remove(conversation, "alice", keep_entry=True)
    world.settle()
    world.service.add(conversation, "alice")
    world.run(1.0)
    assert typing(world, conversation) == []
    assert words(world) == ["ConversationLeft"]


def test_a_notice_that_comes_before_the_client_is_ready_is_passed_over() -> None:
    service = SimulatedService()
    conversation = service.create("carol", "alice", "bob")
    world = World(service)
    world.start()
    world.run_until(lambda: world.connection.identity is not None)
    service.live.notify_typing(conversation, "bob")
    world.settle()
    assert typing(world, conversation) == []
    assert words(world) == []


@pytest.mark.parametrize(
    "payload",
    [None, [], "text", b"\0", {}, {"channel_sid": 7}, {"channel_sid": ""}, {"identity": "bob"}],
)
def test_what_is_no_notice_is_passed_over(payload: Any) -> None:
    assert decode_notice(payload) is None
    world, conversation = world_with()
    world.service.notify_raw(TYPING_TYPE, payload if not isinstance(payload, bytes) else None)
    world.settle()
    assert typing(world, conversation) == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3, 3.0),
        (0.25, 0.25),
        *[(odd, 6.0) for odd in (None, 0, -1, "5", True, [], float("nan"), float("inf"), 10**400)],
    ],
)
def test_a_notice_without_a_usable_time_lasts_as_usual(value: Any, seconds: float) -> None:
    notice = decode_notice({"channel_sid": "CH1", "identity": "", "typing_timeout": value})
    assert notice is not None
    assert (notice.seconds, notice.identity) == (seconds, None)


# What ends it


def test_a_message_of_the_author_ends_it_directly_before() -> None:
    world, conversation = world_with("alice", "bob", "dave")
    notify(world, conversation, "bob")
    notify(world, conversation, "dave")
    world.take()
    world.service.send(conversation, "bob", "hello")
    world.run(0.2)
    assert words(world) == ["TypingEnded bob", "MessageAdded 0"]
    assert typing(world, conversation) == ["dave"]
    world.settle()
    assert words(world) == ["TypingEnded dave"]


def test_a_message_through_the_rest_api_ends_the_typing_of_its_author() -> None:
    world, conversation = world_with()
    notify(world, conversation, "bob")
    world.service.send(conversation, "bob", "hello", memberSid=None)
    world.run(0.2)
    assert words(world) == ["TypingStarted bob", "TypingEnded bob", "MessageAdded 0"]


def test_a_message_from_an_address_ends_the_typing_of_its_participant() -> None:
    world, conversation = world_with()
    for address in ("apple:1", "apple:2"):
        world.service.live.add_address(conversation, address)
    world.settle()
    notify(world, conversation, None)
    world.take()
    world.service.send(conversation, "apple:2", "hello")
    world.run(0.2)
    assert words(world) == ["TypingEnded apple", "MessageAdded 0"]
    (left,) = world.record(conversation.sid).typing
    assert left.snapshot.sid == conversation.members["apple:1"]


def test_messages_of_others_and_anonymous_ones_end_nothing() -> None:
    world, conversation = world_with()
    world.service.live.add_address(conversation, "apple:1")
    world.settle()
    notify(world, conversation, "bob")
    world.take()
    world.service.send(conversation, "alice", "mine")
    world.service.send(conversation, None, "anonymous")  # type: ignore[arg-type]
    world.run(0.2)
    assert words(world) == ["MessageAdded 0", "MessageAdded 1"]
    assert typing(world, conversation) == ["bob", "apple"]


def test_a_message_that_was_announced_before_ends_nothing() -> None:
    world, conversation = world_with()
    world.service.send(conversation, "bob", "hello")
    world.settle()
    notify(world, conversation, "bob")
    world.take()
    cache = world.model(conversation.sid).messages
    data = {**conversation.messages.items[0].data, "text": "again"}
    cache.added(ItemAdded(key=0, data=data, event_id=99))
    world.run(0.1)
    assert typing(world, conversation) == ["bob"]


def test_leaving_ends_it_directly_before() -> None:
    world, conversation = world_with()
    notify(world, conversation, "bob")
    world.take()
    world.service.remove(conversation, "bob")
    world.settle()
    assert words(world) == ["TypingEnded bob", "ParticipantDeleted"]


def test_the_end_of_the_conversation_ends_it_without_a_word() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    notify(world, conversation, "bob")
    world.take()
    world.service.delete(conversation)
    world.settle()
    assert words(world) == ["ConversationLeft", "ConversationDeleted"]
    assert record.typing == ()


def test_leaving_a_conversation_that_stays_ends_it_with_a_word() -> None:
    world, conversation = world_with()
    notify(world, conversation, "bob")
    world.take()
    world.service.remove(conversation, "alice", keep_entry=True)
    world.settle()
    assert words(world) == ["TypingEnded bob", "ConversationLeft"]
    payload = {"channel_sid": conversation.sid, "identity": "bob", "typing_timeout": 6}
    world.service.notify_raw(TYPING_TYPE, payload)
    world.settle()
    assert words(world) == []  # the user is not in any more


def test_a_lost_connection_does_not_end_it() -> None:
    world, conversation = world_with()
    notify(world, conversation, "bob")
    world.cut()
    world.run(1.0)
    assert typing(world, conversation) == ["bob"]
    world.run(6.0)
    assert typing(world, conversation) == []


def test_who_is_gone_when_the_roster_is_read_again_types_no_more() -> None:
    world, conversation = world_with("alice", "bob", "dave")
    notify(world, conversation, "bob", 500)
    notify(world, conversation, "dave", 500)
    world.take()
    roster = world.model(conversation.sid).roster
    bob, dave = conversation.members["bob"], conversation.members["dave"]

    left = {key: item for key, item in conversation.roster.items.items() if key != bob}
    roster.loaded(SimpleNamespace(items=left))  # type: ignore[arg-type]
    world.run(0.1)
    assert words(world) == ["TypingEnded bob"]
    assert [record.snapshot.sid for record in world.record(conversation.sid).typing] == [dave]


def test_shutdown_ends_it_without_a_word() -> None:
    world, conversation = world_with()
    record = world.record(conversation.sid)
    notify(world, conversation, "bob")
    world.take()
    world.engine.close(world.now)
    world.run(20.0)
    assert words(world) == []
    assert record.typing == ()


# What is sent


def commands(world: World) -> Any:
    return world.engine.ready_service().typing_commands


def sent(world: World) -> list[Request]:
    return [request for request in world.service.requests if request.path == TYPING_PATH]


def times(world: World) -> list[float]:
    """
    When notices arrived, from the first one on.
    """
    arrived = [request.at for request in sent(world)]
    return [round(at - arrived[0], 3) for at in arrived]


def test_a_notice_is_a_form_without_a_mutation_id() -> None:
    world, conversation = world_with()
    commands(world).typing(conversation.sid)
    world.settle()
    (request,) = sent(world)
    assert request.method == "POST"
    assert request.payload == f"ChannelSid={conversation.sid}".encode()
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    (frame,) = [
        frame
        for frame in world.connection.frames
        if frame.method == "message" and TYPING_PATH in str(frame.header)
    ]
    assert frame.header["payload_type"] == "application/x-www-form-urlencoded"


def press_keys(world: World, conversation: Conversation, seconds: float) -> None:
    """
    Type for a while, ten keys a second.
    """
    for _ in range(round(seconds * 10)):
        commands(world).typing(conversation.sid)
        world.run(0.1)


def test_at_first_a_notice_goes_out_every_five_seconds() -> None:
    world, conversation = world_with()
    world.service.live.typing_timeout = 3
    press_keys(world, conversation, 2.0)
    assert len(sent(world)) == 1


def test_after_that_as_often_as_the_service_says() -> None:
    world, conversation = world_with()
    world.service.live.typing_timeout = 3
    press_keys(world, conversation, 10.0)
    assert times(world) == pytest.approx([0.0, 3.0, 6.0, 9.0], abs=0.2)
    world.service.live.typing_timeout = 7
    world.run(10.0)
    world.service.requests.clear()
    press_keys(world, conversation, 15.0)
    assert times(world) == pytest.approx([0.0, 7.0, 14.0], abs=0.2)


def test_what_the_program_chose_wins() -> None:
    world, conversation = world_with(choices=Choices(typing_indicator_timeout=2.0))
    press_keys(world, conversation, 7.0)
    assert times(world) == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=0.2)


def test_each_conversation_has_its_own_time() -> None:
    world, conversation = world_with()
    other = world.service.create("carol", "alice")
    world.settle()
    for _ in range(3):
        commands(world).typing(conversation.sid)
        commands(world).typing(other.sid)
    world.run(1.0)
    assert len(sent(world)) == 2
    assert commands(world).interval == 5.0


@pytest.mark.parametrize("odd", [None, 0, -5, "5", True, {}])
def test_an_odd_answer_changes_nothing(odd: Any) -> None:
    world, conversation = world_with()
    world.service.live.typing_timeout = 2
    commands(world).typing(conversation.sid)
    world.run(3.0)
    assert commands(world).interval == 2.0
    world.service.live.typing_timeout = odd
    world.service.live.notify_typing = lambda *_: None  # type: ignore[method-assign]
    commands(world).typing(conversation.sid)
    world.run(0.2)
    assert commands(world).interval == 2.0


def test_what_fails_does_not_count_and_is_logged_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "conversations")
    world, conversation = world_with()
    world.service.fault(TYPING_PATH, status=403, times=3)
    for _ in range(3):
        commands(world).typing(conversation.sid)
        world.run(0.5)
    assert len(sent(world)) == 3
    commands(world).typing(conversation.sid)
    commands(world).typing(conversation.sid)
    world.run(0.5)
    commands(world).typing(conversation.sid)
    world.run(0.5)
    assert len(sent(world)) == 4
    assert world.told == []  # nothing but the log
    told = [entry for entry in caplog.records if "was not told" in entry.getMessage()]
    assert [entry.levelname for entry in told] == ["WARNING", "DEBUG", "DEBUG"]


def test_while_a_notice_is_under_way_none_is_sent() -> None:
    world, conversation = world_with()
    world.service.fault(TYPING_PATH, delay=2.0)
    press_keys(world, conversation, 2.0)
    assert len(sent(world)) == 1


def test_an_answer_that_does_not_come_does_not_stop_it() -> None:
    world, conversation = world_with()
    world.service.fault(TYPING_PATH, is_silent=True)
    press_keys(world, conversation, 5.5)
    assert len(sent(world)) == 2


def test_without_a_connection_nothing_is_sent_and_nothing_waits() -> None:
    world, conversation = world_with()
    world.cut()
    world.run(0.01)
    commands(world).typing(conversation.sid)
    world.settle()
    assert world.is_up
    assert sent(world) == []
    commands(world).typing(conversation.sid)
    world.settle()
    assert len(sent(world)) == 1


def test_a_connection_that_breaks_meanwhile_is_no_error() -> None:
    world, conversation = world_with()
    world.service.fault(TYPING_PATH, cut="before")
    commands(world).typing(conversation.sid)
    world.settle()
    assert [word for word in world.words if "Error" in word] == [
        "ConnectionErrorOccurred",
        "ErrorOccurred",  # of the connection
    ]


def test_a_service_that_tells_no_address_is_not_told() -> None:
    service = SimulatedService()
    conversation = service.create("carol", "alice", "bob")
    links = service.routes._configuration("alice")["links"]
    service.configuration_changes = {"links": {**links, "typing": "/relative"}}
    world = World(service).ready()
    commands(world).typing(conversation.sid)
    commands(world).keep(conversation.sid)
    world.run(20.0)
    assert sent(world) == []
    assert world.is_up


# Scopes


def test_a_scope_repeats_the_notice_by_itself_until_its_end() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    world.run(17.0)
    assert times(world) == [0.0, 5.0, 10.0, 15.0]
    commands(world).release(conversation.sid)
    world.run(30.0)
    assert len(sent(world)) == 4


def test_the_others_see_no_gap_in_a_scope() -> None:
    world, conversation = world_with()
    for told, waits in ((5, 4.0), (3, 20.0), (9, 40.0), (2, 40.0)):
        world.service.live.typing_timeout = told
        if told == 5:
            commands(world).keep(conversation.sid)
        world.run(waits)
    gaps = [later - earlier for earlier, later in zip(times(world), times(world)[1:], strict=False)]
    assert max(gaps) <= 9.0
    assert gaps[:3] == [5.0, 3.0, 3.0]
    assert gaps[-1] == 2.0


def test_key_presses_inside_a_scope_send_nothing_more() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    press_keys(world, conversation, 12.0)
    assert times(world) == pytest.approx([0.0, 5.0, 10.0], abs=0.2)


def test_a_scope_goes_on_after_a_key_press_before_it() -> None:
    world, conversation = world_with()
    commands(world).typing(conversation.sid)
    world.run(3.0)
    commands(world).keep(conversation.sid)
    world.run(9.0)
    assert times(world) == [0.0, 5.0, 10.0]


def test_scopes_within_one_another_end_with_the_last() -> None:
    world, conversation = world_with()
    for _ in range(2):
        commands(world).keep(conversation.sid)
    world.run(6.0)
    commands(world).release(conversation.sid)
    world.run(5.0)
    assert times(world) == [0.0, 5.0, 10.0]
    for _ in range(2):  # once more than was begun
        commands(world).release(conversation.sid)
    world.run(20.0)
    assert len(sent(world)) == 3


def test_a_scope_survives_a_lost_connection() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    world.run(1.0)
    world.cut()
    world.run(20.0)
    assert len(sent(world)) >= 3


def test_a_scope_goes_on_after_a_long_time_without_a_connection() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    world.run(1.0)
    world.attempts.extend([LOST] * 5)
    world.cut()
    world.run_until(lambda: world.is_up and world.connection.identity is not None)
    back_at = world.now
    assert back_at - sent(world)[0].at > 10.0
    assert len(sent(world)) == 1
    world.run(6.0)
    assert len(sent(world)) >= 2
    assert sent(world)[1].at - back_at <= 5.1


def test_a_scope_whose_notices_are_refused_stops_asking() -> None:
    world, conversation = world_with()
    fault = world.service.fault(TYPING_PATH, status=403, times=1000)
    commands(world).keep(conversation.sid)
    world.run(60.0)
    assert len(sent(world)) == 1
    fault.times = 0
    commands(world).keep(conversation.sid)  # another one tries again
    world.run(6.0)
    assert len(sent(world)) == 3


def test_a_scope_goes_on_when_the_service_is_busy() -> None:
    world, conversation = world_with()
    world.service.fault(TYPING_PATH, status=503, times=2)
    commands(world).keep(conversation.sid)
    world.run(16.0)
    assert times(world) == pytest.approx([0.0, 5.0, 10.0, 15.0], abs=0.5)


def test_a_scope_ends_with_its_conversation() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    world.run(1.0)
    world.service.delete(conversation)
    world.run(30.0)
    assert len(sent(world)) == 1
    commands(world).release(conversation.sid)


def test_a_scope_ends_with_the_client() -> None:
    world, conversation = world_with()
    commands(world).keep(conversation.sid)
    world.run(1.0)
    world.engine.close(world.now)
    world.run(30.0)
    assert len(sent(world)) == 1
    assert world.engine.next_deadline() is None
