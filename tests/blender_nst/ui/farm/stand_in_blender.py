"""Blender's own command line, by a script that runs inside whichever Blender the tests have.

Takes `-b -y --python-exit-code N FILE --scene NAME --python-expr CODE -- …`, and has the extension enabled.
"""

import importlib.util
import os
import sys
import traceback
from pathlib import Path

import bpy

REPOSITORY = Path(__file__).parents[4]


def load_extension() -> None:
    """As it is when it is installed."""
    main = REPOSITORY / "blender_nst" / "headless" / "main.py"
    spec = importlib.util.spec_from_file_location("headless", main)
    assert spec is not None
    assert spec.loader is not None
    headless = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(headless)
    headless.load_package().register()


def run(words: list[str]) -> None:
    """Does what the words say, in their order."""
    exit_code = 0
    while words and words[0] != "--":
        word = words.pop(0)
        if word == "--python-exit-code":
            exit_code = int(words.pop(0))
        elif word == "--scene":
            bpy.context.window.scene = bpy.data.scenes[words.pop(0)]
        elif word == "--python-expr":
            try:
                exec(words.pop(0), {"__name__": "__main__"})  # noqa: S102 - as Blender does
            except Exception:
                traceback.print_exc()
                end(exit_code)
        elif word not in ("-b", "-y"):
            bpy.ops.wm.open_mainfile(filepath=word, load_ui=False)
    end(0)


def end(code: int) -> None:
    """Ends the process: a bpy process can hang in its exit handlers."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


try:
    load_extension()
    run(sys.argv[sys.argv.index("--") + 1 :])
except Exception:
    traceback.print_exc()
    end(1)
