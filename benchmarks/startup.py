"""
How long a client takes to start, and what it asks for.

    python benchmarks/startup.py [CONVERSATIONS ...]

For each number of conversations it starts an emulator in a process of its own, joins the user
to that many conversations, and prints the seconds until ``create`` returns and until COMPLETED,
and the requests of each kind. The emulator runs in the same machine's other process, so the
figures are of this package, not of a network.
"""

from __future__ import annotations

import collections
import sys
import time

from conversations import ConversationsClient
from conversations.emulator import Emulator


def kind_of(path: str) -> str:
    """
    What a request is for, from its path.
    """
    for part, kind in (
        ("/Configuration", "configuration"),
        ("/Documents/", "documents"),
        ("/Lists/", "lists"),
        ("/Maps/", "maps"),
        ("/Subscriptions", "subscriptions"),
        ("/Conversations", "list pages"),
    ):
        if part in path:
            return kind
    return path


def measure(conversations: int) -> None:
    """
    One start with so many conversations.
    """
    with Emulator() as emulator:
        for number in range(conversations):
            emulator.create_conversation(friendly_name=f"number {number}", identities=["alice"])
        began = time.perf_counter()
        client = ConversationsClient.create(emulator.token("alice"), emulator.properties())
        created = time.perf_counter() - began
        client.wait_for_synchronization(timeout=120)
        completed = time.perf_counter() - began
        client.shutdown()
        kinds = collections.Counter(kind_of(request.path) for request in emulator.requests)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{conversations:6} conversations: create {created:.3f} s, COMPLETED {completed:.3f} s")
    print(f"{'':6} {sum(kinds.values())} requests: {counts}")


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["0", "10", "100", "1000"]:
        measure(int(argument))
