"""
The official JavaScript SDK, unmodified, on the emulator: it is the witness that the emulator
speaks the real protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.js_client import Create, JsError, JsProcess, Start, follow
from tests.interop.samples import TEXTS, VALUES

if TYPE_CHECKING:
    from conversations.emulator import Emulator


def bodies(page: dict[str, Any]) -> list[str]:
    return [message["body"] for message in page["items"]]


def test_it_initializes(start: Start) -> None:
    alice = start("alice")

    state = alice.call("state")

    assert state["version"] == "3.0.1"
    assert state["connectionState"] == "connected"
    assert state["user"] == {
        "identity": "alice",
        "friendlyName": "alice",
        "attributes": {},
        "isOnline": None,
        "isNotifiable": None,
        "isSubscribed": True,
    }
    assert alice.events("connectionStateChanged") == ["connecting", "connected"]
    assert alice.events("stateChanged") == ["initialized"]
    assert alice.call("subscribedConversations")["items"] == []


def test_a_wrong_token_is_denied_and_an_expired_one_is_told(
    own_js: JsProcess, emulator: Emulator
) -> None:
    wrong = own_js.client("wrong", "no token at all", emulator.twilsock_url)
    expired = own_js.client("expired", emulator.token("alice", ttl=-10), emulator.twilsock_url)

    for client, code in ((wrong, 20101), (expired, 20104)):
        client.wait_for("connectionStateChanged", lambda state: state == "denied")
        error = client.wait_for("connectionError")
        assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, code)
    expired.wait_for("tokenExpired")
    assert wrong.events("tokenExpired") == []


def test_a_conversation_is_created_joined_found_and_listed(start: Start) -> None:
    alice = start("alice")

    created = alice.call(
        "create", friendlyName="Mittag ☕", uniqueName="lunch/at 12", attributes={"topic": ["food"]}
    )
    sid = created["sid"]
    assert created["status"] == "notParticipating"
    alice.call("join", sid)
    conversation = alice.wait_for("conversationJoined")

    assert conversation["createdBy"] == "alice"
    assert conversation["friendlyName"] == "Mittag ☕"
    assert conversation["attributes"] == {"topic": ["food"]}
    assert conversation["state"] == "active"
    assert conversation["notificationLevel"] == "default"
    assert conversation["lastReadMessageIndex"] is None
    found = alice.call("conversationByUniqueName", uniqueName="lunch/at 12")
    assert (found["sid"], found["status"]) == (sid, "joined")
    listed = alice.call("subscribedConversations")
    assert [item["sid"] for item in listed["items"]] == [sid]
    assert len(alice.events("conversationAdded")) == 1
    assert len(alice.events("conversationJoined")) == 1


def test_a_unique_name_is_given_once(start: Start) -> None:
    alice = start("alice")
    alice.call("create", uniqueName="lunch")

    with pytest.raises(JsError) as refused:
        alice.call("create", uniqueName="lunch")

    assert (refused.value.status, refused.value.code) == (409, 50353)


def test_conversations_and_messages_are_there_in_a_later_session(
    start: Start, create: Create, emulator: Emulator
) -> None:
    first = start("alice")
    sid = create(first, friendlyName="kept")
    first.send(sid, "kept too")
    first.call("shutdown")

    second = start("alice", name="alice again")

    follow(emulator, second, sid)
    listed = second.call("subscribedConversations")["items"]
    assert [conversation["friendlyName"] for conversation in listed] == ["kept"]
    assert bodies(second.messages(sid)) == ["kept too"]
    assert second.events("messageAdded") == []


def test_texts_arrive_as_they_were_sent(start: Start, create: Create, emulator: Emulator) -> None:
    alice, bob = start("alice"), start("bob")
    sid = create(alice)
    alice.call("add", sid, identity="bob")
    follow(emulator, bob, sid)

    indexes = [alice.send(sid, text) for text in TEXTS]

    assert indexes == list(range(len(TEXTS)))
    for client in (alice, bob):
        client.wait_for("messageAdded", count=len(TEXTS))
        added = client.events("messageAdded")
        assert [message["index"] for message in added] == indexes
        assert [message["body"] for message in added] == TEXTS
        assert {message["author"] for message in added} == {"alice"}
        assert bodies(client.messages(sid)) == TEXTS


def test_attributes_of_every_json_type_arrive_as_they_were_sent(
    start: Start, create: Create, emulator: Emulator
) -> None:
    alice, bob = start("alice"), start("bob")
    sid = create(alice, attributes={"a": 1})
    alice.call("add", sid, identity="bob", attributes=["guest", None])
    follow(emulator, bob, sid)

    for value in VALUES:
        alice.send(sid, "see attributes", attributes=value)

    for client in (alice, bob):
        client.wait_for("messageAdded", count=len(VALUES))
        assert [message["attributes"] for message in client.events("messageAdded")] == VALUES
        participants = {
            participant["identity"]: participant["attributes"]
            for participant in client.call("participants", sid)
        }
        assert participants == {"alice": {}, "bob": ["guest", None]}
    assert bob.call("conversation", sid)["attributes"] == {"a": 1}


def test_a_new_message_has_what_the_real_service_gives_it(start: Start, create: Create) -> None:
    alice = start("alice")
    sid = create(alice)

    alice.send(sid, "hello", subject="greeting")
    message = alice.wait_for("messageAdded")

    assert message["dateUpdated"] == message["dateCreated"]
    assert message["lastUpdatedBy"] is None
    assert message["type"] == "text"
    assert message["media"] == []
    assert message["subject"] == "greeting"
    assert message["participant"] == alice.call("participants", sid)[0]["sid"]
    updated = alice.wait_for(
        "conversationUpdated", lambda event: "lastMessage" in event["updateReasons"]
    )
    assert updated["conversation"]["lastMessageIndex"] == 0


def test_messages_are_paged_in_both_directions(
    start: Start, create: Create, emulator: Emulator
) -> None:
    alice = start("alice")
    sid = create(alice)
    texts = [f"message {number}" for number in range(35)]
    for text in texts:
        alice.send(sid, text)
    fresh = start("alice", name="alice elsewhere")
    follow(emulator, fresh, sid)

    backwards = fresh.messages(sid, 10)
    assert (backwards["hasPrevPage"], backwards["hasNextPage"]) == (True, False)
    read = bodies(backwards)
    while backwards["hasPrevPage"]:
        backwards = fresh.call("prevPage", page=backwards["page"])
        read = bodies(backwards) + read
    assert read == texts

    forward = fresh.messages(sid, 10, anchor=0, direction="forward")
    assert (forward["hasPrevPage"], forward["hasNextPage"]) == (False, True)
    read = bodies(forward)
    while forward["hasNextPage"]:
        forward = fresh.call("nextPage", page=forward["page"])
        read += bodies(forward)
    assert read == texts


def test_a_page_can_begin_anywhere(start: Start, create: Create, emulator: Emulator) -> None:
    alice = start("alice")
    sid = create(alice)
    for number in range(30):
        alice.send(sid, f"message {number}")
    fresh = start("alice", name="alice elsewhere")
    follow(emulator, fresh, sid)

    before = fresh.messages(sid, 5, anchor=20)
    after = fresh.messages(sid, 5, anchor=20, direction="forward")

    assert [message["index"] for message in before["items"]] == [16, 17, 18, 19, 20]
    assert (before["hasPrevPage"], before["hasNextPage"]) == (True, True)
    assert [message["index"] for message in after["items"]] == [20, 21, 22, 23, 24]
    assert (after["hasPrevPage"], after["hasNextPage"]) == (True, True)


def test_participants_come_and_go(start: Start, create: Create, emulator: Emulator) -> None:
    alice, bob = start("alice"), start("bob")
    sid = create(alice)

    answer = alice.call("add", sid, identity="bob")
    follow(emulator, bob, sid)
    came = alice.wait_for("participantJoined")
    assert came["identity"] == "bob"
    assert came["sid"] == answer["sid"]
    assert bob.events("participantJoined") == []
    members = bob.call("participants", sid)
    assert sorted(member["identity"] for member in members) == ["alice", "bob"]
    with pytest.raises(JsError) as twice:
        alice.call("add", sid, identity="bob")
    assert (twice.value.status, twice.value.code) == (409, 50433)

    bob.call("leave", sid)
    bob.wait_for("conversationLeft")
    bob.wait_for("conversationRemoved")
    went = alice.wait_for("participantLeft")
    assert went["identity"] == "bob"

    alice.call("add", sid, identity="bob")
    follow(emulator, bob, sid, time=2)
    alice.call("removeParticipant", sid, participant="bob")
    bob.wait_for("conversationRemoved", count=2)
    alice.wait_for("participantLeft", count=2)
    assert [member["identity"] for member in alice.call("participants", sid)] == ["alice"]


def test_whoever_is_not_a_participant_sees_and_sends_nothing(start: Start, create: Create) -> None:
    alice, mallory = start("alice"), start("mallory")
    sid = create(alice)
    alice.send(sid, "for us alone")

    with pytest.raises(JsError):
        mallory.call("conversation", sid)
    with pytest.raises(JsError) as refused:
        mallory.call("peek", sid=sid)

    assert (refused.value.status, refused.value.code) == (403, 50430)
    assert mallory.events("conversationAdded") == []
    assert mallory.events("messageAdded") == []


def test_what_happens_during_a_lost_connection_arrives_after_it_once_and_in_order(
    start: Start, emulator: Emulator, create: Create
) -> None:
    alice, bob = start("alice"), start("bob")
    sid = create(alice)
    alice.call("add", sid, identity="bob")
    follow(emulator, bob, sid)
    alice.wait_for("participantJoined")
    bob.send(sid, "before")
    alice.wait_for("messageAdded")

    with emulator.refuse_connections():
        emulator.drop_connections("alice")
        for number in range(3):
            bob.send(sid, f"meanwhile {number}")
        other = create(bob, friendlyName="new meanwhile")
        bob.call("add", other, identity="alice")
        assert alice.events("connectionStateChanged")[-1] != "connected"
    alice.wait_for("connectionStateChanged", lambda state: state == "connected", count=2)
    bob.send(sid, "and then")

    alice.wait_for("messageAdded", lambda message: message["body"] == "and then")
    follow(emulator, alice, other)
    expected = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2", "and then"]
    assert [message["body"] for message in alice.events("messageAdded")] == expected
    assert alice.send(sid, "back again") == len(expected)


def test_a_token_is_replaced_on_the_living_connection(
    start: Start, emulator: Emulator, create: Create
) -> None:
    alice = start("alice")
    sid = create(alice)

    alice.call("updateToken", token=emulator.token("alice", ttl=7200))

    assert alice.send(sid, "still here") == 0
    assert alice.events("connectionStateChanged") == ["connecting", "connected"]


def test_the_token_of_another_user_is_refused(start: Start, emulator: Emulator) -> None:
    alice = start("alice")
    alice.call("subscribedConversations")

    with pytest.raises(JsError):
        alice.call("updateToken", token=emulator.token("bob"))

    alice.wait_for("connectionStateChanged", lambda state: state == "denied")
    assert alice.wait_for("connectionError")["errorCode"] == 51215


def test_a_short_lived_token_is_announced_and_renewed(js: JsProcess, emulator: Emulator) -> None:
    alice = js.client("alice", emulator.token("alice", ttl=3), emulator.twilsock_url)

    alice.wait_for("tokenAboutToExpire")
    alice.call("updateToken", token=emulator.token("alice"))

    assert alice.call("state")["connectionState"] == "connected"
    assert alice.events("tokenExpired") == []
