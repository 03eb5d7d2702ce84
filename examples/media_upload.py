"""
Sends files into a conversation, as one message, and shows how far the uploads are.

    python examples/media_upload.py TOKEN CONVERSATION FILE...

CONVERSATION is a sid or a unique name. Ctrl-C cancels. With
CONVERSATIONS_EMULATOR_URL=http://127.0.0.1:8089 in the environment it talks to an emulator.
"""

from __future__ import annotations

import mimetypes
import sys
import threading
from pathlib import Path

from conversations import (
    CallbackListener,
    Conversation,
    ConversationsClient,
    ConversationsError,
    ErrorInfo,
    MediaUploadListener,
    Message,
)


class ProgressLine(MediaUploadListener):
    """
    Prints how one upload gets on.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._size = path.stat().st_size

    def on_started(self) -> None:
        """
        The upload begins.
        """
        print(f"{self._name}: {self._size} bytes", flush=True)

    def on_progress(self, bytes_sent: int) -> None:
        """
        A part of it is through.
        """
        print(f"{self._name}: {bytes_sent / self._size:4.0%}", flush=True)

    def on_completed(self, media_sid: str) -> None:
        """
        The service has it.
        """
        print(f"{self._name}: uploaded as {media_sid}", flush=True)

    def on_failed(self, error_info: ErrorInfo) -> None:
        """
        It will not get there.
        """
        print(f"{self._name}: {error_info}", flush=True)


class Outcome(CallbackListener[Message]):
    """
    Waits for the end of what runs in the background.
    """

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.message: Message | None = None

    def on_success(self, result: Message) -> None:
        """
        The message is sent.
        """
        self.message = result
        self.ended.set()

    def on_error(self, error_info: ErrorInfo) -> None:
        """
        It is not, and the upload that failed has said why.
        """
        print(f"not sent: {error_info}", flush=True)
        self.ended.set()


def send(conversation: Conversation, paths: list[Path]) -> Message | None:
    """
    Send all files as one message; Ctrl-C cancels.
    """
    builder = conversation.prepare_message().set_upload_attempts(3)
    for path in paths:
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        builder.add_media(path, content_type, listener=ProgressLine(path))
    outcome = Outcome()
    cancellation = builder.build().send_in_background(outcome)
    try:
        outcome.ended.wait()
    except KeyboardInterrupt:
        cancellation.cancel()
        outcome.ended.wait()
    return outcome.message


def main() -> int:
    """
    Send the files that the command line names.
    """
    if len(sys.argv) < 4:  # noqa: PLR2004  # the program and three arguments
        print(__doc__, file=sys.stderr)
        return 2
    token, name, *files = sys.argv[1:]
    try:
        with ConversationsClient.create(token) as client:
            message = send(client.get_conversation(name), [Path(file) for file in files])
    except (ConversationsError, OSError) as error:
        print(f"not sent: {error}", file=sys.stderr)
        return 1
    if message is None:
        return 1
    print(f"sent as message {message.message_index}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
