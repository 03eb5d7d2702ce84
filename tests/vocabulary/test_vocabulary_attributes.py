"""
Attributes: any JSON value, immutable, compared as JSON, never shown.
"""

from __future__ import annotations

import copy
import enum
import json
import logging
import pickle
from types import MappingProxyType

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversations.attributes import MAX_DEPTH, Attributes
from conversations.enums import AttributesType
from conversations.errors import InvalidArgumentError

any_text = st.text(st.characters())  # half characters included
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@given(json_values)
@example("\ud800")
@example({"\udfff": ["ö", "😀"]})
def test_the_text_reads_back_as_the_same_value(value):
    attributes = Attributes(value)
    text = attributes.to_wire()
    assert str(attributes) == text
    text.encode("utf-8")
    assert Attributes.from_wire(text) == attributes
    assert Attributes(json.loads(text)) == attributes


@given(json_values, json_values)
def test_equal_values_are_equal_and_hash_alike(first, second):
    left, right = Attributes(first), Attributes(second)
    assert (left == right) is (
        json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
        or _equal_as_json(first, second)
    )
    if left == right:
        assert hash(left) == hash(right)


def _equal_as_json(first, second):
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_equal_as_json, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _equal_as_json(first[key], second[key]) for key in first
        )
    return first == second


@given(json_values)
def test_pickles_and_copies_are_equal(value):
    attributes = Attributes(value)
    assert pickle.loads(pickle.dumps(attributes)) == attributes  # noqa: S301
    assert copy.copy(attributes) == attributes
    assert copy.deepcopy(attributes) == attributes


@pytest.mark.parametrize(
    ("first", "second", "are_equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ([1], [True], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (None, {}, False),
        ([], {}, False),
        ("1", 1, False),
        ((1, 2), [1, 2], True),
    ],
)
def test_values_are_compared_as_json(first, second, are_equal):
    assert (Attributes(first) == Attributes(second)) is are_equal


def test_attributes_are_not_equal_to_a_plain_value():
    assert Attributes({}) != {}


@pytest.mark.parametrize(
    ("value", "kind", "accessor"),
    [
        ({"a": 1}, AttributesType.OBJECT, "json_object"),
        ([1, "a"], AttributesType.ARRAY, "json_array"),
        ("text", AttributesType.STRING, "string"),
        (3, AttributesType.NUMBER, "number"),
        (0.5, AttributesType.NUMBER, "number"),
        (True, AttributesType.BOOLEAN, "boolean"),
        (False, AttributesType.BOOLEAN, "boolean"),
        (None, AttributesType.NULL, None),
    ],
)
def test_only_the_accessor_of_the_type_gives_the_value(value, kind, accessor):
    attributes = Attributes(value)
    assert attributes.type is kind
    assert attributes.value == value
    for name in ("json_object", "json_array", "string", "number", "boolean"):
        found = getattr(attributes, name)
        assert found == value if name == accessor else found is None


def test_without_a_value_it_is_null_and_the_default_is_an_empty_object():
    assert Attributes().type is AttributesType.NULL
    assert Attributes({}) == Attributes.DEFAULT
    assert str(Attributes()) == "null"
    assert str(Attributes.DEFAULT) == "{}"


def test_neither_what_was_put_in_nor_what_comes_out_changes_it():
    source = {"list": [1], "object": {"a": 1}}
    attributes = Attributes(source)
    before = str(attributes)
    source["list"].append(2)
    attributes.value["list"].append(3)
    attributes.json_object["object"]["a"] = 4
    attributes["list"].append(5)
    attributes.get("object")["b"] = 6
    next(iter(Attributes([[1]]))).append(7)
    assert str(attributes) == before
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        attributes._value = None


def test_objects_are_read_like_dictionaries():
    attributes = Attributes({"a": 1, "b": None})
    assert attributes["a"] == 1
    assert attributes.get("b", "default") is None
    assert attributes.get("c", "default") == "default"
    assert ("a" in attributes, "c" in attributes) == (True, False)
    assert list(attributes) == ["a", "b"]
    assert len(attributes) == 2
    with pytest.raises(KeyError):
        attributes["c"]


def test_arrays_are_read_like_lists():
    attributes = Attributes([1, [2], True])
    assert attributes[-1] is True
    assert attributes.get(1) == [2]
    assert attributes.get(9) is None
    assert [2] in attributes
    assert 1.0 in attributes
    assert True not in Attributes([1])
    assert object() not in attributes
    assert list(attributes) == [1, [2], True]
    assert len(attributes) == 3
    with pytest.raises(IndexError):
        attributes[3]


@pytest.mark.parametrize("value", [None, True, 1, "text"])
def test_other_values_have_no_members(value):
    attributes = Attributes(value)
    for read in (
        lambda: attributes["a"],
        lambda: attributes.get("a"),
        lambda: "a" in attributes,
        lambda: len(attributes),
        lambda: list(attributes),
    ):
        with pytest.raises(TypeError, match="have no members"):
            read()


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_truth_is_that_of_the_value(value):
    assert not Attributes(value)
    assert Attributes([value])


def test_subclasses_and_other_containers_become_plain_json():
    attributes = Attributes({Colour.RED: (Level.HIGH, Colour.RED, MappingProxyType({"a": 1}))})
    assert attributes.value == {"red": [3, "red", {"a": 1}]}
    assert type(next(iter(attributes))) is str
    assert type(attributes["red"][0]) is int


def test_attributes_may_be_made_of_attributes():
    inner = Attributes({"a": 1})
    assert Attributes(inner) == inner
    assert Attributes({"inner": inner}).value == {"inner": {"a": 1}}
    assert Attributes.of(inner) is inner
    assert Attributes.of([1]) == Attributes([1])


def _endless():
    value = []
    value.append(value)
    return value


def _nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        b"bytes",
        bytearray(b"bytes"),
        {1: "a"},
        {None: "a"},
        float("nan"),
        float("inf"),
        [float("-inf")],
        10**400,
        10**5000,
        1j,
        _endless(),
        _nested(MAX_DEPTH + 1),
        {"a": [object()]},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_express_is_refused(value):
    with pytest.raises(InvalidArgumentError):
        Attributes(value)


def test_the_deepest_value_allowed_can_be_used_in_every_way():
    attributes = Attributes(_nested(MAX_DEPTH))
    assert Attributes.from_wire(str(attributes)) == attributes
    assert hash(attributes) == hash(Attributes(attributes.value))


@pytest.mark.parametrize(
    "wire",
    ["", "{", "secret words", "NaN", "[Infinity]", "1e400", "[" * 100_000, '"half'],
    ids=lambda wire: wire[:10],
)
def test_a_malformed_text_counts_as_empty_and_is_warned_about_without_content(wire, caplog):
    with caplog.at_level(logging.DEBUG, "conversations"):
        assert Attributes.from_wire(wire, owner="CH1") is Attributes.DEFAULT
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "conversations.client")
    assert record.getMessage() == "The attributes of CH1 are malformed and count as empty"
    assert record.exc_info is None


def test_an_absent_text_counts_as_empty_without_a_warning(caplog):
    assert Attributes.from_wire(None) is Attributes.DEFAULT
    assert not caplog.records


def test_a_plain_value_is_taken_only_where_the_wire_has_them(caplog):
    assert Attributes.from_wire({"a": 1}) == Attributes({"a": 1})
    assert Attributes.from_wire('"text"') == Attributes("text")
    assert not caplog.records
    assert Attributes.from_wire({"a": 1}, text_only=True) is Attributes.DEFAULT
    assert len(caplog.records) == 1


@given(json_values | st.binary())
def test_nothing_from_the_wire_raises(wire):
    assert isinstance(Attributes.from_wire(wire), Attributes)


def test_repr_shows_type_and_size_but_no_content():
    assert repr(Attributes({"secret": "words"})) == "<Attributes object, 18 characters>"
    assert repr(Attributes("secret")) == "<Attributes string, 8 characters>"


def test_text_is_compact_and_keeps_letters_of_all_languages():
    assert str(Attributes({"a": [1, "ö"], "b": True})) == '{"a":[1,"ö"],"b":true}'
