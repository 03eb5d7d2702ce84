"""
Two ways without listeners on a thread of their own: a loop like that of a GUI, and a queue.

    python examples/event_loop.py

Two users of an emulator. alice's program has a loop, as programs with windows do: everything
that happens is told on the loop's thread, where it may touch the windows. bob's is a bot that
takes events out of a queue and answers.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import attrs

from conversations import (
    CallbackListener,
    Conversation,
    ConversationsClient,
    ErrorInfo,
    EventQueue,
    Message,
    MessageAdded,
)
from conversations.emulator import Emulator

QUESTIONS = ("What is 6 times 7?", "And 7 times 7?", "Thank you.")


class Loop:
    """
    What every GUI has: a queue of functions, run one after the other on one thread.
    """

    def __init__(self) -> None:
        self._functions: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._is_running = True

    def call_soon(self, fn: Callable[[], None]) -> None:
        """
        Have the loop run *fn*. All that a dispatcher needs.
        """
        self._functions.put(fn)

    def run(self) -> None:
        """
        Run until :meth:`quit`.
        """
        while self._is_running:
            self._functions.get()()

    def quit(self) -> None:
        """
        End the loop after the function that it is in.
        """
        self._is_running = False


class Window(CallbackListener[Message]):
    """
    A window with a conversation. All its methods run on the loop's thread.
    """

    def __init__(self, loop: Loop, client: ConversationsClient, conversation: Conversation) -> None:
        self._loop = loop
        self._client = client
        self._conversation = conversation
        self._questions = iter(QUESTIONS)
        client.add_callbacks(on_message_added=self.show)

    def ask(self) -> None:
        """
        Send the next question without stopping the loop.
        """
        question = next(self._questions)
        self._client.submit(self._conversation.send_message, question, callback=self)

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        It could not be sent.
        """
        self.write(f"could not be sent: {error_info}")
        self._loop.quit()

    def show(self, message: Message) -> None:
        """
        There is a message; after an answer, ask the next question.
        """
        if message.is_own:
            return
        self.write(f"{message.author}: {message.body}")
        if message.body == "Bye!":
            self._loop.quit()
        else:
            self.ask()

    def write(self, line: str) -> None:
        """
        What would be a label in a window.
        """
        print(f"[{threading.current_thread().name}] {line}")


def answer(events: EventQueue) -> int:
    """
    The bot: take one message after the other and answer it.

    Returns:
        How many there were.
    """
    count = 0
    for event in events:
        if not isinstance(event, MessageAdded) or event.message.is_own:
            continue
        count += 1
        words = (event.message.body or "").strip("?").split()
        match [int(word) for word in words if word.isdigit()]:
            case [first, second]:
                event.conversation.send_message(f"{first * second}.")
            case _:
                event.conversation.send_message("Bye!")
                break
    return count


def main() -> None:
    """
    Run both programs in one process.
    """
    loop = Loop()
    with Emulator() as emulator:
        sid = emulator.create_conversation(identities=["alice", "bob"]).sid
        usual = emulator.properties()
        in_loop = attrs.evolve(usual, dispatcher=loop)
        with (
            ConversationsClient.create_and_synchronize(emulator.token("bob"), usual) as bob,
            ConversationsClient.create_and_synchronize(emulator.token("alice"), in_loop) as alice,
            bob.event_queue([MessageAdded]) as events,
        ):
            answered = bob.submit(answer, events)
            window = Window(loop, alice, alice.get_conversation(sid))
            loop.call_soon(window.ask)  # as a button would
            loop.run()
            print(f"bob has answered {answered.result()} messages")


if __name__ == "__main__":
    main()
