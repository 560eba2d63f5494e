"""The console script: takes the signals and the streams first, since the rest takes a moment to import."""

from __future__ import annotations

from blender_nst.cli.signals import end_by_signals, ignore_signals
from blender_nst.cli.streams import open_closed_descriptors


def main() -> None:
    """Runs the command line, see `blender_nst.cli.app.main`."""
    open_closed_descriptors()
    end_by_signals()
    from blender_nst.cli.app import main as run

    try:
        run()
    finally:
        ignore_signals()


if __name__ == "__main__":
    main()
