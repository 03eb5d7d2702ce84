"""
The official JavaScript SDK on the emulator: what it opens and subscribes to, and how often.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from conversations.emulator.api import sync as sync_api
from conversations.emulator.handles import wait_for
from tests.interop.js_client import Create, Pair, Start, follow
from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator
    from conversations.emulator.backend import Backend

Bodies = list[dict[str, Any]]


@pytest.fixture
def subscribing(monkeypatch: pytest.MonkeyPatch) -> Bodies:
    """
    The bodies of all subscription requests, as they come.
    """
    bodies: Bodies = []
    decode = sync_api.SubscriptionsRequest.decode

    class Recording:
        @staticmethod
        def decode(body: Any) -> Any:
            bodies.append(body)
            return decode(body)

    monkeypatch.setattr(sync_api, "SubscriptionsRequest", Recording)
    return bodies


def wait_for_subscriptions(emulator: Emulator, identity: str, count: int) -> None:
    """
    Wait until so many objects are subscribed.
    """

    def probe(backend: Backend) -> bool | None:
        found = sum(
            subscriber.identity == identity
            for target in backend.service.store
            for subscriber in target.subscribers
        )
        return found == count or None

    wait_for(emulator, probe, timeout=limit(), what=f"{count} subscriptions")


def subscribed(bodies: Bodies, action: str = "establish") -> list[str]:
    return [
        entry["object_sid"]
        for body in bodies
        if body["action"] == action
        for entry in body["requests"]
    ]


@pytest.mark.parametrize("count", [0, 1, 150])
def test_everything_is_opened_and_subscribed_once(
    start: Start, emulator: Emulator, subscribing: Bodies, count: int
) -> None:
    for number in range(count):
        emulator.create_conversation(friendly_name=f"number {number}", identities=["alice"])

    alice = start("alice")

    wait_for_subscriptions(emulator, "alice", 2 + 3 * count)
    if count:
        alice.wait_for("conversationJoined", count=count)
    listed = alice.call("subscribedConversations")
    assert len(listed["items"]) == min(count, 50)
    assert len(alice.events("conversationAdded")) == count
    asked = Counter(subscribed(subscribing))
    assert len(asked) == 2 + 3 * count
    assert set(asked.values()) == {1}
    assert {body["retried_requests"] for body in subscribing} == {0}
    assert all(isinstance(body["correlation_id"], int) for body in subscribing)
    reads = Counter(
        (record.path, str(record.query)) for record in emulator.requests if record.method == "GET"
    )
    assert set(reads.values()) == {1}


def test_small_batches_follow_each_other(
    start: Start, emulator: Emulator, subscribing: Bodies
) -> None:
    for number in range(4):
        emulator.create_conversation(friendly_name=f"number {number}", identities=["alice"])
    emulator.set_max_batch_size(2)

    start("alice")

    wait_for_subscriptions(emulator, "alice", 2 + 3 * 4)
    sizes = [len(body["requests"]) for body in subscribing]
    assert set(sizes[1:]) <= {1, 2}  # the first answer told of the limit
    assert {body["retried_requests"] for body in subscribing} == {0}


def test_changes_of_every_object_are_reported_once_after_a_lost_connection(
    pair: Pair, emulator: Emulator
) -> None:
    alice, bob, sid = pair
    alice.call("user", identity="bob")
    emulator.wait_for_subscription(f"{emulator.get_user('bob').sid}.info", identity="alice")
    alice.send(sid, "first")
    for client in (alice, bob):
        client.wait_for("messageAdded")
    before = len(alice.events())

    with emulator.refuse_connections():
        emulator.drop_connections("alice")
        bob.send(sid, "meanwhile")
        bob.call("setBody", sid, message=0, value="edited meanwhile")
        bob.call("setAttributes", sid, value={"meanwhile": True})
        bob.call("setUserFriendlyName", value="Bobby")
        emulator.add_participant(sid, "carol")
        emulator.set_read_horizon(sid, "alice", 0)
    alice.wait_for("connectionStateChanged", lambda state: state == "connected", count=2)
    bob.send(sid, "last")
    alice.wait_for("messageAdded", lambda message: message["body"] == "last")
    alice.wait_for("userUpdated", lambda event: event["user"]["friendlyName"] == "Bobby")
    alice.wait_for(
        "conversationUpdated", lambda event: "lastReadMessageIndex" in event["updateReasons"]
    )

    told = Counter(
        name
        for name in alice.events()[before:]
        if name not in ("connectionStateChanged", "connectionError", "conversationUpdated")
    )
    assert told == {
        "messageAdded": 2,
        "messageUpdated": 1,
        "participantJoined": 1,
        "participantUpdated": 1,
        "userUpdated": 1,
    }


def test_a_conversation_that_is_left_is_unsubscribed_at_once(
    pair: Pair, emulator: Emulator, subscribing: Bodies
) -> None:
    alice, bob, sid = pair

    emulator.remove_participant(sid, "bob")

    bob.wait_for("conversationRemoved")
    assert bob.events()[-2:] == ["conversationLeft", "conversationRemoved"]
    emulator.wait_for_request(
        lambda _: any(body["action"] == "cancel" for body in subscribing), timeout=limit()
    )
    alice.wait_for("participantLeft")
    emulator.add_participant(sid, "bob")
    follow(emulator, bob, sid, time=2)
    assert len(subscribed(subscribing, "cancel")) == 3
    assert [body["action"] for body in subscribing].count("cancel") == 1


def test_sixty_five_messages_are_three_pages(
    start: Start, create: Create, emulator: Emulator
) -> None:
    alice = start("alice")
    sid = create(alice)
    for number in range(65):
        emulator.send_message(sid, f"message {number}")

    page = alice.messages(sid)
    pages = [page]
    while page["hasPrevPage"]:
        page = alice.call("prevPage", page=page["page"])
        pages.append(page)

    assert [len(one["items"]) for one in pages] == [30, 30, 5]
    assert pages[-1]["items"][0]["index"] == 0
    assert not pages[0]["hasNextPage"]
