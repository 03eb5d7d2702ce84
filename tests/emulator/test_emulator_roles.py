"""
Permissions of roles, where they count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from conversations._core.upstream import JSONValue
from conversations.emulator import Emulator, ManualClock, Refusal, Settings
from conversations.emulator.domain import media, roles
from conversations.emulator.domain.records import Caller, RoleType
from tests.emulator.recorder import Api, make_service

NOT_ALLOWED = (403, 50107)
ALLOWED = None
BY_BOTH = {"creator": ALLOWED, "bob": ALLOWED}
BY_CREATOR = {"creator": ALLOWED, "bob": NOT_ALLOWED}
BY_BOB = {"creator": NOT_ALLOWED, "bob": ALLOWED}


@attrs.frozen
class Place:
    """
    A conversation of the creator, who has not joined, with bob and carol in it. Each of them
    has written a message.
    """

    api: Api
    sid: str
    participants: dict[str, str]
    messages: dict[str, str]

    def attempt(self, identity: str, method: str, path: str, body: JSONValue = None) -> Any:
        path = path.format(sid=self.sid, **self.participants, **self.messages)
        answer = self.api(identity, method, path, body)
        if 200 <= answer.status < 300:
            return ALLOWED
        refused: Any = answer.body
        return answer.status, refused["code"]

    def give(self, identity: str, *permissions: str) -> None:
        """
        Let a participant have these permissions and no others.
        """
        service = self.api.service
        role = roles.add(service, "test", RoleType.CONVERSATION, permissions)
        conversation = service.conversations[self.sid]
        conversation.by_identity[identity].role_sid = role.sid
        service.users[identity].role_sid = "none"

    def give_in_service(self, identity: str, *permissions: str) -> None:
        """
        Let a user have these permissions everywhere, and no others.
        """
        service = self.api.service
        role = roles.add(service, "test", RoleType.SERVICE, permissions)
        service.users[identity].role_sid = role.sid


NewPlace = Callable[[], Place]


@pytest.fixture
def place(clock: ManualClock) -> Place:
    api = Api(make_service(clock, Settings(enforces_roles=True)))
    sid = api.ok("creator", "POST", "Conversations", {})["sid"]
    path = f"Conversations/{sid}"
    participants, messages = {}, {}
    for identity in ("bob", "carol"):
        added = api.ok("creator", "POST", f"{path}/Participants", {"identity": identity})
        participants[identity] = added["sid"]
        sent = api.ok(identity, "POST", f"{path}/Messages", {"body": "x"})
        messages[f"of_{identity}"] = sent["sid"]
    return Place(api, sid, participants, messages)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "Conversations", {}, BY_BOTH),
        ("GET", "Conversations/{sid}", None, BY_BOTH),
        ("POST", "Conversations/{sid}", {"friendly_name": "x"}, BY_CREATOR),
        ("POST", "Conversations/{sid}", {"unique_name": "x"}, BY_CREATOR),
        ("POST", "Conversations/{sid}", {"attributes": "1"}, BY_CREATOR),
        ("DELETE", "Conversations/{sid}", None, BY_CREATOR),
        ("POST", "Conversations/{sid}/Participants", {"identity": "n"}, BY_CREATOR),
        ("POST", "Conversations/{sid}/Participants", {"identity": "creator"}, BY_CREATOR),
        (
            "POST",
            "Conversations/{sid}/Participants",
            {"messaging_binding": {"address": "+1", "proxy_address": "+2"}},
            BY_CREATOR,
        ),
        ("DELETE", "Conversations/{sid}/Participants/bob", None, BY_BOTH),
        ("DELETE", "Conversations/{sid}/Participants/carol", None, BY_CREATOR),
        ("POST", "Users/bob", {"friendly_name": "x"}, BY_BOB),
    ],
)
@pytest.mark.parametrize("identity", ["creator", "bob"])
def test_what_the_usual_roles_allow(
    method: str,
    path: str,
    body: JSONValue,
    expected: dict[str, Any],
    place: Place,
    *,
    identity: str,
) -> None:
    assert place.attempt(identity, method, path, body) == expected[identity]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "Conversations/{sid}/Participants/{bob}", {"attributes": "1"}, ALLOWED),
        ("POST", "Conversations/{sid}/Participants/{carol}", {"attributes": "1"}, NOT_ALLOWED),
        ("POST", "Conversations/{sid}/Messages", {"body": "x"}, ALLOWED),
        ("POST", "Conversations/{sid}/Messages/{of_bob}", {"body": "y"}, ALLOWED),
        ("POST", "Conversations/{sid}/Messages/{of_bob}", {"attributes": "1"}, ALLOWED),
        ("POST", "Conversations/{sid}/Messages/{of_carol}", {"body": "y"}, NOT_ALLOWED),
        ("POST", "Conversations/{sid}/Messages/{of_carol}", {"attributes": "1"}, NOT_ALLOWED),
        ("DELETE", "Conversations/{sid}/Messages/{of_bob}", None, ALLOWED),
        ("DELETE", "Conversations/{sid}/Messages/{of_carol}", None, NOT_ALLOWED),
        ("GET", "Conversations/{sid}/Messages/{of_carol}/Receipts", None, ALLOWED),
        ("POST", "Users/bob/Conversations/{sid}", {"last_read_message_index": 0}, ALLOWED),
    ],
)
def test_a_participant_does_what_is_its_own(
    method: str, path: str, body: JSONValue, expected: Any, place: Place
) -> None:
    assert place.attempt("bob", method, path, body) == expected


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("addParticipant", "POST", "/Participants", {"identity": "n"}),
        (
            "addNonChatParticipant",
            "POST",
            "/Participants",
            {"messaging_binding": {"address": "+1", "proxy_address": "+2"}},
        ),
        ("removeParticipant", "DELETE", "/Participants/carol", None),
        ("leaveConversation", "DELETE", "/Participants/bob", None),
        ("editAnyParticipantAttributes", "POST", "/Participants/{carol}", {"attributes": "1"}),
        ("editConversationName", "POST", "", {"friendly_name": "x"}),
        ("editConversationAttributes", "POST", "", {"attributes": "1"}),
        ("deleteConversation", "DELETE", "", None),
        ("sendMessage", "POST", "/Messages", {"body": "x"}),
        ("editAnyMessage", "POST", "/Messages/{of_carol}", {"body": "x"}),
        ("editAnyMessage", "POST", "/Messages/{of_bob}", {"body": "x"}),
        ("editOwnMessage", "POST", "/Messages/{of_bob}", {"body": "x"}),
        ("editAnyMessageAttributes", "POST", "/Messages/{of_carol}", {"attributes": "1"}),
        ("editOwnMessageAttributes", "POST", "/Messages/{of_bob}", {"attributes": "1"}),
        ("deleteAnyMessage", "DELETE", "/Messages/{of_carol}", None),
        ("deleteOwnMessage", "DELETE", "/Messages/{of_bob}", None),
    ],
)
def test_each_permission_allows_one_thing(
    permission: str, method: str, path: str, body: JSONValue, place: Place
) -> None:
    everything = roles.CONVERSATION_PERMISSIONS | roles.FURTHER_PERMISSIONS
    twins = {"editOwnMessage": "editAnyMessage", "deleteOwnMessage": "deleteAnyMessage"}
    twins["editOwnMessageAttributes"] = "editAnyMessageAttributes"
    twins["addNonChatParticipant"] = "addParticipant"
    lacking = everything - {permission, twins.get(permission)}
    if permission == "editAnyMessage":
        lacking -= {"editOwnMessage"}
    place.give("bob", *lacking)
    full = f"Conversations/{{sid}}{path}"
    assert place.attempt("bob", method, full, body) == NOT_ALLOWED
    place.give("bob", permission)
    assert place.attempt("bob", method, full, body) is ALLOWED


def test_attachments_need_a_permission_of_their_own(place: Place) -> None:
    service = place.api.service
    content = media.new_content(service)
    content.append(b"x")
    sid = media.store(service, Caller(identity="bob"), media.Description(), content).sid
    place.give("bob", "sendMessage")
    path = "Conversations/{sid}/Messages"
    assert place.attempt("bob", "POST", path, {"media_sids": [sid]}) == NOT_ALLOWED
    place.give("bob", "sendMediaMessage")
    assert place.attempt("bob", "POST", path, {"media_sids": [sid]}) == NOT_ALLOWED
    place.give("bob", "sendMessage", "sendMediaMessage")
    assert place.attempt("bob", "POST", path, {"media_sids": [sid]}) is ALLOWED


def test_a_permission_of_the_service_counts_everywhere(place: Place) -> None:
    place.give_in_service("bob", "editConversationName")
    body: JSONValue = {"friendly_name": "x"}
    assert place.attempt("bob", "POST", "Conversations/{sid}", body) is ALLOWED
    assert place.attempt("bob", "POST", "Conversations", {}) == NOT_ALLOWED
    assert place.attempt("bob", "POST", "Users/bob", body) == NOT_ALLOWED
    place.give_in_service("bob", "editAnyUserInfo")
    assert place.attempt("bob", "POST", "Users/bob", body) is ALLOWED
    assert place.attempt("bob", "POST", "Users/carol", body) is ALLOWED


def test_who_is_not_in_it_is_told_that_first(place: Place) -> None:
    path = "Conversations/{sid}/Messages"
    assert place.attempt("stranger", "POST", path, {"body": "x"}) == (403, 50430)
    assert place.attempt("creator", "POST", path, {"body": "x"}) == (403, 50430)


def test_the_creator_needs_a_permission_to_join(place: Place) -> None:
    body: JSONValue = {"identity": "creator"}
    place.api.service.users["creator"].role_sid = "none"
    path = "Conversations/{sid}/Participants"
    assert place.attempt("creator", "POST", path, body) == NOT_ALLOWED
    place.give_in_service("creator", "joinConversation")
    assert place.attempt("creator", "POST", path, body) is ALLOWED


def test_an_admin_of_the_service_reads_and_joins_everything(place: Place) -> None:
    place.api.ok("admin", "GET", "Users/admin")
    reads = (
        "Conversations/{sid}",
        "/v3/Documents/{sid}.channel",
        "/v3/Lists/{sid}.messages",
        "/v3/Maps/{sid}.roster",
    )
    assert all(place.attempt("admin", "GET", path) is not ALLOWED for path in reads)
    service = place.api.service
    service.users["admin"].role_sid = service.admin_role_sid
    assert all(place.attempt("admin", "GET", path) is ALLOWED for path in reads)
    path, body = "Conversations/{sid}/Participants", {"identity": "admin"}
    assert place.attempt("admin", "POST", f"{path[:-13]}/Messages", {"body": "x"}) == (403, 50430)
    assert place.attempt("admin", "POST", path, dict(body)) is ALLOWED
    assert place.attempt("admin", "DELETE", "Conversations/{sid}") is ALLOWED


def test_roles_are_no_matter_unless_the_settings_say_so(clock: ManualClock) -> None:
    api = Api(make_service(clock))
    for user in ("alice", "bob"):
        api.ok(user, "GET", f"Users/{user}")
        api.service.users[user].role_sid = "none"
    sid = api.ok("alice", "POST", "Conversations", {})["sid"]
    api.ok("alice", "POST", f"Conversations/{sid}/Participants", {"identity": "bob"})
    api.ok("bob", "POST", f"Conversations/{sid}", {"friendly_name": "x"})
    assert not roles.is_admin(api.service, "bob")


# From Python -----------------------------------------------------------------------------------


def test_roles_can_be_made_changed_and_given(timed: Emulator) -> None:
    names = [(role.friendly_name, role.type) for role in timed.roles]
    assert names == [
        ("service admin", "service"),
        ("service user", "service"),
        ("channel admin", "conversation"),
        ("channel user", "conversation"),
    ]
    reader = timed.create_role("reader", "conversation", [])
    assert reader.permissions == frozenset()
    updated = timed.update_role(reader.sid, ["leaveConversation"])
    assert updated.permissions == {"leaveConversation"}
    sid = timed.create_conversation(identities=["bob"]).sid
    timed.set_participant_role(sid, "bob", "reader")
    timed.set_user_role("bob", "service admin")
    roster, role_sid = timed.call(
        lambda backend: (
            backend.service.conversations[sid].roster.items(0, 1)[0].data,
            backend.service.users["bob"].role_sid,
        )
    )
    assert roster["roleSid"] == reader.sid  # type: ignore[index]  # a JSON object
    assert role_sid == timed.roles[0].sid


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda emulator: emulator.create_role("x", "other", []), 50105),
        (lambda emulator: emulator.create_role("x", "service", ["sendMessage"]), 50104),
        (lambda emulator: emulator.create_role("x", "conversation", ["nonsense"]), 50104),
        (lambda emulator: emulator.update_role("channel user", ["createConversation"]), 50104),
        (lambda emulator: emulator.update_role("nobody", []), 50100),
        (lambda emulator: emulator.set_user_role("bob", "channel user"), 50100),
    ],
)
def test_what_is_no_role_is_refused(
    act: Callable[[Emulator], object], code: int, timed: Emulator
) -> None:
    timed.create_user("bob")
    with pytest.raises(Refusal, match=str(code)):
        act(timed)
