"""A command of Blender NST as a worker's child: it ends, in order, when its standard input does.

    python -m blender_nst.cli.farm.dask_run.child chunk …

The worker holds the other end, which the system closes however the worker ends: nothing that a killed worker
has begun goes on beside those who do it again.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress

from blender_nst.cli.entry import main as run

_PATIENCE = 10.0
"""Seconds between two signals: the first asks for an end between two steps, the next ends the process."""


def main() -> None:
    """Runs the command line."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    run()


def _end_with_standard_input() -> None:
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    while True:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_PATIENCE)


if __name__ == "__main__":
    main()
