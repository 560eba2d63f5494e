"""Ten thousand lines that are no good commands, to one real worker, which refuses them and works on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.video.worker.test_server import MODULE, TINY, Conversation, conversation
from video.errors import ProtocolError
from video.images.image_files import write_png
from video.paintings.painting import Painting
from video.protocol.json_lines import decode_command, encode
from video.protocol.messages import (
    PROTOCOL_VERSION,
    Done,
    Failed,
    Finish,
    Frame,
    Hello,
    Ready,
    Shutdown,
    Stylize,
)

Picture = Callable[..., np.ndarray]
LINES = int(os.environ.get("BLENDER_NST_FUZZ_LINES", "10000"))
BATCH = 20
# Beyond the integers drawn below: no line among the others is answered like this greeting.
LAST = -(10**31)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=12)
    | st.sampled_from(["../../../etc/passwd", "\0", "/dev/null", "a" * 5000, "NaN", "hello", "stylize"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)
GOOD: list[dict[str, Any]] = [
    {"command": "hello", "protocol": 1},
    {"command": "stylize", "job": "z", "styles": ["no.png"], "output": "out", "style_settings": {"steps": 1}},
    {"command": "frame", "job": "z", "frame": 1, "content": "no.png"},
    {"command": "finish", "job": "z"},
    {"command": "cancel", "job": "z"},
]


@st.composite
def changed_commands(draw: st.DrawFn) -> bytes:
    """A good command with a field of another value, one too many, or one too few."""
    command = dict(draw(st.sampled_from(GOOD)))
    name = draw(st.sampled_from([*command, "styles", "sequence_settings", "source", "total", "unknown"]))
    if draw(st.booleans()):
        command[name] = draw(values)
    else:
        command.pop(name, None)
    return json.dumps(command).encode()


@st.composite
def cut_commands(draw: st.DrawFn) -> bytes:
    """A good command that breaks off, or with a byte that is another."""
    line = bytearray(json.dumps(draw(st.sampled_from(GOOD))).encode())
    position = draw(st.integers(0, len(line) - 1))
    if draw(st.booleans()):
        return bytes(line[:position])
    line[position] = draw(st.integers(0, 255))
    return bytes(line)


lines = (
    st.binary(max_size=40)
    | st.builds(lambda value: json.dumps(value).encode(), values)
    | changed_commands()
    | cut_commands()
)


def is_harmless(line: bytes) -> bool:
    """Not the one command that rightly ends the worker."""
    try:
        return not isinstance(decode_command(line.decode("utf-8", "replace")), Shutdown)
    except ProtocolError:
        return True


@pytest.fixture(scope="module")
def worker(
    child_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Conversation]:
    log = tmp_path_factory.mktemp("fuzz") / "engine.log"
    with conversation(MODULE, child_environment, log) as worker:
        yield worker
    assert " ERROR " not in log.read_text("utf-8", "replace")


_count = 0


@settings(max_examples=max(1, LINES // BATCH), suppress_health_check=SLOW, database=None)
@given(batch=st.lists(lines.filter(is_harmless), min_size=BATCH, max_size=BATCH))
def test_no_line_ends_the_worker(worker: Conversation, batch: list[bytes]) -> None:
    global _count  # noqa: PLW0603
    for line in batch:
        worker.say_line(line.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
    _count += len(batch)
    worker.say(Hello(PROTOCOL_VERSION), Hello(LAST))
    # A greeting among the lines is answered too; the last one is wrong and is told apart by that.
    while not (isinstance(event := worker.next_event(), Failed) and f"caller {LAST}:" in event.error):
        assert isinstance(event, (Failed, Ready))
        if isinstance(event, Failed):
            assert len(event.error.splitlines()) == 1
            assert "internal error" not in event.error
            assert len(event.error) < 2000


def test_a_line_without_end_is_refused_and_fills_no_memory(worker: Conversation) -> None:
    for _ in range(64):
        worker.say_line(b"[" * (1 << 20))
    worker.say_line(b"\n")
    assert isinstance(worker.next_event(), Failed)
    status = Path(f"/proc/{worker.process.pid}/status")
    if status.exists():
        (peak,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        assert int(peak.split()[1]) < 1_500_000


def test_the_next_good_job_is_served(worker: Conversation, picture: Picture, tmp_path: Path) -> None:
    write_png(tmp_path / "style.png", picture(48, 32, Painting.KNIFE))
    write_png(tmp_path / "c_0001.png", picture(48, 32))
    output = tmp_path / "out"
    worker.say(Stylize("good", [str(tmp_path / "style.png")], str(output), TINY))
    worker.say_line(b'{"command": "frame", "job": "good", "frame": "x"}\n')
    worker.say(Frame("good", 1, str(tmp_path / "c_0001.png")), Finish("good"))
    events = worker.until(Done)
    assert len([event for event in events if isinstance(event, Failed)]) == 1
    assert (output / "styled" / "styled_0001.png").exists()
    assert _count >= LINES


def test_a_command_survives_its_line() -> None:
    assert decode_command(encode(Finish("z"))) == Finish("z")
