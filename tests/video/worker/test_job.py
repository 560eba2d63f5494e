"""A job of the engine refuses what it would write over, before and while frames come."""

from __future__ import annotations

from pathlib import Path

import pytest

from video.errors import FileError, FrameError
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.protocol.messages import Frame, StyledRegion, Stylize
from video.results import RunCallbacks
from video.worker.job import OpenJob

TINY = {"steps": 1, "coarsest_size": 64, "device": "cpu"}


def opened(out: Path, style: Path, *regions: StyledRegion) -> OpenJob:
    job = Stylize("a", [str(style)], str(out), style_settings=TINY, regions=list(regions))
    opened = OpenJob(job, lambda event: None)
    opened.driver(RunCallbacks())
    return opened


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for name in ("style", "out/contact_sheet", "out/styled/styled_0001", "out/content/content_0001"):
        write_png(tmp_path / f"{name}.png", paint(Painting.DABS, 48, 32))
    (tmp_path / "alias.png").hardlink_to(tmp_path / "out" / "contact_sheet.png")
    return tmp_path / "out"


def test_a_style_is_not_written_over(out: Path) -> None:
    for lost in (out / "contact_sheet.png", out.parent / "alias.png"):
        with pytest.raises(FileError, match="would be overwritten"):
            opened(out, lost)
        region = StyledRegion("object", ["Cube"], str(lost))
        with pytest.raises(FileError, match="would be overwritten"):
            opened(out, out.parent / "style.png", region)


def test_a_frame_is_not_written_over(out: Path) -> None:
    job = opened(out, out.parent / "style.png")
    job.check_frame(Frame("a", 1, str(out / "content" / "content_0001.png")))
    with pytest.raises(FrameError, match=r"frame 7: .*styled_0001\.png is an input and would be overwritten"):
        job.check_frame(Frame("a", 7, str(out / "styled" / "styled_0001.png")))


def test_a_frame_is_known_by_any_of_its_names(out: Path) -> None:
    job = opened(out, out.parent / "style.png")
    styled, content = out / "styled" / "styled_0001.png", out / "content" / "content_0001.png"
    (out.parent / "hard.png").hardlink_to(styled)
    (out.parent / "link.png").symlink_to(styled)
    (out.parent / "folder").symlink_to(out / "styled")
    for name in ("hard.png", "link.png", "folder/styled_0001.png", "out/./styled/../styled/styled_0001.png"):
        with pytest.raises(FrameError, match="would be overwritten"):
            job.check_frame(Frame("a", 1, str(out.parent / name)))
    # A captured frame that is replaced has the number of a file that was removed, sooner or later.
    for _ in range(20):
        content.unlink()
        styled.unlink()
        for path in (content, styled):
            path.write_bytes(b"new")
        job.check_frame(Frame("a", 1, str(content), str(out / "passes" / "passes_0001.exr")))


def test_a_link_in_the_output_folder_is_refused(out: Path) -> None:
    (out / "debug").symlink_to(out / "content")
    with pytest.raises(FileError, match="debug: is a link"):
        opened(out, out.parent / "style.png")
