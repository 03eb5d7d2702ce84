"""
What the service refuses: HTTP status, Twilio's error code, and a text.

The codes and when each is sent are in docs/protocol/conversations.md, Errors.
"""

from __future__ import annotations

from .._core.upstream import JSONValue

MEANINGS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20007: (400, "Page size too large"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource was not found"),
    20413: (413, "Request Entity Too Large"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21481: (400, "Invalid PageToken"),
    50003: (400, "Friendly name too long"),
    50004: (400, "Unique name too long"),
    50100: (404, "Role not found"),
    50104: (400, "Permission not found"),
    50105: (400, "Invalid role type"),
    50107: (403, "User not authorized for command"),
    50200: (404, "User not found"),
    50203: (400, "Identity reserved"),
    50204: (400, "Identity not provided"),
    50206: (400, "Identity should not match user SID pattern"),
    50207: (400, "Identity too long"),
    50210: (400, "Invalid notification level"),
    50211: (400, "Identity parameter not acceptable for this Participant"),
    50214: (403, "User conversation limit exceeded"),
    50303: (400, "Attributes too long"),
    50304: (400, "Attributes not valid JSON"),
    50350: (404, "Conversation not found"),
    50351: (400, "Conversation SID not provided"),
    50353: (409, "Conversation with provided unique name already exists"),
    50375: (400, "Inactive timer is too short"),
    50376: (400, "Closed timer is too short"),
    50377: (400, "Can't update conversation as it's in final closed state"),
    50378: (400, "'State' parameter value is invalid"),
    50390: (400, "Unique name should not match conversation sid pattern"),
    50406: (400, "Invalid last consumed message index format"),
    50407: (400, "Invalid messaging binding address"),
    50408: (400, "Invalid participant proxy address"),
    50409: (400, "Participant address equals proxy address"),
    50414: (400, "Participant address type does not match proxy address type"),
    50416: (409, "Participant and proxy address pair is already in use"),
    50417: (403, "Participants limit exceeded"),
    50420: (400, "Messaging Binding type does not support all of the provided parameters"),
    50422: (403, "Non-chat conversation participants limit exceeded"),
    50430: (403, "User not participant of conversation"),
    50432: (404, "Participant not found"),
    50433: (409, "Participant already exists"),
    50500: (404, "Message not found"),
    50504: (400, "Message body parameter is too long"),
    50507: (404, "Media not found"),
    50508: (400, "Media already sent with another message"),
    50510: (400, "Invalid message media SID"),
    50511: (400, "Invalid message media content type"),
    50512: (400, "Message media size is too large"),
    50526: (400, "Invalid content SID"),
    50527: (400, "Invalid content variables format"),
    50528: (400, "Content SID is missing"),
    50529: (400, "Content variables are too long"),
    50530: (404, "Channel metadata not found"),
    50540: (400, "Content variable key is too long"),
    50541: (400, "Content variable value is too long"),
}


class Refusal(Exception):
    """
    A request that is answered with an error. Nothing was changed.

    Attributes:
        status: HTTP status.
        code: Twilio's error code.
        message: Text for humans. Never repeats content of the request but names and SIDs.
    """

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def body(self) -> dict[str, JSONValue]:
        """
        The body of the error answer.
        """
        return {
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
        }


def refusal(code: int, message: str | None = None) -> Refusal:
    """
    The refusal of that code, with its usual status and text, or a more telling one.
    """
    status, usual = MEANINGS[code]
    return Refusal(status, code, message or usual)
