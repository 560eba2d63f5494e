"""What can go wrong with a sequence. Every message names the file or frame and says what to do."""

from __future__ import annotations

from pathlib import Path


class VideoError(Exception):
    """Base of every error that this package raises on purpose.

    Its message is one line, whatever names it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class FileError(VideoError):
    """A file cannot be read or written."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class DiskFullError(FileError):
    """There is no room for a file; once there is, the same run goes on."""


class FolderBusyError(FileError):
    """Another run is at work in the folder."""


class SequenceError(VideoError):
    """The input is no usable sequence: nothing there, an empty range, a missing frame."""


class MissingInputError(SequenceError):
    """Frames of the input are missing or not rendered yet; the others are there.

    The message ends with what to do, to which a command that can leave frames out adds its option.
    """


BEGIN_ANEW = "choose another output folder, or begin anew"
"""End of the message about a folder that a run cannot go on with; the command line adds its option."""


class JournalError(VideoError):
    """The output folder holds a run that this one cannot go on with; nothing in it was changed."""


class ChangedFrameError(JournalError):
    """A finished frame is not what this run would make: `index` is the first such frame's place."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


class FrameError(VideoError):
    """One frame cannot be stylized; the frames before it are finished and kept."""

    def __init__(self, frame: int, message: str) -> None:
        super().__init__(f"frame {frame}: {message}")
        self.frame = frame


class ProtocolError(VideoError):
    """A message of the worker's protocol is malformed or comes at the wrong moment."""
