"""A process that holds the lock of a folder, as another run or another render does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOLD = """
import sys
from pathlib import Path
from video.files.lock import try_lock
held = try_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
held.release()
"""


@contextmanager
def held_folder(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Context: another process holds the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _HOLD, str(folder)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.communicate()
