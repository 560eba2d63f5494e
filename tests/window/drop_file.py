"""Drops a file onto a window as a file manager does: `python drop_file.py WINDOW X Y FILE`.

Speaks the XDND protocol (version 5) by Xlib, which Blender's own window needs as well. `WINDOW` is X's number
of the window, `X` and `Y` are a place on the screen.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
import time
from pathlib import Path

CLIENT_MESSAGE, SELECTION_NOTIFY, SELECTION_REQUEST = 33, 31, 30
REPLACE, ATOM_BITS, BYTE_BITS = 0, 32, 8
PATIENCE = 20.0
VERSION = 5
Ulong, Pointer = ctypes.c_ulong, ctypes.c_void_p


class Client(ctypes.Structure):
    """XClientMessageEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", Ulong),
        ("send_event", ctypes.c_int),
        ("display", Pointer),
        ("window", Ulong),
        ("message_type", Ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
    )


class Request(ctypes.Structure):
    """XSelectionRequestEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", Ulong),
        ("send_event", ctypes.c_int),
        ("display", Pointer),
        ("owner", Ulong),
        ("requestor", Ulong),
        ("selection", Ulong),
        ("target", Ulong),
        ("property", Ulong),
        ("time", Ulong),
    )


class Notify(ctypes.Structure):
    """XSelectionEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", Ulong),
        ("send_event", ctypes.c_int),
        ("display", Pointer),
        ("requestor", Ulong),
        ("selection", Ulong),
        ("target", Ulong),
        ("property", Ulong),
        ("time", Ulong),
    )


class AnyEvent(ctypes.Union):
    """XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("client", Client),
        ("request", Request),
        ("notify", Notify),
        ("room", ctypes.c_long * 24),
    )


class Source:
    """A window that something is dragged out of."""

    def __init__(self, target: int, text: bytes) -> None:
        self.x = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        for name in ("XOpenDisplay", "XDefaultRootWindow", "XCreateSimpleWindow", "XInternAtom"):
            getattr(self.x, name).restype = Pointer if name == "XOpenDisplay" else Ulong
        self.display = Pointer(self.x.XOpenDisplay(None))
        root = Ulong(self.x.XDefaultRootWindow(self.display))
        self.window = self.x.XCreateSimpleWindow(self.display, root, 0, 0, 1, 1, 0, Ulong(0), Ulong(0))
        self.target, self.text, self.told = target, text, set[str]()
        kinds = (Ulong * 1)(self.atom("text/uri-list"))
        names = Ulong(self.window), Ulong(self.atom("XdndTypeList")), Ulong(self.atom("ATOM"))
        self.x.XChangeProperty(self.display, *names, ATOM_BITS, REPLACE, kinds, 1)
        selection = Ulong(self.atom("XdndSelection"))
        self.x.XSetSelectionOwner(self.display, selection, Ulong(self.window), Ulong(0))

    def atom(self, name: str) -> int:
        return self.x.XInternAtom(self.display, name.encode(), 0)

    def send(self, name: str, *data: int) -> None:
        """Sends the target a client message whose first value is the source's window."""
        event = AnyEvent()
        event.client.type, event.client.format = CLIENT_MESSAGE, 32
        event.client.display, event.client.window = self.display, self.target
        event.client.message_type = self.atom(name)
        for place, value in enumerate((self.window, *data)):
            event.client.data[place] = value
        self.x.XSendEvent(self.display, Ulong(self.target), 0, ctypes.c_long(0), ctypes.byref(event))
        self.x.XFlush(self.display)

    def wait(self, name: str) -> None:
        """Answers what the target asks until it has sent a message of this name."""
        deadline = time.monotonic() + PATIENCE
        while name not in self.told:
            if time.monotonic() > deadline:
                raise SystemExit(f"no {name} came")
            if not self.x.XPending(self.display):
                time.sleep(0.02)
                continue
            event = AnyEvent()
            self.x.XNextEvent(self.display, ctypes.byref(event))
            if event.type == SELECTION_REQUEST:
                self.give(event.request)
            elif event.type == CLIENT_MESSAGE:
                known = ("XdndStatus", "XdndFinished")
                self.told |= {each for each in known if self.atom(each) == event.client.message_type}

    def give(self, request: Request) -> None:
        """Gives the target the file's address."""
        names = Ulong(request.requestor), Ulong(request.property), Ulong(request.target)
        self.x.XChangeProperty(
            self.display, *names, BYTE_BITS, REPLACE, ctypes.c_char_p(self.text), len(self.text)
        )
        answer = AnyEvent()
        answer.notify.type = SELECTION_NOTIFY
        for name in ("requestor", "selection", "target", "property", "time"):
            setattr(answer.notify, name, getattr(request, name))
        self.x.XSendEvent(self.display, Ulong(request.requestor), 0, ctypes.c_long(0), ctypes.byref(answer))
        self.x.XFlush(self.display)


def drop(window: int, x: int, y: int, file: Path) -> None:
    """Drags a file over a place of the screen, and drops it there."""
    source = Source(window, f"{file.as_uri()}\r\n".encode())
    kind, copy = source.atom("text/uri-list"), source.atom("XdndActionCopy")
    source.send("XdndEnter", VERSION << 24, kind)
    for _moment in range(3):
        source.send("XdndPosition", 0, x << 16 | y, 0, copy)
        source.wait("XdndStatus")
        source.told.clear()
        time.sleep(0.2)
    source.send("XdndDrop", 0, 0)
    source.wait("XdndFinished")


if __name__ == "__main__":
    drop(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
