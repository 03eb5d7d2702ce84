"""
Texts and JSON values that must arrive exactly as they were sent.
"""

from __future__ import annotations

from typing import Any

TEXTS = [
    "plain",
    "",
    "naïve café, Ελληνικά, עברית, हिन्दी, 日本語",
    "👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f9ff",
    "line\nline\r\nline\u2028line\u2029end",
    "quotes \" ' \\ / and \x00 \x1f controls",
    "half a pair: \ud83d",
]

VALUES: list[Any] = [
    {},
    {"nested": {"list": [1, 2.5, -3e-7, True, False, None, "é", {}]}, "": "empty key"},
    [],
    [1, [2, [3]]],
    "text",
    "",
    0,
    -1.25,
    9007199254740991,
    True,
    False,
    None,
]

BYTES = bytes(range(256)) * 300
"""Every byte there is, and more than one piece of a transfer."""

FILENAMES = ["plain.txt", "größe & mehr?.txt", 'with "quotes".txt', "日本語.txt"]

VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "twilio/text": ({"body": "Hi {{1}}"}, {"type": "text", "body": "Hi Bo"}),
    "twilio/media": (
        {"body": "Look, {{1}}", "media": ["https://example.com/{{1}}.png"]},
        {"type": "media", "body": "Look, Bo", "media": ["https://example.com/Bo.png"]},
    ),
    "twilio/location": (
        {"longitude": 13.4, "latitude": 52.5, "label": "{{1}} is here"},
        {"type": "location", "longitude": 13.4, "latitude": 52.5, "label": "Bo is here"},
    ),
    "twilio/quick-reply": (
        {"body": "{{1}}?", "actions": [{"title": "Yes", "id": "yes"}, {"title": "No"}]},
        {
            "type": "quickReply",
            "body": "Bo?",
            "replies": [{"title": "Yes", "id": "yes"}, {"title": "No"}],
        },
    ),
    "twilio/call-to-action": (
        {
            "body": "Well, {{1}}",
            "actions": [
                {"type": "URL", "title": "Look", "url": "https://example.com"},
                {"type": "PHONE_NUMBER", "title": "Call", "phone": "+15550001"},
            ],
        },
        {"type": "callToAction", "body": "Well, Bo"},
    ),
    "twilio/list-picker": (
        {"body": "{{1}}", "button": "Choose", "items": [{"id": "a", "item": "Apple"}]},
        {
            "type": "listPicker",
            "body": "Bo",
            "button": "Choose",
            "items": [{"id": "a", "item": "Apple"}],
        },
    ),
    "twilio/card": (
        {"title": "{{1}}", "subtitle": "a card", "actions": []},
        {"type": "card", "title": "Bo", "subtitle": "a card", "media": [], "actions": []},
    ),
    "acme/unheard-of": ({"anything": "{{1}}"}, {"type": "other"}),
}
"""
Kinds of rich content: a variant of a template, and what the JavaScript SDK makes of it with
``Bo`` for the variable ``1``.
"""
