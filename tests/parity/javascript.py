"""
The official JavaScript SDK (npm ``@twilio/conversations``): one row for each public member.

Rows are named as the type declarations have them, one for each class, interface and type, and
one for each member: ``Client.user`` a property, ``Client.getUser(identity)`` a method,
``Client on userUpdated`` an event, ``ConversationStatus = "joined"`` a word, and
``ContentData | ContentDataText`` an alternative.
"""

from __future__ import annotations

from tests.parity import (
    javascript_client,
    javascript_content,
    javascript_conversation,
    javascript_message,
)
from tests.parity.rows import Table

TABLE: Table = {
    **javascript_client.TABLE,
    **javascript_conversation.TABLE,
    **javascript_message.TABLE,
    **javascript_content.TABLE,
}
