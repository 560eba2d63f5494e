"""The compositor's node trees, which Blender 5.0 moved and changed, seen in one way from 4.2 on."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

TREES_ARE_GROUPS = bpy.app.version >= (5, 0, 0)
"""Whether a scene's tree is a node group of its own that the scene names, and not a part of the scene."""

_OUTPUT = "NodeGroupOutput" if TREES_ARE_GROUPS else "CompositorNodeComposite"


def tree_of(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    """The scene's compositor tree; None where there is none, or where it is switched off."""
    if TREES_ARE_GROUPS:
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def make_tree(scene: bpy.types.Scene) -> tuple[bpy.types.NodeTree, bpy.types.Node]:
    """The scene's tree and its output, which shows something; what of it is missing is made."""
    tree = tree_of(scene)
    if tree is None and TREES_ARE_GROUPS:
        tree = scene.compositing_node_group = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
    elif tree is None:
        scene.use_nodes = True  # makes the usual two nodes, unless there were some before
        tree = scene.node_tree
    if TREES_ARE_GROUPS and not any(each.in_out == "OUTPUT" for each in _sockets(tree)):
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    output = output_node(tree)
    if output is None:
        output = tree.nodes.new(_OUTPUT)
        output.location = (300, 0)
    if not output.inputs[0].is_linked:
        layers = next((node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers"), None)
        if layers is None:
            layers = tree.nodes.new("CompositorNodeRLayers")
            layers.location = (-300, 0)
        tree.links.new(layers.outputs["Image"], output.inputs[0])
    return tree, output


def output_node(tree: bpy.types.NodeTree) -> bpy.types.Node | None:
    """The node whose first input is what the compositor gives: Composite, from 5.0 on the group's output."""
    found = [node for node in tree.nodes if node.bl_idname == _OUTPUT and node.inputs]
    return next((node for node in found if getattr(node, "is_active_output", True)), next(iter(found), None))


def all_nodes(tree: bpy.types.NodeTree) -> Iterator[tuple[bpy.types.NodeTree, bpy.types.Node]]:
    """The tree's nodes and those of its groups, each group's once, with the tree that they are in."""
    seen: set[str] = set()
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        for node in each.nodes:
            yield each, node
            inner = getattr(node, "node_tree", None)
            if inner is not None and inner.name_full not in seen:
                seen.add(inner.name_full)
                waiting.append(inner)


def new_mix(tree: bpy.types.NodeTree) -> tuple[list[bpy.types.NodeSocket], bpy.types.NodeSocket]:
    """A node that mixes two colors: its inputs factor, first, second; and its result."""
    if hasattr(bpy.types, "CompositorNodeMixRGB"):
        node = tree.nodes.new("CompositorNodeMixRGB")
        return list(node.inputs[:3]), node.outputs[0]
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type = "RGBA"
    colors = [socket for socket in node.inputs if socket.type == "RGBA"]
    return [node.inputs[0], *colors[:2]], next(each for each in node.outputs if each.type == "RGBA")


def new_math(tree: bpy.types.NodeTree, operation: str) -> bpy.types.Node:
    """A node that computes with two numbers, which 5.0 renamed."""
    kind = "CompositorNodeMath" if hasattr(bpy.types, "CompositorNodeMath") else "ShaderNodeMath"
    node = tree.nodes.new(kind)
    node.operation = operation
    return node


def _sockets(tree: bpy.types.NodeTree) -> list[bpy.types.NodeTreeInterfaceSocket]:
    return [each for each in tree.interface.items_tree if each.item_type == "SOCKET"]  # pyright: ignore[reportReturnType] # by item_type
