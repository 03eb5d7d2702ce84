"""
What each operation changes, in order (docs/protocol/conversations.md, What each operation
changes), asked for as users do.
"""

from __future__ import annotations

from typing import Any

import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import ManualClock
from conversations.emulator.domain import conversations, participants, users
from conversations.emulator.domain.fields import ConversationFields
from conversations.emulator.domain.records import SERVER, ConversationState
from conversations.emulator.domain.service import Service
from tests.emulator.recorder import Api, Recorder

START = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:01:00.000Z"


@pytest.fixture
def api(service: Service) -> Api:
    return Api(service)


@pytest.fixture
def witness(service: Service) -> Recorder:
    """
    Hears everything of what is there when it is asked to listen.
    """
    return Recorder("witness")


@pytest.fixture
def sid(api: Api) -> str:
    """
    A conversation of alice, who has joined.
    """
    created = api.ok(
        "alice", "POST", "Conversations", {"friendly_name": "Lunch", "attributes": '{"a": 1}'}
    )
    api.ok("alice", "POST", f"Conversations/{created['sid']}/Participants", {"identity": "alice"})
    return str(created["sid"])


def listen(witness: Recorder, service: Service) -> None:
    witness.subscribe_to_all(service)
    witness.take()


def participant(api: Api, sid: str, identity: str) -> Any:
    return api.service.conversations[sid].by_identity[identity]


def item(service: Service, identity: str, sid: str) -> Any:
    found = service.users[identity].channels.get(sid)
    return None if found is None else found.data


def document(service: Service, sid: str) -> Any:
    return service.conversations[sid].document.data


# Users ---------------------------------------------------------------------------------------


def test_a_new_user_has_a_map_of_itself_and_an_empty_map_of_conversations(
    service: Service,
) -> None:
    user = users.ensure(service, "bob")
    assert users.ensure(service, "bob") is user
    assert user.info.unique_name == f"{user.sid}.info"
    assert {entry.key: entry.data for entry in user.info.items(0, 9)} == {
        "friendlyName": {"value": "bob"},
        "attributes": {"value": "{}"},
        "reachability": {"online": False, "notifiable": False},
    }
    assert user.channels.unique_name == "bob.channels"
    assert (user.channels.size, user.channels.position) == (0, -1)
    assert not user.channels.may_read("alice")
    assert user.info.may_read("alice")


def test_a_user_changes_itself(service: Service, api: Api, witness: Recorder) -> None:
    user = users.ensure(service, "alice")
    listen(witness, service)
    body = api.ok("alice", "POST", "Users/alice", {"friendly_name": "Al"})
    assert (body["friendly_name"], body["attributes"]) == ("Al", "{}")
    assert witness.changes(service) == [f"{user.sid}.info updated friendlyName"]
    api.ok("alice", "POST", f"Users/{user.sid}", {"attributes": '{"x": 1}'})
    assert witness.changes(service) == [f"{user.sid}.info updated attributes"]
    entry = user.info.get("attributes")
    assert entry is not None
    assert entry.data == {"value": '{"x": 1}'}


def test_the_role_of_a_token_is_for_new_users_only(service: Service) -> None:
    role = service.ids.sid("RL")
    assert users.ensure(service, "new", role_sid=role).role_sid == role
    assert users.ensure(service, "new", role_sid=service.ids.sid("RL")).role_sid == role


# Conversations -------------------------------------------------------------------------------


def test_creating_makes_three_objects_and_adds_to_the_creators_map(
    service: Service, api: Api, witness: Recorder
) -> None:
    users.ensure(service, "alice")
    listen(witness, service)
    body = api.ok(
        "alice",
        "POST",
        "Conversations",
        {"friendly_name": "Lunch", "unique_name": "lunch", "attributes": '{"a":1}'},
    )
    sid = body["sid"]
    assert witness.changes(service) == ["alice.channels added CH"]
    assert item(service, "alice", sid) == {
        "channel": f"{sid}.channel",
        "messages": f"{sid}.messages",
        "roster": f"{sid}.roster",
        "status": "notParticipating",
        "notificationLevel": "default",
        "lastConsumedMessageIndex": None,
    }
    conversation = service.conversations[sid]
    assert conversation.document.position == 0
    assert (conversation.list.position, conversation.roster.position) == (-1, -1)
    assert document(service, sid) == {
        "messages": f"{sid}.messages",
        "roster": f"{sid}.roster",
        "friendlyName": "Lunch",
        "uniqueName": "lunch",
        "attributes": '{"a":1}',
        "createdBy": "alice",
        "dateCreated": START,
        "dateUpdated": START,
        "state": {"current": "active", "dateUpdated": START},
        "bindings": {},
        "type": "private",
    }
    url = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}/Conversations/{sid}"
    assert body == {
        "account_sid": service.account,
        "chat_service_sid": service.sid,
        "messaging_service_sid": service.messaging_service_sid,
        "sid": sid,
        "friendly_name": "Lunch",
        "unique_name": "lunch",
        "attributes": '{"a":1}',
        "state": "active",
        "created_by": "alice",
        "date_created": START,
        "date_updated": START,
        "participants_count": 0,
        "messages_count": 0,
        "url": url,
        "sync_objects": {
            "conversation": f"{sid}.channel",
            "messages": f"{sid}.messages",
            "participants": f"{sid}.roster",
        },
        "links": {"participants": f"{url}/Participants", "messages": f"{url}/Messages"},
    }


def test_a_conversation_of_the_server_is_on_nobodys_list(service: Service) -> None:
    users.ensure(service, "alice")
    conversation = conversations.create(service, SERVER, ConversationFields())
    assert conversation.created_by == "system"
    assert service.users["alice"].channels.size == 0


def test_updating_writes_the_document_with_a_new_date(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    listen(witness, service)
    clock.advance(60)
    for body, member, value in [
        ({"friendly_name": "Tea"}, "friendlyName", "Tea"),
        ({"attributes": "[]"}, "attributes", "[]"),
        ({"unique_name": "tea"}, "uniqueName", "tea"),
        ({"unique_name": ""}, "uniqueName", None),
        ({"friendly_name": None}, "friendlyName", None),
    ]:
        api.ok("alice", "POST", f"Conversations/{sid}", body)
        assert witness.changes(service) == ["channel updated"]
        assert document(service, sid)[member] == value
        assert document(service, sid)["dateUpdated"] == LATER
    assert service.unique_names == {}
    api.ok("alice", "POST", f"Conversations/{sid}", {})
    assert witness.changes(service) == []


def test_a_unique_name_is_unique_and_can_be_kept(api: Api, sid: str) -> None:
    api.ok("alice", "POST", f"Conversations/{sid}", {"unique_name": "one"})
    api.ok("alice", "POST", f"Conversations/{sid}", {"unique_name": "one"})
    assert api.refused("bob", "POST", "Conversations", {"unique_name": "one"}) == (409, 50353)
    other = api.ok("alice", "POST", "Conversations", {})["sid"]
    taken = api.refused("alice", "POST", f"Conversations/{other}", {"unique_name": "one"})
    assert taken == (409, 50353)
    api.ok("alice", "DELETE", f"Conversations/{sid}")
    api.ok("alice", "POST", f"Conversations/{other}", {"unique_name": "one"})


def test_deleting_empties_the_lists_before_the_objects_go(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "bob"})
    gone = [
        target.sid
        for conversation in service.conversations.values()
        for target in (conversation.document, conversation.list, conversation.roster)
    ]
    listen(witness, service)
    assert api("alice", "DELETE", f"Conversations/{sid}").status == 204
    kinds = [(notification.kind, notification.events[0]) for notification in witness.take()]
    assert [kind for kind, _ in kinds] == [
        "map_item_removed",
        "map_item_removed",
        "document_removed",
        "list_removed",
        "map_removed",
    ]
    assert [event["item_key"] for _, event in kinds[:2]] == [sid, sid]
    assert not {target.sid for target in service.store} & set(gone)
    assert api.refused("alice", "GET", f"Conversations/{sid}") == (404, 50350)


def test_closing_takes_it_off_every_list_and_refuses_changes(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "bob"})
    message = api.ok("alice", "POST", f"Conversations/{sid}/Messages", {"body": "x"})["sid"]
    listen(witness, service)
    clock.advance(60)
    conversation = service.conversations[sid]
    fields = ConversationFields(state=ConversationState.CLOSED)
    conversations.update(service, SERVER, conversation, fields)
    assert witness.changes(service) == [
        "channel updated",
        "alice.channels removed CH",
        "bob.channels removed CH",
    ]
    assert document(service, sid)["state"] == {"current": "closed", "dateUpdated": LATER}
    own = f"Users/{service.users['alice'].sid}/Conversations"
    assert api.ok("alice", "GET", own)["conversations"] == []
    assert api.refused("alice", "GET", f"{own}/{sid}") == (404, 50350)
    assert api.ok("alice", "GET", f"Conversations/{sid}")["status"] == "notParticipating"
    alice = participant(api, sid, "alice").sid
    for method, path, body in [
        ("POST", "", {"friendly_name": "x"}),
        ("POST", "/Participants", {"identity": "carol"}),
        ("POST", f"/Participants/{alice}", {"attributes": "{}"}),
        ("DELETE", "/Participants/bob", None),
        ("POST", "/Messages", {"body": "x"}),
        ("POST", f"/Messages/{message}", {"body": "y"}),
        ("DELETE", f"/Messages/{message}", None),
    ]:
        refused = api.refused("alice", method, f"Conversations/{sid}{path}", body)
        assert refused == (400, 50377), (method, path)
    level: JSONValue = {"notification_level": "muted"}
    assert api.refused("alice", "POST", f"{own}/{sid}", level) == (400, 50377)
    for path in (f"Documents/{sid}.channel", f"Lists/{sid}.messages", f"Maps/{sid}.roster"):
        assert api("bob", "GET", f"/v3/{path}").status == 200
    assert api("alice", "DELETE", f"Conversations/{sid}").status == 204


def test_activity_ends_the_inactive_state(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    conversation = service.conversations[sid]
    inactive = ConversationFields(state=ConversationState.INACTIVE)
    conversations.update(service, SERVER, conversation, inactive)
    listen(witness, service)
    api.ok("alice", "POST", f"Conversations/{sid}/Messages", {"body": "x"})
    assert witness.changes(service) == ["messages added 0", "channel updated"]
    assert document(service, sid)["state"]["current"] == "active"
    conversations.update(service, SERVER, conversation, inactive)
    witness.take()
    participants.add_user(service, SERVER, conversation, "bob")
    changes = witness.changes(service)
    assert changes == ["roster added MB", "channel updated"]  # bob's own map is new
    assert document(service, sid)["state"]["current"] == "active"


# Participants --------------------------------------------------------------------------------


def test_joining_adds_to_the_roster_and_then_changes_the_own_map(
    service: Service, api: Api, witness: Recorder, clock: ManualClock
) -> None:
    sid = api.ok("alice", "POST", "Conversations", {})["sid"]
    listen(witness, service)
    clock.advance(60)
    path = f"Conversations/{sid}/Participants"
    answer = api("alice", "POST", path, {"identity": "alice"})
    assert answer.status == 201
    assert witness.changes(service) == ["roster added MB", "alice.channels updated CH"]
    body: Any = answer.body
    assert item(service, "alice", sid)["status"] == "joined"
    user = service.users["alice"]
    entry = service.conversations[sid].roster.get(body["sid"])
    assert entry is not None
    assert entry.data == {
        "identity": "alice",
        "type": "chat",
        "userInfo": f"{user.sid}.info",
        "roleSid": service.creator_role_sid,
        "attributes": "{}",
        "dateCreated": LATER,
        "dateUpdated": LATER,
        "lastConsumedMessageIndex": None,
        "lastConsumptionTimestamp": None,
        "bindings": {},
    }
    url = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}/Conversations/{sid}"
    assert body == {
        "account_sid": service.account,
        "chat_service_sid": service.sid,
        "conversation_sid": sid,
        "role_sid": service.creator_role_sid,
        "sid": body["sid"],
        "attributes": "{}",
        "identity": "alice",
        "messaging_binding": None,
        "date_created": LATER,
        "date_updated": LATER,
        "url": f"{url}/Participants/{body['sid']}",
        "links": {"conversation": url},
    }


def test_adding_a_stranger_makes_the_user(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    listen(witness, service)
    body = api.ok(
        "alice",
        "POST",
        f"Conversations/{sid}/Participants",
        {"identity": "bob", "attributes": '{"r":1}'},
    )
    assert witness.changes(service) == ["roster added MB"]
    assert service.users["bob"].channels.position == 0
    assert item(service, "bob", sid)["status"] == "joined"
    assert body["role_sid"] == service.participant_role_sid
    assert body["attributes"] == '{"r":1}'


@pytest.mark.parametrize(
    ("binding", "kind", "shown"),
    [
        (
            {"address": "+15550001", "proxy_address": "+15559999"},
            "sms",
            {"address": "+15550001", "proxy_address": "+15559999"},
        ),
        (
            {"address": "whatsapp:+15550001", "proxy_address": "whatsapp:+15559999"},
            "whatsapp",
            {"address": "whatsapp:+15550001", "proxy_address": "whatsapp:+15559999"},
        ),
        (
            {
                "address": "bo@example.com",
                "proxy_address": "support@example.com",
                "name": "Bo",
                "level": "cc",
            },
            "email",
            {"name": "Bo", "address": "bo@example.com", "level": "cc"},
        ),
    ],
)
def test_adding_an_address_changes_the_roster_alone(
    *,
    binding: JSONValue,
    kind: str,
    shown: JSONValue,
    service: Service,
    api: Api,
    witness: Recorder,
    sid: str,
) -> None:
    listen(witness, service)
    path = f"Conversations/{sid}/Participants"
    body = api.ok("alice", "POST", path, {"attributes": "{}", "messaging_binding": binding})
    assert witness.changes(service) == ["roster added MB"]
    entry = service.conversations[sid].roster.get(body["sid"])
    assert entry is not None
    data: Any = entry.data
    assert (data["identity"], data["type"], data["bindings"]) == (None, kind, {kind: shown})
    assert "userInfo" not in data
    assert body["identity"] is None
    assert body["messaging_binding"]["type"] == kind


def test_updating_a_participant_updates_its_item(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    listen(witness, service)
    clock.advance(60)
    alice = participant(api, sid, "alice").sid
    path = f"Conversations/{sid}/Participants/{alice}"
    assert api.ok("alice", "POST", path, {"attributes": "7"})["attributes"] == "7"
    assert witness.changes(service) == ["roster updated MB"]
    entry = service.conversations[sid].roster.get(alice)
    assert entry is not None
    data: Any = entry.data
    assert (data["attributes"], data["dateUpdated"], data["dateCreated"]) == ("7", LATER, START)


def test_leaving_changes_the_own_map_and_then_the_roster(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "bob"})
    listen(witness, service)
    bob = Recorder("bob")
    conversation = service.conversations[sid]
    bob.subscribe(conversation.document, conversation.list, conversation.roster)
    assert api("bob", "DELETE", f"Conversations/{sid}/Participants/bob").status == 204
    assert witness.changes(service) == ["bob.channels removed CH", "roster removed MB"]
    assert bob.changes(service) == ["roster removed MB"]
    api.ok("alice", "POST", f"Conversations/{sid}/Messages", {"body": "secret"})
    assert bob.take() == []
    assert "bob" not in conversation.by_identity
    assert sid not in service.users["bob"].memberships


def test_a_participant_is_removed_by_sid_or_by_identity(api: Api, sid: str) -> None:
    path = f"Conversations/{sid}/Participants"
    for identity in ("b/ö b", "carol"):
        api.ok("alice", "POST", path, {"identity": identity})
    assert api("alice", "DELETE", f"{path}/b%2F%C3%B6%20b").status == 204
    carol = participant(api, sid, "carol").sid
    assert api("alice", "DELETE", f"{path}/{carol}").status == 204
    for absent in ("carol", carol):
        assert api.refused("alice", "DELETE", f"{path}/{absent}") == (404, 50432)


def test_a_creator_who_has_left_still_reads_the_document_and_may_come_back(
    service: Service, api: Api, sid: str
) -> None:
    path = f"Conversations/{sid}/Participants"
    api.ok("alice", "POST", path, {"identity": "bob"})
    assert api("alice", "DELETE", f"{path}/alice").status == 204
    assert item(service, "alice", sid) is None
    assert api("alice", "GET", f"/v3/Documents/{sid}.channel").status == 200
    assert api.refused("alice", "GET", f"/v3/Lists/{sid}.messages") == (403, 54007)
    assert api.ok("alice", "GET", f"Conversations/{sid}")["status"] == "notParticipating"
    api.ok("alice", "POST", path, {"identity": "alice"})
    assert item(service, "alice", sid)["status"] == "joined"


# Messages ------------------------------------------------------------------------------------


def test_sending_appends_and_then_moves_the_last_message(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    listen(witness, service)
    clock.advance(60)
    path = f"Conversations/{sid}/Messages"
    answer = api("alice", "POST", path, {"body": "hi", "attributes": '{"x":1}', "subject": "S"})
    assert answer.status == 201
    assert witness.changes(service) == ["messages added 0", "channel updated"]
    body: Any = answer.body
    entry = service.conversations[sid].list.get(0)
    assert entry is not None
    assert entry.data == {
        "sid": body["sid"],
        "author": "alice",
        "memberSid": participant(api, sid, "alice").sid,
        "type": "text",
        "text": "hi",
        "subject": "S",
        "contentSid": None,
        "attributes": '{"x":1}',
        "timestamp": LATER,
        "dateUpdated": LATER,
        "lastUpdatedBy": None,
        "channelMetadata": False,
    }
    assert document(service, sid)["lastMessage"] == {"index": 0, "timestamp": LATER}
    assert document(service, sid)["dateUpdated"] == START
    assert participant(api, sid, "alice").last_read_index is None
    url = f"https://aim.us1.twilio.com/Client/v2/Services/{service.sid}/Conversations/{sid}"
    own = f"{url}/Messages/{body['sid']}"
    assert body == {
        "account_sid": service.account,
        "chat_service_sid": service.sid,
        "conversation_sid": sid,
        "sid": body["sid"],
        "index": 0,
        "author": "alice",
        "participant_sid": participant(api, sid, "alice").sid,
        "body": "hi",
        "subject": "S",
        "attributes": '{"x":1}',
        "content_sid": None,
        "media": None,
        "date_created": LATER,
        "date_updated": LATER,
        "url": own,
        "links": {"conversation": url, "messages_receipts": f"{own}/Receipts"},
    }


def test_a_message_may_be_empty_or_without_body(service: Service, api: Api, sid: str) -> None:
    path = f"Conversations/{sid}/Messages"
    assert api.ok("alice", "POST", path, {"body": "", "media_sids": []})["body"] == ""
    assert api.ok("alice", "POST", path, {})["body"] is None
    items: list[Any] = [entry.data for entry in service.conversations[sid].list.items(0, 2)]
    assert items[0]["text"] == ""
    assert "text" not in items[1]


def test_editing_updates_the_item_with_who_and_when(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    path = f"Conversations/{sid}"
    api.ok("alice", "POST", f"{path}/Participants", {"identity": "bob"})
    message = api.ok("alice", "POST", f"{path}/Messages", {"body": "hi"})["sid"]
    listen(witness, service)
    clock.advance(60)
    api.ok("bob", "POST", f"{path}/Messages/{message}", {"body": "ho"})
    assert witness.changes(service) == ["messages updated 0"]
    entry = service.conversations[sid].list.get(0)
    assert entry is not None
    data: Any = entry.data
    assert (data["text"], data["author"], data["lastUpdatedBy"]) == ("ho", "alice", "bob")
    assert (data["timestamp"], data["dateUpdated"]) == (START, LATER)
    api.ok("bob", "POST", f"{path}/Messages/{message}", {"attributes": "[1]"})
    assert witness.changes(service) == ["messages updated 0"]
    api.ok("bob", "POST", f"{path}/Messages/{message}", {})
    assert witness.changes(service) == []


def test_removing_the_last_message_moves_the_last_message_back(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    path = f"Conversations/{sid}/Messages"
    first, second, third = (
        api.ok("alice", "POST", path, {"body": str(number)})["sid"] for number in range(3)
    )
    listen(witness, service)
    api.ok("alice", "DELETE", f"{path}/{second}")
    assert witness.changes(service) == ["messages removed 1"]
    api.ok("alice", "DELETE", f"{path}/{third}")
    assert witness.changes(service) == ["messages removed 2", "channel updated"]
    assert document(service, sid)["lastMessage"]["index"] == 0
    api.ok("alice", "DELETE", f"{path}/{first}")
    assert witness.changes(service) == ["messages removed 0", "channel updated"]
    assert document(service, sid)["lastMessage"] is None
    assert api.ok("alice", "POST", path, {"body": "3"})["index"] == 3
    assert api.refused("alice", "DELETE", f"{path}/{first}") == (404, 50500)
    assert api.refused("alice", "POST", f"{path}/{first}", {"body": "x"}) == (404, 50500)


# What belongs to one participant -------------------------------------------------------------


def test_the_read_horizon_changes_the_own_map_and_then_the_roster(
    service: Service, api: Api, witness: Recorder, clock: ManualClock, sid: str
) -> None:
    for number in range(3):
        api.ok("alice", "POST", f"Conversations/{sid}/Messages", {"body": str(number)})
    own = f"Users/{service.users['alice'].sid}/Conversations/{sid}"
    assert api.ok("alice", "GET", own)["unread_messages_count"] is None
    listen(witness, service)
    clock.advance(60)
    answer = api.ok("alice", "POST", own, {"last_read_message_index": 0})
    assert (answer["unread_messages_count"], answer["last_read_message_index"]) == (2, 0)
    assert witness.changes(service) == ["alice.channels updated CH", "roster updated MB"]
    assert item(service, "alice", sid)["lastConsumedMessageIndex"] == 0
    entry = service.conversations[sid].roster.get(participant(api, sid, "alice").sid)
    assert entry is not None
    data: Any = entry.data
    assert data["lastConsumedMessageIndex"] == 0
    assert (data["lastConsumptionTimestamp"], data["dateUpdated"]) == (LATER, LATER)
    api.ok("alice", "POST", own, {"last_read_message_index": 0})
    assert witness.changes(service) == []
    assert (
        api.ok("alice", "POST", own, {"last_read_message_index": 99})["unread_messages_count"] == 0
    )
    answer = api.ok("alice", "POST", own, {"last_read_message_index": None})
    assert answer["unread_messages_count"] is None
    assert item(service, "alice", sid)["lastConsumedMessageIndex"] is None


def test_the_notification_level_changes_the_own_map_alone(
    service: Service, api: Api, witness: Recorder, sid: str
) -> None:
    own = f"Users/alice/Conversations/{sid}"
    listen(witness, service)
    assert (
        api.ok("alice", "POST", own, {"notification_level": "muted"})["notification_level"]
        == "muted"
    )
    assert witness.changes(service) == ["alice.channels updated CH"]
    assert item(service, "alice", sid)["notificationLevel"] == "muted"


def test_a_new_membership_forgets_horizon_and_level(service: Service, api: Api, sid: str) -> None:
    own = f"Users/alice/Conversations/{sid}"
    api.ok("alice", "POST", own, {"notification_level": "muted", "last_read_message_index": 5})
    api.ok("alice", "DELETE", f"Conversations/{sid}/Participants/alice")
    api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "alice"})
    assert item(service, "alice", sid)["notificationLevel"] == "default"
    assert item(service, "alice", sid)["lastConsumedMessageIndex"] is None


def test_unread_messages_are_counted_without_removed_ones_and_up_to_1000(
    service: Service, api: Api, sid: str
) -> None:
    path = f"Conversations/{sid}/Messages"
    sids = [api.ok("alice", "POST", path, {"body": ""})["sid"] for _ in range(1005)]
    own = f"Users/alice/Conversations/{sid}"
    body = api.ok("alice", "POST", own, {"last_read_message_index": 0})
    assert body["unread_messages_count"] == 1000
    body = api.ok("alice", "POST", own, {"last_read_message_index": 1000})
    assert body["unread_messages_count"] == 4
    api.ok("alice", "DELETE", f"{path}/{sids[1002]}")
    assert api.ok("alice", "GET", own)["unread_messages_count"] == 3
