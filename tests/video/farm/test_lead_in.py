"""Which frames a chunk stylizes: its lead-in goes over no cut, and further passes lead out as well."""

from __future__ import annotations

import pytest

from video.errors import SequenceError
from video.farm.frame_list import parse_frame_list
from video.farm.lead_in import LeadIn, chunk_span, parse_lead_in
from video.frames.sequence import FrameRange

FILM, SHOTS = FrameRange(1, 100), (1, 41, 43)

SPANS = {
    # own frames, lead-in, shots, passes: what is run
    ("20-29", "4", (), 1): "16-29",
    ("20-29", "0", (), 1): "20-29",
    ("3-9", "4", (), 1): "1-9",
    ("45-50", "4", SHOTS, 1): "43-50",
    ("43-50", "4", SHOTS, 1): "43-50",
    ("42-50", "4", SHOTS, 1): "41-50",
    ("60-69", "shot", SHOTS, 1): "43-69",
    ("20-29", "shot", SHOTS, 1): "1-29",
    ("20-29", "shot", SHOTS, 2): "1-40",
    ("60-69", "shot", SHOTS, 3): "43-100",
    ("35-38", "4", SHOTS, 2): "31-40",
    ("60-69", "4", SHOTS, 2): "56-73",
    ("21-29x2", "2", (), 1): "17-29x2",
    ("21-29x2", "shot", SHOTS, 1): "1-29x2",
    ("45-49x2", "9", SHOTS, 1): "43-49x2",
    ("46-50x2", "9", SHOTS, 1): "44-50x2",
    ("9-9x2", "1", (), 1): "7-9x2",
}


@pytest.mark.parametrize("case", SPANS, ids=str)
def test_the_frames_that_are_run(case: tuple[str, str, tuple[int, ...], int]) -> None:
    own, lead_in, shots, passes = case
    (frames,) = parse_frame_list(own)
    span = chunk_span(frames, parse_lead_in(lead_in), FILM, shots=shots, passes=passes)
    assert str(span.run) == SPANS[case]
    assert span.discarded == len(set(span.run.numbers()) - set(frames.numbers()))


def test_names_are_those_of_the_frames_and_can_be_read_back() -> None:
    for text, name in {
        "7": "0007",
        "1-24": "0001-0024",
        "-3-4": "-0003-0004",
        "1-23x2": "0001-0023x2",
        "7-7x2": "0007-0007x2",
    }.items():
        (own,) = parse_frame_list(text)
        span = chunk_span(own, LeadIn(0), FrameRange(-9, 99))
        assert span.name == name
        assert parse_frame_list(span.name) == parse_frame_list(text)


@pytest.mark.parametrize("text", ["-1", "shots", "", "4.5", "99999999", "9" * 5000])
def test_other_lead_ins_are_refused(text: str) -> None:
    with pytest.raises(SequenceError):
        parse_lead_in(text)
