"""What a styled file says of its making: all that has made it, and nothing of what is written beside it."""

from __future__ import annotations

import json
from dataclasses import replace

from compositor.settings import StyleSettings
from video.frames.metadata import frame_metadata
from video.settings import MovieCodec, SequenceSettings


def test_runs_that_write_other_things_beside_the_frames_leave_the_same_files() -> None:
    style, sequence = StyleSettings(), SequenceSettings()
    beside = replace(
        sequence,
        movie=not sequence.movie,
        movie_codec=MovieCodec.FFV1,
        frame_rate=12.0,
        contact_sheet=not sequence.contact_sheet,
        debug=not sequence.debug,
    )
    told = frame_metadata(style, sequence, "style")
    assert frame_metadata(replace(style, snapshot_every=7), beside, "style") == told
    assert frame_metadata(replace(style, strength=0.5), sequence, "style") != told
    assert frame_metadata(style, replace(sequence, pass_count=2), "style") != told


def test_all_that_makes_a_frame_is_told() -> None:
    settings = json.loads(
        frame_metadata(StyleSettings(), SequenceSettings(), "style")["blender_nst_settings"]
    )
    told = settings["style_settings"] | settings["sequence_settings"]
    assert {"steps", "device", "working_detail", "precision", "output_format", "dynamic_range"} <= told.keys()
