"""The modules that Blender's side has from the engine's: fresh, and the same protocol."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from blender_nst import local_events
from blender_nst.cli.errors import CommandLineError
from blender_nst.cli.packaging import generate
from blender_nst.engine import json_lines, messages
from video.protocol import json_lines as engine_json_lines
from video.protocol import messages as engine_messages


@pytest.mark.parametrize("path", generate.generated_files(), ids=lambda path: path.name)
def test_the_checked_in_files_are_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == generate.generated_files()[path], f"run {generate.COMMAND}"


def test_both_sides_speak_the_same_protocol() -> None:
    assert messages.PROTOCOL_VERSION == engine_messages.PROTOCOL_VERSION
    for ours, theirs in (
        (messages.COMMANDS, engine_messages.COMMANDS),
        (messages.EVENTS, engine_messages.EVENTS),
    ):
        assert list(ours) == list(theirs)
        for name, kind in ours.items():
            assert [each.name for each in fields(kind)] == [each.name for each in fields(theirs[name])]


def test_a_line_of_one_side_is_read_by_the_other() -> None:
    region = messages.StyledRegion("object", ["Cube"], "b.png")
    command = messages.Stylize("a", ["a.png"], "out", {"steps": 3}, regions=[region])
    received = engine_json_lines.decode_command(json_lines.encode(command))
    assert isinstance(received, engine_messages.Stylize)
    assert received.regions == [engine_messages.StyledRegion("object", ["Cube"], "b.png")]
    event = engine_messages.FrameDone("a", 1, "p.png", 0.5, 3, {"total": 1.0})
    assert json_lines.decode_event(engine_json_lines.encode(event)) == messages.FrameDone(
        "a", 1, "p.png", 0.5, 3, {"total": 1.0}
    )


def test_local_events_are_no_events_of_the_engine() -> None:
    assert not local_events.LOCAL_EVENTS.keys() & messages.EVENTS.keys()
    started = local_events.Started("4.5.1", [1, 2], [96, 64], 24.0)
    line = json_lines.to_line(started, "event", local_events.LOCAL_EVENTS)
    assert engine_json_lines.from_line(line, "event", local_events.LOCAL_EVENTS) == started


def test_a_module_that_imports_the_engine_cannot_be_copied() -> None:
    with pytest.raises(CommandLineError, match="Blender"):
        generate.module_text("video/worker/server.py")
