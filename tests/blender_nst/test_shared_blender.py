"""The Blender that tests share: nothing of a script is left for the next one, whatever the script does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

_LEAVES = """
package = load()
package.register()
def on_load(*_):
    pass
bpy.app.handlers.load_post.append(bpy.app.handlers.persistent(on_load))
bpy.data.objects["Cube"].name = "Renamed"
bpy.context.preferences.filepaths.save_version = 7
os.environ["LEFT"] = "1"
os.chdir(arguments[0])
os.write(1, b"written by native code\\n")
finish(os.getpid())
"""

_LOOKS = """
names = [each.__name__ for each in bpy.app.handlers.load_post]
finish({"process": os.getpid(), "handler": "on_load" in names, "objects": sorted(bpy.data.objects.keys()),
        "registered": hasattr(bpy.types.Scene, "nst"), "module": "blender_nst" in sys.modules,
        "versions": bpy.context.preferences.filepaths.save_version, "variable": "LEFT" in os.environ,
        "folder": os.getcwd(), "arguments": arguments})
"""


def test_the_next_script_has_the_process_and_nothing_else_of_the_one_before(
    blender: BlenderInTests, tmp_path: Path
) -> None:
    before = blender.run(_LOOKS).result
    left = blender.run(_LEAVES, str(tmp_path))
    after = blender.run(_LOOKS)
    assert before == after.result
    assert after.result["process"] == left.result
    assert "written by native code" in left.output
    assert "written by native code" not in after.output


def test_a_script_that_raises_fails_and_the_process_stays(blender: BlenderInTests) -> None:
    process = blender.run("finish(os.getpid())").result
    with pytest.raises(AssertionError, match=r"(?s)ended with 1:.*ZeroDivisionError"):
        blender.run("print(1 / 0)")
    with pytest.raises(AssertionError, match="without finish"):
        blender.run("pass")
    assert blender.run("finish(os.getpid())").result == process


@pytest.mark.parametrize(
    ("script", "timeout"), [("print('last words', flush=True); os._exit(0)", 60.0), ("while True: pass", 2.0)]
)
def test_a_script_that_ends_or_blocks_the_process_fails_alone(
    blender: BlenderInTests, script: str, timeout: float
) -> None:
    process = blender.run("finish(os.getpid())").result
    with pytest.raises(AssertionError, match="its process with it") as caught:
        blender.run(script, timeout=timeout)
    assert ("last words" in str(caught.value)) == ("last words" in script)
    assert blender.run("finish(os.getpid())").result != process


def test_a_thread_that_is_left_costs_the_process(blender: BlenderInTests) -> None:
    process = blender.run(
        """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        finish(os.getpid())
        """
    ).result
    assert blender.run("finish(os.getpid())").result != process


def test_a_process_of_its_own_is_another(blender: BlenderInTests) -> None:
    shared = blender.run("finish(os.getpid())").result
    assert blender.run("finish(os.getpid())", own_process=True).result != shared
    named = blender.run("finish(os.environ['NAMED'])", environment={"NAMED": "yes"})
    assert named.result == "yes"
