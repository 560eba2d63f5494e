"""Every message survives its line; whatever else a line holds is a ProtocolError."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video.errors import ProtocolError
from video.protocol.json_lines import decode_command, decode_event, encode, read_lines
from video.protocol.messages import (
    COMMANDS,
    EVENTS,
    Cancel,
    Cancelled,
    Command,
    Done,
    Event,
    Failed,
    Finish,
    Frame,
    FrameDone,
    Heartbeat,
    Hello,
    Opened,
    Planned,
    Preview,
    Progress,
    Ready,
    Shutdown,
    StyledRegion,
    Stylize,
    Warned,
)

# Lone surrogates too: that is how Python holds a file name that is no UTF-8.
texts = st.text(st.characters(exclude_categories=()), max_size=20)
numbers = st.integers(-(2**63), 2**63)
reals = st.floats(allow_nan=False, allow_infinity=False)
losses = st.dictionaries(texts, reals, max_size=4)
frames = st.lists(numbers, max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | reals | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


COMMAND_VALUES: dict[type, st.SearchStrategy[Any]] = {
    Hello: st.builds(Hello, numbers, maybe(reals)),
    Stylize: st.builds(
        Stylize,
        texts,
        st.lists(texts, max_size=3),
        texts,
        json_objects,
        json_objects,
        maybe(numbers),
        st.lists(reals),
        numbers,
        st.lists(st.builds(StyledRegion, texts, st.lists(texts), maybe(texts)), max_size=3),
        st.booleans(),
        st.dictionaries(texts, st.none() | numbers | reals | texts, max_size=3),
        st.booleans(),
        reals,
        st.lists(texts, max_size=3),
        st.dictionaries(texts, texts | st.booleans(), max_size=3),
        st.booleans(),
    ),
    Frame: st.builds(Frame, texts, numbers, texts, maybe(texts), maybe(numbers), texts),
    Finish: st.builds(Finish, texts),
    Cancel: st.builds(Cancel, texts),
    Shutdown: st.builds(Shutdown),
}
EVENT_VALUES: dict[type, st.SearchStrategy[Any]] = {
    Ready: st.builds(Ready, numbers, texts, texts, texts, texts, maybe(reals)),
    Heartbeat: st.builds(Heartbeat, reals),
    Opened: st.builds(Opened, texts, st.booleans(), frames),
    Planned: st.builds(Planned, texts, texts),
    Progress: st.builds(Progress, texts, numbers, numbers, numbers, losses, reals),
    Preview: st.builds(Preview, texts, numbers, numbers, texts),
    Warned: st.builds(Warned, texts, maybe(texts)),
    FrameDone: st.builds(
        FrameDone, texts, numbers, texts, reals, numbers, losses, maybe(reals), st.booleans(), texts
    ),
    Done: st.builds(Done, texts, frames, reals, maybe(texts), maybe(texts)),
    Cancelled: st.builds(Cancelled, texts, frames),
    Failed: st.builds(Failed, texts, maybe(texts), maybe(numbers), frames),
}
decoders = pytest.mark.parametrize("decode", [decode_command, decode_event])


def test_every_message_is_in_these_tests() -> None:
    assert set(COMMAND_VALUES) == set(COMMANDS.values())
    assert set(EVENT_VALUES) == set(EVENTS.values())


def assert_one_plain_line(line: str) -> None:
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert line.isascii()


@given(st.one_of(*COMMAND_VALUES.values()))
def test_command_round_trip(command: Command) -> None:
    assert_one_plain_line(encode(command))
    assert decode_command(encode(command)) == command


@given(st.one_of(*EVENT_VALUES.values()))
def test_event_round_trip(event: Event) -> None:
    assert_one_plain_line(encode(event))
    assert decode_event(encode(event)) == event


def test_lines_are_as_the_module_says() -> None:
    assert json.loads(encode(Hello(1))) == {"command": "hello", "protocol": 1, "memory_limit": None}
    assert json.loads(encode(Cancelled("a", [1, 2]))) == {"event": "cancelled", "job": "a", "frames": [1, 2]}
    line = '{"command": "frame", "job": "a", "frame": 1, "content": "/p/c_0001.png"}'
    assert decode_command(line) == Frame("a", 1, "/p/c_0001.png")


@decoders
@given(line=st.text())
def test_any_text_is_refused(decode: Callable[[str], object], line: str) -> None:
    with pytest.raises(ProtocolError):
        decode(line)


names = st.sampled_from([*COMMANDS, *EVENTS]) | texts
field_names = st.sampled_from(["job", "frame", "frames", "styles", "losses", "protocol", "error"]) | texts


@decoders
@given(
    key=st.sampled_from(["command", "event"]),
    name=names | json_values,
    values=st.dictionaries(field_names, json_values, max_size=5),
)
def test_any_object_is_a_message_or_refused(
    decode: Callable[[str], Command | Event], key: str, name: object, values: dict[str, Any]
) -> None:
    try:
        message = decode(json.dumps(values | {key: name}))
    except ProtocolError:
        return
    assert json.loads(encode(message)).items() >= {key: name, **values}.items()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "3",
        "{}",
        '{"command": null}',
        '{"command": ["hello"]}',
        '{"command": "explode"}',
        '{"command": "hello"}',
        '{"command": "hello", "protocol": "1"}',
        '{"command": "hello", "protocol": true}',
        '{"command": "hello", "protocol": 1.0}',
        '{"command": "hello", "protocol": 1, "extra": 2}',
        '{"command": "hello", "protocol": 1',
        '{"command": "frame", "job": "a", "frame": 1}',
        '{"command": "frame", "job": "a", "frame": null, "content": "c"}',
        '{"command": "stylize", "job": "a", "styles": "s", "output": "o"}',
        '{"command": "stylize", "job": "a", "styles": [1], "output": "o"}',
        '{"command": "stylize", "job": "a", "styles": ["s"], "output": "o", "style_settings": []}',
        '{"command": "stylize", "job": "a", "styles": [], "output": "o", "regions": [{"kind": "object"}]}',
        '{"command": "stylize", "job": "a", "styles": [], "output": "o", "regions": ["object:Cube"]}',
        '{"event": "ready"}',
        "[" * 100_000,
        '{"command": "hello", "protocol": ' + "9" * 5000 + "}",
    ],
    ids=lambda line: line[:40] or "empty",
)
def test_malformed_command_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(ProtocolError) as error:
        decode_command(line)
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 300


def test_a_command_is_no_event() -> None:
    with pytest.raises(ProtocolError, match="unknown event"):
        decode_event(encode(Hello(1)))
    with pytest.raises(ProtocolError, match="unknown command"):
        decode_command(encode(Cancelled("a", [])))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_never_sent(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(Progress("a", 1, 1, 2, {"total": value}, 1.0))


@given(st.lists(st.text("ab", max_size=9), max_size=6), st.integers(1, 5), st.booleans())
def test_a_line_that_is_too_long_comes_as_its_beginning(lines: list[str], longest: int, ended: bool) -> None:
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    expected = [line if len(line) <= longest else line[:longest] for line in text.splitlines(keepends=True)]
    assert list(read_lines(io.StringIO(text), longest)) == expected
    assert list(read_lines(io.BytesIO(text.encode()), longest)) == [line.encode() for line in expected]
