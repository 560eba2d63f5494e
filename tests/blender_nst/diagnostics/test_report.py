"""The text of a bug report."""

from __future__ import annotations

from pathlib import Path

from blender_nst.diagnostics.redaction import PrivateNames
from blender_nst.diagnostics.report import LAST_LINES, BugReport, last_lines, package_versions, report_text


def test_a_report_has_facts_settings_and_ends_of_logs(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("".join(f"line {number} of {tmp_path}/x.png\n" for number in range(300)))
    report = BugReport(
        {"Blender": "4.5.1", "Engine": "/opt/made up/python: missing"},
        {"steps": 7},
        {"engine.log": log, "check.log": tmp_path / "check.log"},
    )
    lines = report_text(report, PrivateNames()).splitlines()
    assert "- Blender: 4.5.1" in lines
    assert "- Engine: python: missing" in lines
    assert "- steps = 7" in lines
    assert "line 299 of x.png" in lines
    assert f"line {300 - LAST_LINES} of x.png" in lines
    assert f"line {299 - LAST_LINES} of x.png" not in lines
    assert not [line for line in lines if "check.log" in line or str(tmp_path) in line]


def test_a_log_cannot_end_its_block_of_text(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("~~~~\n# not a heading\n")
    text = report_text(BugReport({}, {}, {"engine.log": log}), PrivateNames())
    assert text.count("~~~~") == 2


def test_lines_of_a_log_are_bounded_and_without_control_characters(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"first\n" + b"x" * 10_000_000 + b"\n\x1b[2Jlast \xff\n\n")
    lines = last_lines(log)
    assert max(map(len, lines)) < 1000
    assert lines[-1].startswith("\\x1b[2Jlast")


def test_versions_of_another_python_are_read_without_it(tmp_path: Path) -> None:
    for name, version in (("torch", "9.8.7"), ("unknown_package", "1.0")):
        about = tmp_path / f"{name}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    assert package_versions([tmp_path]) == {"torch": "9.8.7"}
    assert "numpy" in package_versions()
