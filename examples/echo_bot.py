"""
A bot that repeats whatever is said in the conversations it is in.

    python examples/echo_bot.py TOKEN

Add the bot's identity to a conversation, and talk. Ctrl-C ends it. With
CONVERSATIONS_EMULATOR_URL=http://127.0.0.1:8089 in the environment it talks to an emulator.
"""

from __future__ import annotations

import sys
import threading

from conversations import (
    ConnectionState,
    Conversation,
    ConversationsClient,
    ConversationsClientListener,
    ConversationsError,
    ErrorInfo,
    Message,
)


class EchoBot(ConversationsClientListener):
    """
    Answers every message that it did not write itself.
    """

    def __init__(self) -> None:
        self.ended = threading.Event()

    def on_connection_state_change(self, state: ConnectionState) -> None:
        """
        Give up when there will be no connection any more.
        """
        print(f"connection: {state.name}", flush=True)
        if state in (ConnectionState.DENIED, ConnectionState.FATAL_ERROR):
            self.ended.set()

    def on_conversation_joined(self, conversation: Conversation) -> None:
        """
        Say where the bot is listening.
        """
        print(f"listening in {conversation.friendly_name or conversation.sid}", flush=True)

    def on_message_added(self, message: Message) -> None:
        """
        Answer; a blocking call is fine here.
        """
        if message.is_own or message.body is None:
            return
        try:
            message.conversation.send_message(f"you said: {message.body}")
        except ConversationsError as error:
            print(f"could not answer: {error}", flush=True)

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        Whatever went wrong in the background.
        """
        print(f"error: {error_info}", flush=True)


def main() -> int:
    """
    Run the bot until Ctrl-C, or until the token is refused.
    """
    if len(sys.argv) != 2:  # noqa: PLR2004  # the program and one argument
        print(__doc__, file=sys.stderr)
        return 2
    bot = EchoBot()
    try:
        with ConversationsClient.create(sys.argv[1], listener=bot) as client:
            client.wait_for_synchronization()
            print(f"{client.my_identity} is ready", flush=True)
            bot.ended.wait()
    except ConversationsError as error:
        print(f"could not start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bye", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
