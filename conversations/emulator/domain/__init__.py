"""
What the service knows and does: users, conversations, participants, messages.

One module for each kind of operation. An operation checks, changes the records, and then
changes the replicated objects in the order of docs/protocol/conversations.md, What each
operation changes. Nothing here knows of HTTP or sockets.
"""
