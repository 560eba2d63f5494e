"""The compositor node: a plain node group around the styled frames, which needs no add-on to be rendered.

    Image, Factor → Image

Inside, an Image node reads the styled sequence. Where a frame's file is missing, Blender gives that node's
alpha as 0 everywhere; the group looks at the mean of it and passes the render through then. So nothing has to
be switched frame by frame, and a frame that was just stylized shows by itself.

Styled EXRs are light, as the render is. Styled PNGs are as they are displayed. In the picture's color space,
the inverse of the scene's view transform, they come out of it as they went in: exactly with Standard, nearly
with Filmic, and with AgX for colors that AgX can show; it has no strongly saturated ones.
"""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent
from bpy.app.translations import pgettext_rpt

from ..compat.compositor_trees import all_nodes, make_tree, new_math, new_mix, tree_of
from ..compat.poll_reason import allowed
from ..compat.set_property import set_property_retrying
from ..output_folder import STYLED, pattern
from ..state import state_of
from .styled_files import LIGHT, chosen_suffix

GROUP_NAME = "Neural Style"
MARK = "blender_nst_styled"
"""A property of the group by which it is known, whatever it is called."""

_COLOR_SPACES = {
    "AgX": "AgX Base sRGB",
    "Filmic": "Filmic sRGB",
    "Khronos PBR Neutral": "Khronos PBR Neutral sRGB",
}
_LIGHT_SPACE = "Linear Rec.709"


class MutedNodes:
    """The nodes that were muted for the render that goes on."""

    def __init__(self) -> None:
        self.nodes: list[tuple[bpy.types.NodeTree, str]] = []


def styled_sequence(scene: bpy.types.Scene) -> str:
    """The path of the styled frames, relative to the .blend where the output folder is; the number is 1."""
    folder = scene.nst.output_path
    separator = "" if folder.endswith(("/", "\\")) else "/"
    return f"{folder}{separator}{pattern(STYLED, chosen_suffix(scene)).replace('####', '0001')}"


def is_styled_group(tree: bpy.types.NodeTree | None) -> bool:
    """Whether a node tree is a group that this module made."""
    return tree is not None and MARK in tree


def make_group(scene: bpy.types.Scene) -> bpy.types.NodeTree:
    """The scene's group: the one that its tree has, or a new one."""
    tree = tree_of(scene)
    for _, node in all_nodes(tree) if tree is not None else ():
        if is_styled_group(getattr(node, "node_tree", None)):
            return node.node_tree
    group = _new_group()
    _point_at(group, scene)
    return group


def refresh(scene: bpy.types.Scene) -> None:
    """Points the groups in the scene's tree to its output folder, and to its view transform."""
    tree = tree_of(scene)
    for _, node in all_nodes(tree) if tree is not None else ():
        if is_styled_group(getattr(node, "node_tree", None)) and not node.mute:
            _point_at(node.node_tree, scene)


def add_to_compositor(scene: bpy.types.Scene) -> bpy.types.Node | None:
    """Puts the node before the output of the scene's compositor; None if it is in the tree already."""
    tree, output = make_tree(scene)
    if any(is_styled_group(getattr(node, "node_tree", None)) for _, node in all_nodes(tree)):
        refresh(scene)
        return None
    before = output.inputs[0].links[0].from_socket
    node = new_node(tree, make_group(scene))
    tree.links.new(before, node.inputs["Image"])
    tree.links.new(node.outputs["Image"], output.inputs[0])
    left = before.node.location.x + before.node.width
    output.location.x = max(output.location.x, left + node.width + 80.0)
    node.location = (0.5 * (left + output.location.x - node.width), output.location.y)
    return node


def new_node(tree: bpy.types.NodeTree, group: bpy.types.NodeTree) -> bpy.types.Node:
    """A node of the group in a tree."""
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = group
    node.name = node.label = GROUP_NAME
    node.width = 160.0
    return node


def _new_group() -> bpy.types.NodeTree:
    group = bpy.data.node_groups.new(GROUP_NAME, "CompositorNodeTree")
    group[MARK] = True
    group.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    factor = group.interface.new_socket("Factor", in_out="INPUT", socket_type="NodeSocketFloat")
    factor.subtype, factor.default_value, factor.min_value, factor.max_value = "FACTOR", 1.0, 0.0, 1.0
    group.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    nodes, link = group.nodes, group.links.new
    render, result = nodes.new("NodeGroupInput"), nodes.new("NodeGroupOutput")
    styled, mean = nodes.new("CompositorNodeImage"), nodes.new("CompositorNodeLevels")
    styled.image = _new_sequence()
    # The default duration of 1 would show the first frame throughout.
    styled.frame_start, styled.frame_offset, styled.frame_duration = 1, 0, 100_000
    there, share = new_math(group, "GREATER_THAN"), new_math(group, "MULTIPLY")
    there.inputs[1].default_value = 1e-7  # one faint pixel in a picture of ten million
    mix, mixed = new_mix(group)
    styled.label, there.label, share.label = "Styled frames", "Is there a file?", "Factor"
    link(styled.outputs["Alpha"], mean.inputs[0])
    link(mean.outputs["Mean"], there.inputs[0])
    link(there.outputs[0], share.inputs[0])
    link(render.outputs["Factor"], share.inputs[1])
    link(share.outputs[0], mix[0])
    link(render.outputs["Image"], mix[1])
    link(styled.outputs["Image"], mix[2])
    link(mixed, result.inputs["Image"])
    columns = (styled, mean, there, share, mixed.node, result)
    for column, node in enumerate(columns):
        node.location = (220.0 * column, 0.0)
    render.location = (440.0, 240.0)
    return group


def _new_sequence() -> bpy.types.Image:
    image = bpy.data.images.new("Styled frames", 1, 1)
    image.source = "SEQUENCE"
    return image


def _point_at(group: bpy.types.NodeTree, scene: bpy.types.Scene) -> None:
    light = chosen_suffix(scene) == LIGHT
    space = _COLOR_SPACES.get(scene.view_settings.view_transform, "sRGB")
    for node in group.nodes:
        if node.bl_idname != "CompositorNodeImage" or node.image is None:
            continue
        image = node.image
        for owner, name, value in (
            (image, "filepath", styled_sequence(scene)),
            (image, "alpha_mode", "PREMUL" if light else "STRAIGHT"),
            (image.colorspace_settings, "name", _LIGHT_SPACE if light else space),
        ):
            # Set only where it changes: each set reads the file anew.
            if getattr(owner, name) != value:
                set_property_retrying(owner, name, value)


@persistent
def on_render_init(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Before a render: the groups get the scene's paths.

    In a render that is stylized they are muted, or what an earlier run has styled would be stylized again.
    """
    tree = tree_of(scene)
    if tree is None:
        return
    refresh(scene)
    if not scene.nst.enabled:
        return
    for owner, node in all_nodes(tree):
        if is_styled_group(getattr(node, "node_tree", None)) and not node.mute:
            set_property_retrying(node, "mute", True)
            state_of(MutedNodes).nodes.append((owner, node.name))


@persistent
def on_render_end(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """After a render: the groups are as they were."""
    muted = state_of(MutedNodes).nodes
    while muted:
        owner, name = muted.pop()
        try:
            node = owner.nodes.get(name)
        except ReferenceError:
            continue  # another file is open by now
        if node is not None:
            set_property_retrying(node, "mute", False)


_HANDLERS = (
    ("render_init", on_render_init),
    ("render_complete", on_render_end),
    ("render_cancel", on_render_end),
)


class NST_OT_add_to_compositor(bpy.types.Operator):
    """Put the styled frames before the output of the scene's compositor"""

    bl_idname = "nst.add_to_compositor"
    bl_label = "Add to Compositor"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not for a scene that comes from a library."""
        if context.scene is None or not context.scene.is_editable:
            return allowed(cls, "The scene comes from a library")
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds the node."""
        if add_to_compositor(context.scene) is None:
            self.report({"INFO"}, pgettext_rpt("Neural Style is in the compositor already"))
            return {"CANCELLED"}
        return {"FINISHED"}


class NST_OT_add_compositor_node(bpy.types.Operator):
    """Show the styled frames in place of the render, where there are any"""

    bl_idname = "nst.add_compositor_node"
    bl_label = GROUP_NAME
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only in an editor of compositor nodes, and not inside the node itself."""
        space, reason = context.space_data, ""
        if getattr(space, "tree_type", "") != "CompositorNodeTree" or space.edit_tree is None:
            reason = "Only in an editor that shows compositor nodes"
        elif not space.edit_tree.is_editable:
            reason = "The nodes come from a library"
        elif is_styled_group(space.edit_tree):
            reason = "This is the inside of the node itself"
        return allowed(cls, reason)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Adds the node under the mouse, and lets it be moved."""
        space = context.space_data
        space.cursor_location_from_region(event.mouse_region_x, event.mouse_region_y)
        self.execute(context)
        bpy.ops.node.translate_attach_remove_on_cancel("INVOKE_DEFAULT")
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds the node at the editor's cursor."""
        space = context.space_data
        for each in space.edit_tree.nodes:
            each.select = False
        node = new_node(space.edit_tree, make_group(context.scene))
        node.location = space.cursor_location
        space.edit_tree.nodes.active = node
        return {"FINISHED"}


def _draw_add_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if getattr(context.space_data, "tree_type", "") == "CompositorNodeTree":
        self.layout.separator()
        self.layout.operator(NST_OT_add_compositor_node.bl_idname, icon="SHADERFX")


def register() -> None:
    """Registers the operators, the entry of the Add menu, and the handlers."""
    bpy.utils.register_class(NST_OT_add_to_compositor)
    bpy.utils.register_class(NST_OT_add_compositor_node)
    bpy.types.NODE_MT_add.append(_draw_add_menu)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Removes them. The nodes in a file stay, and work on."""
    on_render_end(None)
    for name, handler in _HANDLERS:
        registered = getattr(bpy.app.handlers, name)
        if handler in registered:
            registered.remove(handler)
    bpy.types.NODE_MT_add.remove(_draw_add_menu)
    bpy.utils.unregister_class(NST_OT_add_compositor_node)
    bpy.utils.unregister_class(NST_OT_add_to_compositor)
