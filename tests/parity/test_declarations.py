"""
The reader of declarations and the checks of rows notice what they are there for.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.parity.declarations import Declaration, public_declarations
from tests.parity.rows import Row, callback, member, method, name, none, problems, prop

SAMPLE = """
import { Kind } from "other";
/** Named by a signature, therefore public. */
interface Options { size?: number; "quoted name"?: string; }
interface Hidden { secret: string; }
type Word = "one" | "two";
type Either = Left | Right;
declare class Left { readonly type: "left"; }
declare class Right { readonly type: "right"; }
type PetEvents = { fed: (data: { pet: Pet; food: string[] }) => void; };
declare class Emitter<Events> { on<E>(event: E, listener: (value: E) => void): this; }
declare class Pet extends Emitter<PetEvents> {
    private hidden: Hidden;
    static readonly fed = "fed"; // only repeats the event
    static readonly LEGS = "four";
    /** @internal */
    constructor(hidden: Hidden);
    #veryPrivate;
    get name(): string | null;
    set name(value: string);
    _internal(): void;
    feed(food: string[], options?: Options, done?: (fine: boolean) => void): Promise<Map<string, Word>>;
    either: Either;
}
export { Pet, Kind as PetKind };
"""

OTHER = 'type Kind = "cat" | "dog"; export { Kind };'


@pytest.fixture
def declarations(tmp_path: Path) -> dict[str, Declaration]:
    for package, text in (("sample", SAMPLE), ("other", OTHER)):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "package.json").write_text(json.dumps({"types": "./lib.d.ts"}))
        (folder / "lib.d.ts").write_text(text)
    return {one.name: one for one in public_declarations(tmp_path, "sample")}


def test_what_is_exported_and_what_its_signatures_name_is_public(
    declarations: dict[str, Declaration],
) -> None:
    assert set(declarations) == {"Pet", "PetKind", "Options", "Word", "Either", "Left", "Right"}


def test_members_are_public_unless_they_say_otherwise(
    declarations: dict[str, Declaration],
) -> None:
    rows = [one.row for one in declarations["Pet"].members]

    assert rows == [".LEGS", ".name", ".feed(food, options, done)", ".either", " on fed"]
    assert [one.row for one in declarations["Options"].members] == [".size", '."quoted name"']


def test_words_and_alternatives_are_members(declarations: dict[str, Declaration]) -> None:
    assert [one.value for one in declarations["Word"].members] == ["one", "two"]
    assert [one.row for one in declarations["PetKind"].members] == [' = "cat"', ' = "dog"']
    assert [one.row for one in declarations["Either"].members] == [" | Left", " | Right"]
    assert [one.value for one in declarations["Left"].members] == ["left"]


def test_what_is_not_understood_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"types": "lib.d.ts"}))
    (folder / "lib.d.ts").write_text("declare class Odd { new?odd!; } export { Odd };")

    with pytest.raises(ValueError, match="what is this"):
        public_declarations(tmp_path, "odd")


@pytest.mark.parametrize(
    "row",
    [
        name("Conversation"),
        method("Conversation.send_message", "body"),
        prop("Conversation.sid"),
        prop("ErrorInfo.code"),
        prop("ConversationsError.error_info"),
        callback("ConversationListener.on_message_added", "message"),
        member("ConversationStatus.JOINED"),
        none("there is a reason"),
        (name("Message"), name("User")),
    ],
)
def test_a_true_row_has_no_problem(row: Row) -> None:
    assert problems(row) == []


@pytest.mark.parametrize(
    "row",
    [
        name("Nonsense"),
        name("Conversation.sid"),
        method("Conversation.nonsense"),
        method("Conversation.sid"),
        method("Conversation.send_message", "nonsense"),
        prop("Conversation.send_message"),
        prop("Conversation.nonsense"),
        callback("ConversationListener.on_nonsense"),
        callback("ConversationListener.on_message_added", "message", "nonsense"),
        callback("Conversation.send_message"),
        member("ConversationStatus.NONSENSE"),
        member("Conversation.sid"),
        none(" "),
        (name("Message"), name("Nonsense")),
    ],
)
def test_a_false_row_has_a_problem(row: Row) -> None:
    assert len(problems(row)) == 1


def test_the_member_of_an_enum_stands_for_the_official_word() -> None:
    assert problems(member("ConversationStatus.JOINED"), "joined") == []
    assert len(problems(member("ConversationStatus.JOINED"), "member")) == 1
    assert problems(member("ConversationStatus.JOINED", is_renamed=True), "member") == []
