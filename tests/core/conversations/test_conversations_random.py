"""
Anything at any time: what others do, what the user does, what the network does. In the end
the client knows what the server knows, and has told it in order and once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from conversations._core.conversations import decoding, events
from conversations._core.conversations.calls import Call
from conversations._core.conversations.records import ConversationRecord, MessageRecord
from conversations._core.conversations.service import ConversationsService
from conversations._core.promises import Promise
from conversations._core.twilsock.errors import ConnectionFailure, FailureKind
from conversations.attributes import Attributes
from conversations.enums import ConversationStatus, ConversationSynchronizationStatus
from conversations.errors import ConversationsError
from tests.core.simulated_service import Conversation, SimulatedService
from tests.core.simulated_world import World

ALL = ConversationSynchronizationStatus.ALL
REFUSED = ConnectionFailure(FailureKind.CONNECT)

pick = st.integers(0, 1000)


class Told:
    """
    Checks the order of what is told, conversation by conversation.
    """

    def __init__(self) -> None:
        self.is_shortened = False
        self.added: set[ConversationRecord] = set()
        self.joined: set[ConversationRecord] = set()
        self.deleted: set[ConversationRecord] = set()
        self.highest: dict[str, int] = {}
        self.announced: set[tuple[str, int]] = set()
        self.present: set[tuple[ConversationRecord, str]] = set()

    def check(self, event: Any) -> None:
        if isinstance(event, events.ConversationAdded):
            assert event.conversation not in self.added
            self.added.add(event.conversation)
            return
        record = self._record(event)
        if record is None:
            return
        assert record in self.added, event
        assert record not in self.deleted, event
        if isinstance(event, events.ConversationJoined):
            assert record not in self.joined
            self.joined.add(record)
        elif isinstance(event, events.ConversationLeft):
            self.joined.remove(record)
        elif isinstance(event, events.ConversationDeleted):
            assert record not in self.joined
            self.deleted.add(record)
        elif isinstance(event, events.MessageAdded):
            key = (record.sid, event.message.snapshot.message_index)
            assert key not in self.announced, "announced twice"
            assert record in self.joined
            self.announced.add(key)
            # A shortened replay has an edited message at the place of the edit.
            assert self.is_shortened or key[1] > self.highest.get(record.sid, -1), "out of order"
            self.highest[record.sid] = key[1]

    def _record(self, event: Any) -> ConversationRecord | None:
        for name in ("conversation", "message", "participant", "record"):
            found = getattr(event, name, None)
            if found is not None:
                record = found if name == "conversation" else getattr(found, "conversation", found)
                return record if isinstance(record, ConversationRecord) else None
        return None


class RandomOperations(RuleBasedStateMachine):
    """
    Alice's client against a service that others use as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.service = SimulatedService()
        self.told = Told()
        self.calls: list[Promise[Any]] = []
        self.due: set[tuple[str, int]] = set()  # messages that must be announced
        self.others = 0

    @initialize(
        number=st.integers(0, 3),
        shortens=st.booleans(),
        after=st.booleans(),
        lists_created=st.booleans(),
        page_size=st.integers(1, 5),
        window=st.sampled_from([1, 2, 10, 1000]),
        latency=st.sampled_from([0.0, 0.1, 1.0]),
    )
    def begin(  # noqa: PLR0917  # Hypothesis passes them by name
        self,
        number: int,
        shortens: bool,
        after: bool,
        lists_created: bool,
        page_size: int,
        window: int,
        latency: float,
    ) -> None:
        self.service.shortens_replays = self.told.is_shortened = shortens
        self.service.events_after_replies = after
        self.service.lists_created = lists_created
        self.service.page_size = page_size
        for _ in range(number):
            self.service.create("bob", "alice", "bob")
        self.world = World(self.service, latency=latency, max_outstanding_requests=window)
        self.creation = self.world.start(timeout=100_000.0)

    # What others do

    def conversation(self, number: int) -> Conversation | None:
        alive = [one for one in self.service.conversations.values() if not one.is_deleted]
        return alive[number % len(alive)] if alive else None

    @rule(with_alice=st.booleans())
    def create(self, with_alice: bool) -> None:
        if len(self.service.conversations) < 6:
            self.service.create("bob", "bob", *(["alice"] if with_alice else []))

    @rule(number=pick, keep_entry=st.booleans())
    def toggle_alice(self, number: int, keep_entry: bool) -> None:
        conversation = self.conversation(number)
        connections = self.service.connections
        entries = self.service.my_map("alice")
        is_blind = entries.interruptions > 0 or any(
            one.identity and not one.is_closed and entries.sid not in one.subscribed
            for one in connections
        )
        # A leave and a return that nobody can ever tell the client of leave it subscribed to
        # objects of which the service has passed over events meanwhile.
        if conversation is None or is_blind:
            return
        if "alice" in conversation.members:
            self.service.remove(conversation, "alice", keep_entry=keep_entry)
        else:
            self.service.add(conversation, "alice")

    @rule(number=pick, text=st.text(max_size=5))
    def send(self, number: int, text: str) -> None:
        conversation = self.conversation(number)
        if conversation is not None:
            self.service.send(conversation, "bob", text)

    @rule(number=pick, index=pick, text=st.text(max_size=5))
    def edit(self, number: int, index: int, text: str) -> None:
        conversation = self.conversation(number)
        if conversation is not None and conversation.messages.items:
            keys = sorted(conversation.messages.items)
            self.service.edit(conversation, keys[index % len(keys)], text=text)  # type: ignore[arg-type]

    @rule(number=pick, index=pick)
    def remove_message(self, number: int, index: int) -> None:
        conversation = self.conversation(number)
        if conversation is not None and conversation.messages.items:
            keys = sorted(conversation.messages.items)
            self.service.remove_message(conversation, keys[index % len(keys)])  # type: ignore[arg-type]

    @rule(number=pick)
    def add_somebody(self, number: int) -> None:
        conversation = self.conversation(number)
        if conversation is not None and len(conversation.members) < 6:
            self.others += 1
            self.service.add(conversation, f"user {self.others}")

    @rule(number=pick, who=pick)
    def remove_somebody(self, number: int, who: int) -> None:
        conversation = self.conversation(number)
        others = sorted({*conversation.members} - {"alice", "bob"}) if conversation else []
        if conversation is not None and others:
            self.service.remove(conversation, others[who % len(others)])

    @rule(number=pick, who=pick, horizon=st.integers(0, 9))
    def read(self, number: int, who: int, horizon: int) -> None:
        conversation = self.conversation(number)
        if conversation is not None and conversation.members:
            members = sorted(conversation.members)
            identity = members[who % len(members)]
            data = {"lastConsumedMessageIndex": horizon}
            self.service.update_participant(conversation, identity, **data)
            if identity == "alice":
                self.service.set_entry(conversation, "alice", **data)

    @rule(number=pick, name=st.text(max_size=3))
    def rename(self, number: int, name: str) -> None:
        conversation = self.conversation(number)
        if conversation is not None:
            self.service.update(conversation, friendlyName=name or None)

    @rule(number=pick)
    def delete(self, number: int) -> None:
        conversation = self.conversation(number)
        if conversation is not None and number % 4 == 0:
            self.service.delete(conversation)

    @rule(name=st.text(max_size=3))
    def rename_alice(self, name: str) -> None:
        self.service.update_user("alice", "friendlyName", {"value": name or None})

    # What the network and the service do

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05, 0.13, 0.4, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(failures=st.integers(0, 2))
    def cut(self, failures: int) -> None:
        if not self.world.attempts:  # so few that the next pause is a short one
            self.world.attempts.extend([REFUSED] * failures)
        self.world.cut()

    @rule(path=st.sampled_from([".messages", ".roster", "/Users/", "/Messages", "Items", "v4"]))
    def fault(self, path: str) -> None:
        kinds: list[dict[str, Any]] = [{"status": 503}, {"cut": "after"}, {"cut": "before"}]
        if sum(fault.times for fault in self.service.faults) < 3:  # all of them will pass
            self.service.fault(path, **kinds[len(self.service.requests) % 3])

    @rule(number=pick, part=st.sampled_from(["messages", "roster", "document"]), anew=st.booleans())
    def lose_history(self, number: int, part: str, anew: bool) -> None:
        conversation = self.conversation(number)
        if conversation is None:
            return
        lost = getattr(conversation, part)
        if anew and part != "messages":
            self.service.remake(lost.name)
        else:
            lost.interruptions = 5
        self.world.cut()

    @rule()
    def lose_history_of_the_list(self) -> None:
        self.service.my_map("alice").interruptions = 5
        self.world.cut()

    # What the user does

    def call(
        self, operation: Callable[[ConversationsService, Call], Coroutine[Any, Any, Any]]
    ) -> None:
        if self.world.engine.service is not None and self.creation.is_settled:
            self.calls.append(self.world.call(operation, timeout=8.0))

    def record(self, number: int) -> ConversationRecord | None:
        if self.world.engine.service is None:
            return None
        known = sorted(self.world.list.records.items())
        return known[number % len(known)][1] if known else None

    @rule(number=pick)
    def send_myself(self, number: int) -> None:
        record = self.record(number)
        if record is not None:
            self.call(
                lambda s, call: s.message_commands.send(
                    call, record, body="mine", attributes=Attributes.DEFAULT, subject=None
                )
            )

    @rule(number=pick, start=st.integers(0, 5), count=st.integers(1, 5))
    def fetch(self, number: int, start: int, count: int) -> None:
        record = self.record(number)
        if record is not None:
            self.call(
                lambda s, call: s.message_commands.page(
                    call, record, start=start, count=count, order="asc"
                )
            )

    @rule(number=pick)
    def join_or_leave(self, number: int) -> None:
        record = self.record(number)
        if record is None:
            return
        sid = record.sid
        if record.snapshot.status is ConversationStatus.JOINED:
            self.call(lambda s, call: s.conversation_commands.leave(call, sid))
        else:
            self.call(lambda s, call: s.conversation_commands.join(call, sid))

    @rule(number=pick)
    def look_up(self, number: int) -> None:
        conversation = self.conversation(number)
        if conversation is not None:
            sid = conversation.sid
            self.call(lambda s, call: s.conversation_commands.get(call, sid))

    @rule(number=pick)
    def ask_for_participants(self, number: int) -> None:
        record = self.record(number)
        if record is not None:
            self.call(lambda s, call: s.conversation_commands.participants(call, record))

    @rule()
    def create_myself(self) -> None:
        if len(self.service.conversations) < 6:
            self.call(
                lambda s, call: s.conversation_commands.create(
                    call,
                    friendly_name=None,
                    unique_name=None,
                    attributes=Attributes.DEFAULT,
                    access=None,
                )
            )

    @rule()
    def settle(self) -> None:
        self.world.settle()
        self.compare()

    # What must hold

    @invariant()
    def told_in_order(self) -> None:
        if hasattr(self, "world"):
            for event in self.world.take():
                self.told.check(event)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.settle()
            self.told_in_order()
            self.compare()
            self.announces_what_comes_now()

    def compare(self) -> None:
        """
        Everything is at rest: the client's records are the server's truth.
        """
        world, service = self.world, self.service
        assert self.creation.is_settled
        self.creation.result()
        world.run(10.0)  # beyond the time of every call
        world.settle()
        self.told_in_order()
        for call in self.calls:
            assert call.is_settled
            assert call.error is None or isinstance(call.error, ConversationsError)
        assert world.list.is_completed
        entries = {
            sid: item.data
            for sid, item in service.my_map("alice").items.items()
            if not service.conversations[str(sid)].is_deleted
        }
        listed = dict(world.list.records)
        for sid, record in list(listed.items()):
            mine = service.conversations[sid]
            if sid not in entries and mine.created_by == "alice" and not service.lists_created:
                # In the list of whoever made it, although the service does not list it.
                assert not mine.is_deleted
                assert record in self.told.added
                del listed[sid]
        assert listed.keys() == entries.keys()
        for sid, entry in entries.items():
            self.compare_conversation(service.conversations[str(sid)], listed[str(sid)], entry)
        own = world.engine.ready_service().own_user.record.snapshot
        assert own.friendly_name == (
            service.info("alice").items["friendlyName"].data["value"] or None
        )
        assert world.engine._exchange._window.in_flight == 0

    def compare_conversation(
        self, truth: Conversation, record: ConversationRecord, entry: dict[str, Any]
    ) -> None:
        snapshot = record.snapshot
        expected = decoding.changed_conversation(
            snapshot,
            {**decoding.own_entry(entry), **decoding.document(truth.document.data, truth.sid)},
        )
        assert snapshot == expected
        assert record in self.told.added
        is_joined = "alice" in truth.members
        assert (record in self.told.joined) == is_joined
        if not is_joined:
            return
        assert snapshot.synchronization_status is ALL
        assert {sid: one.snapshot for sid, one in record.participants.items()} == {
            sid: decoding.participant(str(sid), item.data)
            for sid, item in truth.roster.items.items()
        }
        cached: list[MessageRecord] = list(self.world.model(truth.sid).messages)
        for message in cached:
            index = message.snapshot.message_index
            assert index in truth.messages.items, "a removed message is cached"
            assert message.snapshot == decoding.message(index, truth.messages.items[index].data)

    def announces_what_comes_now(self) -> None:
        """
        Life goes on: a message to each joined conversation is announced.
        """
        world = self.world
        self.service.faults.clear()
        sent = [
            (one.sid, self.service.send(one, "bob", "now"))
            for one in self.service.conversations.values()
            if "alice" in one.members and not one.is_deleted
        ]
        world.settle()
        self.told_in_order()
        assert set(sent) <= self.told.announced


TestRandomOperations = RandomOperations.TestCase
TestRandomOperations.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
