"""
The official JavaScript SDK, driven from Python tests.

`JsProcess` runs ``driver.mjs`` in Node; each `JsClient` in it is one client of the SDK. Calls
block until the SDK has answered; events are recorded in order and waited for by condition.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.timing import limit

if TYPE_CHECKING:
    from conversations.emulator import Emulator

DRIVER = Path(__file__).with_name("driver.mjs")


class JsError(Exception):
    """
    The SDK rejected a call.

    Attributes:
        name: Class of the JavaScript error.
        status: HTTP status, if the SDK kept one.
        code: Twilio's code, if the SDK kept one.
    """

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['name']}: {error['message']} ({error['status']}/{error['code']})")
        self.name: str = error["name"]
        self.status: int | None = error["status"]
        self.code: int | None = error["code"]


class Pending:
    """
    A command that the driver is at.
    """

    def __init__(self, process: JsProcess, number: int, what: str) -> None:
        self._process = process
        self._number = number
        self._what = what

    @property
    def is_done(self) -> bool:
        """
        Whether the answer is there, and not taken yet.
        """
        return self._process.has_reply(self._number)

    def result(self) -> Any:
        """
        Wait for the answer. To be called once.

        Raises:
            JsError: The SDK rejected the call.
        """
        reply = self._process.take_reply(self._number, self._what)
        if "error" in reply:
            raise JsError(reply["error"])
        return reply["result"]


class JsProcess:
    """
    One Node process with any number of clients.

    `end_clients` makes it ready for the next test; leaving its context ends the process. Both
    fail if a promise was rejected that nobody handled: an application would have ended there.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._changed = threading.Condition()
        self._replies: dict[int, dict[str, Any]] = {}
        self._last_request = 0
        self._events: list[dict[str, Any]] = []
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, name="interop-js-reader")
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        self.close()
        if exception_type is None:
            self.check_unhandled_rejections()

    def end_clients(self) -> None:
        """
        Shut down all clients and forget them, with everything that they told.

        Only clients that were initialized can be shut down.
        """
        self.call("", "end")
        try:
            self.check_unhandled_rejections()
        finally:
            with self._changed:
                self._events.clear()

    def check_unhandled_rejections(self) -> None:
        """
        Fail if there were rejections that nobody handled.
        """
        unhandled = self.take_unhandled_rejections()
        assert not unhandled, f"unhandled rejections in the JavaScript SDK: {unhandled}"

    def take_unhandled_rejections(self) -> list[dict[str, Any]]:
        """
        The rejections so far that nobody handled. They count as expected from now on.
        """
        with self._changed:
            taken = [event for event in self._events if event["event"] == "unhandledRejection"]
            for event in taken:
                self._events.remove(event)
        return [event["data"] for event in taken]

    def close(self) -> None:
        """
        End the process.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()  # the driver ends with its input
            self._process.wait(limit())
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()

    def client(
        self, identity: str, token: str, uri: str, *, name: str | None = None, **options: Any
    ) -> JsClient:
        """
        Start a client. Returns at once; `JsClient.wait_until_initialized` waits.

        Args:
            identity: Whose token it is.
            token: The access token.
            uri: Twilsock's address (``ws://…/v3/wsconnect``).
            name: What to call it, by default like its user. Once per process.
            options: Further options of the SDK's constructor.
        """
        name = name or identity
        self.call(name, "start", token=token, uri=uri, options=options)
        return JsClient(self, name, identity)

    def call(self, client: str, command: str, **arguments: Any) -> Any:
        """
        Run one command of the driver and return its result.

        Raises:
            JsError: The SDK rejected it.
        """
        return self.begin(client, command, **arguments).result()

    def begin(self, client: str, command: str, **arguments: Any) -> Pending:
        """
        Run one command of the driver and go on without waiting for it.
        """
        with self._changed:
            self._last_request += 1
            number = self._last_request
            line = json.dumps(
                {"id": number, "client": client, "command": command, "arguments": arguments}
            )
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode("ascii") + b"\n")
            self._process.stdin.flush()
        return Pending(self, number, f"the answer to {command} of {client}")

    def has_reply(self, number: int) -> bool:
        """
        Whether the command of that number is answered.
        """
        return number in self._replies

    def take_reply(self, number: int, what: str) -> dict[str, Any]:
        """
        Wait for the answer to the command of that number. It can be taken once.
        """
        self.wait_until(lambda: number in self._replies, what)
        return self._replies.pop(number)

    def events(self, client: str | None = None) -> list[dict[str, Any]]:
        """
        Everything reported so far, in order; of one client, if it is named.
        """
        with self._changed:
            return [event for event in self._events if client in (None, event["client"])]

    def wait_for_unhandled_rejection(self) -> dict[str, Any]:
        """
        Wait for a rejection that nobody handles, and count it as expected.
        """
        self.wait_until(
            lambda: any(event["event"] == "unhandledRejection" for event in self._events),
            "an unhandled rejection",
        )
        return self.take_unhandled_rejections()[0]

    def wait_until(self, predicate: Callable[[], Any], what: str) -> Any:
        """
        Wait until *predicate*, which sees replies and events, is true; return its value.
        """
        with self._changed:
            self._changed.wait_for(lambda: predicate() or self._has_ended, limit())
            value = predicate()
            assert value, (
                f"waited in vain for {what}"
                f"{' (the Node process has ended)' if self._has_ended else ''}; "
                f"so far: {[(event['client'], event['event']) for event in self._events]}"
            )
            return value

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            with self._changed:
                if "reply" in message:
                    self._replies[message["reply"]] = message
                else:
                    self._events.append(message)
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()


class JsClient:
    """
    One client of the official SDK inside a `JsProcess`.
    """

    def __init__(self, process: JsProcess, name: str, identity: str) -> None:
        self._process = process
        self._name = name
        self.identity = identity

    def call(self, command: str, conversation: str | None = None, **arguments: Any) -> Any:
        """
        Run *command* (the list is in ``driver.mjs``), for *conversation* if it is about one.

        Raises:
            JsError: The SDK rejected it.
        """
        return self.begin(command, conversation, **arguments).result()

    def begin(self, command: str, conversation: str | None = None, **arguments: Any) -> Pending:
        """
        As `call`, without waiting for the answer.
        """
        if conversation is not None:
            arguments["conversation"] = conversation
        return self._process.begin(self._name, command, **arguments)

    def events(self, name: str | None = None) -> list[Any]:
        """
        Data of the events reported so far; with no *name*, the names of all of them.
        """
        events = self._process.events(self._name)
        if name is None:
            return [event["event"] for event in events]
        return [event["data"] for event in events if event["event"] == name]

    def wait_for(
        self, event: str, matching: Callable[[Any], bool] | None = None, *, count: int = 1
    ) -> Any:
        """
        Wait until *count* events *event* have arrived, now or earlier; the data of the last.

        Args:
            event: Its name in the SDK.
            matching: Counts only the events whose data it accepts.
            count: Which of them to wait for.
        """

        def found() -> list[Any] | None:
            data = [data for data in self.events(event) if matching is None or matching(data)]
            return data[count - 1 : count] or None

        return self._process.wait_until(found, f"{event} of {self._name}")[0]

    def wait_until_initialized(self) -> Self:
        """
        Wait for ``initialized``; returns this client.
        """
        self.wait_for("initialized")
        return self

    def send(self, conversation: str, body: str | None, **options: Any) -> int:
        """
        Send a message and return its index. Options: ``attributes``, ``subject``.
        """
        index: int = self.call("send", conversation, body=body, **options)
        return index

    def messages(self, conversation: str, page_size: int = 30, **options: Any) -> dict[str, Any]:
        """
        A page of messages: ``items``, ``hasNextPage``, ``hasPrevPage``, and ``page`` to go on.
        """
        page: dict[str, Any] = self.call("messages", conversation, pageSize=page_size, **options)
        return page


Start = Callable[..., JsClient]
Create = Callable[..., str]
Pair = tuple[JsClient, JsClient, str]


def follow(emulator: Emulator, client: JsClient, sid: str, *, time: int = 1) -> None:
    """
    Wait until a client is in a conversation, for the first or a later *time*, and follows it:
    the SDK says "joined" before it has opened messages and participants, and does not announce
    what comes before that.
    """
    client.wait_for(
        "conversationJoined", lambda conversation: conversation["sid"] == sid, count=time
    )
    client.call("participants", sid)
    for name in ("messages", "roster"):
        emulator.wait_for_subscription(f"{sid}.{name}", identity=client.identity)
