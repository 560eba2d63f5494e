"""The seams' report: the errors at the first frames of chunks beside all others, by hand-counted values."""

from __future__ import annotations

import pytest

from video.farm.seams import seam_report
from video.reports.frame_measure import FrameMeasure


def test_seams_and_the_frames_inside() -> None:
    errors = {1: None, 2: 1.0, 3: 3.0, 4: 8.0, 5: None, 6: 2.0, 7: 4.0}
    report = seam_report([FrameMeasure(number, error) for number, error in errors.items()], {4, 5, 7})
    # Frame 5 begins a shot: nothing was to be carried over to it.
    assert report.seams == {4: 8.0, 7: 4.0}
    assert (report.mean, report.inside, report.ratio) == (6.0, 2.0, 3.0)
    assert report.worst == 4


@pytest.mark.parametrize("seams", [set(), {1}])
def test_a_run_without_seams(seams: set[int]) -> None:
    report = seam_report([FrameMeasure(1), FrameMeasure(2, 1.0)], seams)
    assert (report.seams, report.mean, report.ratio, report.worst) == ({}, None, None, None)
    assert report.inside == 1.0
