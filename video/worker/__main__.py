"""Entry point of the engine process: `python -m video.worker`."""

from __future__ import annotations

from video.worker.server import main

if __name__ == "__main__":
    main()
