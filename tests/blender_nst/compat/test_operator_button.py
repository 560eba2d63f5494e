"""The button of an operator that cannot be run is another operator's, which is the same."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_SCRIPT = """
load()
from blender_nst.compat.operator_button import button_name, with_gray_ones
from blender_nst.compat.poll_reason import allowed

state = {"reason": "", "calls": []}

class NST_OT_some(bpy.types.Operator):
    '''Does something'''

    bl_idname = "nst.some"
    bl_label = "Some"

    number: bpy.props.IntProperty(default=3)

    @classmethod
    def poll(cls, context):
        return allowed(cls, state["reason"])

    def execute(self, context):
        state["calls"].append([self.bl_idname, self.number])
        return {"FINISHED"}

operators = with_gray_ones((NST_OT_some,))
for each in operators:
    bpy.utils.register_class(each)
drawn = [button_name(NST_OT_some, bpy.context)]
polls = [[bpy.ops.nst.some.poll(), bpy.ops.nst.some_gray.poll()]]
bpy.ops.nst.some(number=4)
bpy.ops.nst.some_gray(number=5)
state["reason"] = "Not now"
drawn.append(button_name(NST_OT_some, bpy.context))
polls.append([bpy.ops.nst.some.poll(), bpy.ops.nst.some_gray.poll()])
refusals = []
for each in (bpy.ops.nst.some, bpy.ops.nst.some_gray):
    try:
        each()
    except RuntimeError as error:
        refusals.append(str(error).strip())
rna = [each.get_rna_type() for each in (bpy.ops.nst.some, bpy.ops.nst.some_gray)]
told = [[each.name, each.description, each.properties["number"].default] for each in rna]
for each in reversed(operators):
    bpy.utils.unregister_class(each)
finish([drawn, polls, state["calls"], refusals, told])
"""


def test_an_operator_and_the_one_of_its_gray_button_are_the_same(blender: BlenderInTests) -> None:
    drawn, polls, calls, refusals, told = blender.run(_SCRIPT).result
    assert drawn == ["nst.some", "nst.some_gray"]
    assert polls == [[True, True], [False, False]]
    assert calls == [["NST_OT_some", 4], ["NST_OT_some_gray", 5]]
    assert all("Not now" in each for each in refusals)
    assert told == [["Some", "Does something", 3]] * 2
