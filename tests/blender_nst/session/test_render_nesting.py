"""Which calls of the render handlers are the rendered scene's own, in the orders that Blender makes them."""

from __future__ import annotations

import pytest

from blender_nst.session.render_nesting import RenderEvent, RenderNesting

FRAME = ["render_pre", "frame_change_post", "render_post", "render_write"]
STRIP = ["render_init", "render_pre", "frame_change_post", "render_post", "render_complete"]


def own_calls(calls: list[tuple[str, str]]) -> list[tuple[str, str]]:
    nesting = RenderNesting()
    return [call for call in calls if not nesting.is_nested(RenderEvent(call[0]), call[1])]


def calls_of(scene: str, events: list[str]) -> list[tuple[str, str]]:
    return [(event, scene) for event in events]


@pytest.mark.parametrize("strip", ["Shot", "Edit"], ids=["another scene", "the scene itself"])
def test_a_strips_scene_is_passed_over(strip: str) -> None:
    before, after = calls_of("Edit", FRAME[:2]), calls_of("Edit", FRAME[2:])
    frame = [*before, *calls_of(strip, STRIP), *calls_of(strip, STRIP), *after]
    calls = [("render_init", "Edit"), *frame, *frame, ("render_complete", "Edit")]
    outer = [("render_init", "Edit"), *before, *after, *before, *after, ("render_complete", "Edit")]
    assert own_calls(calls) == outer


def test_a_strip_within_a_strip_and_a_cancelled_one() -> None:
    inner = [*calls_of("Shot", STRIP[:3]), *calls_of("Model", STRIP), *calls_of("Shot", STRIP[3:4])]
    calls = [
        ("render_init", "Edit"),
        ("render_pre", "Edit"),
        *inner,
        ("render_cancel", "Shot"),
        ("render_cancel", "Edit"),
    ]
    assert own_calls(calls) == [("render_init", "Edit"), ("render_pre", "Edit"), ("render_cancel", "Edit")]


def test_a_scene_of_the_compositor_changes_its_frame_alone() -> None:
    calls = calls_of("Edit", ["render_init", "render_pre", "frame_change_post"])
    assert own_calls([*calls, ("frame_change_post", "Backdrop"), *calls_of("Edit", FRAME[2:])]) == [
        *calls,
        *calls_of("Edit", FRAME[2:]),
    ]


def test_a_strip_that_blender_refuses_to_render_does_not_hide_the_rest() -> None:
    # Without a camera nothing comes after the strip's render_init.
    calls = [
        ("render_init", "Edit"),
        ("render_pre", "Edit"),
        ("render_init", "Shot"),
        *calls_of("Edit", FRAME[2:]),
        ("render_complete", "Edit"),
    ]
    assert ("render_init", "Shot") not in own_calls(calls)
    assert len(own_calls(calls)) == len(calls) - 1


def test_a_render_after_one_that_was_refused_is_its_own() -> None:
    calls = [("render_init", "Edit"), ("render_init", "Shot"), *calls_of("Shot", FRAME)]
    assert own_calls(calls) == calls


def test_another_file_forgets_the_frame() -> None:
    nesting = RenderNesting()
    nesting.is_nested(RenderEvent.INIT, "Edit")
    nesting.is_nested(RenderEvent.PRE, "Edit")
    nesting.forget()
    assert not nesting.is_nested(RenderEvent.INIT, "Shot")
