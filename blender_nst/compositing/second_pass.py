"""The second pass: the user's compositor tree over the styled frames; the scene is not rendered again.

It works on a copy of the scene and of its trees. Each Render Layers node gives way to Image nodes: the
picture comes from the styled frame, every other pass from the frame's captured EXR. The copy is removed at
the end, which must not happen inside a render handler: Blender 5.2 crashes then.

The composited frames are in the format of the styled ones. A PNG is as it is displayed: the view transform is
in it already. The copy's own view transform is therefore Standard, so that what the tree does not touch comes
out as it went in, whatever the scene has (AgX, Filmic, a look, an exposure). The tree works on linear display
values, in 0 to 1: a threshold above 1, of a glare for example, is never reached. A styled EXR is light, and
goes through the tree as the render's own does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ..capture.frame import passes_path, picture_mode
from ..capture.views import scene_views
from ..capture.whole_file import whole_file
from ..compat.compositor_trees import TREES_ARE_GROUPS, output_node, tree_of
from ..json_files import read_json
from ..output_folder import COMPOSITED, STYLED
from .node import is_styled_group
from .styled_files import LIGHT, composited_path, is_written, styled_path, styled_suffix

_NAME = "Neural Style composite"
_LAYERS, _CRYPTOMATTE, _FILE_OUTPUT = (
    "CompositorNodeRLayers",
    "CompositorNodeCryptomatteV2",
    "CompositorNodeOutputFile",
)


class CompositeError(Exception):
    """The styled frames cannot be composited; one line that says why and what to do."""


def check_single_view(scene: bpy.types.Scene) -> None:
    """Raises CompositeError for a scene of several views, as of two eyes."""
    if scene_views(scene):
        raise CompositeError(
            f"scene {scene.name!r} is rendered in several views, whose styled frames cannot be composited:"
            " leave the compositor to the render"
        )


def styled_frames(scene: bpy.types.Scene, output: Path) -> list[int]:
    """The frames of the scene's range that are styled.

    Raises:
        CompositeError: there is none, or the scene has several views.
    """
    check_single_view(scene)
    wanted = range(scene.frame_start, scene.frame_end + 1, scene.frame_step)
    suffix = styled_suffix(scene, output)
    found = [frame for frame in wanted if is_written(styled_path(output, frame, suffix))]
    if not found:
        raise CompositeError(
            f"{output / STYLED}: there are no styled frames of this range; render them first"
        )
    return found


def is_composited_already(output: Path, frame: int) -> bool:
    """Whether a frame was stylized as it came out of the compositor, and would have its effects twice."""
    try:
        noted = read_json(passes_path(output, frame).with_suffix(".json"))
        return bool(noted.get("composited", False))
    except (OSError, ValueError, AttributeError, RecursionError):
        return False  # captured by something else: nothing is known


@dataclass
class CompositePass:
    """A copy of a scene that composites styled frames. Not to be used inside a render handler.

    Raises (when it is made):
        CompositeError: the scene has no compositor tree, or the tree needs what was not captured.
    """

    scene: bpy.types.Scene
    output: Path
    first_frame: int
    suffix: str = field(init=False)
    """Of the styled frames, and of the composited ones."""
    _copy: bpy.types.Scene = field(init=False)
    _trees: dict[str, bpy.types.NodeTree] = field(init=False, default_factory=dict)
    _styled: bpy.types.Image = field(init=False)
    _passes: bpy.types.Image | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        tree = tree_of(self.scene)
        if tree is None:
            raise CompositeError(f"scene {self.scene.name!r} has no compositor nodes to run")
        output = output_node(tree)
        if output is None or not output.inputs[0].is_linked:
            raise CompositeError(f"scene {self.scene.name!r}: nothing is linked to the compositor's output")
        self.suffix = styled_suffix(self.scene, self.output)
        self._styled = _load(styled_path(self.output, self.first_frame, self.suffix))
        self._copy = self.scene.copy()
        self._copy.name = _NAME
        try:
            self._prepare()
        except BaseException:
            self.remove()
            raise

    def composite(self, frame: int) -> Path:
        """Composites one frame; the file is whole or not there.

        Raises:
            CompositeError: a file is missing, or the result cannot be written.
        """
        target = composited_path(self.output, frame, self.suffix)
        self._show(self._styled, styled_path(self.output, frame, self.suffix))
        if self._passes is not None:
            self._show(self._passes, passes_path(self.output, frame))
        # An animation of one frame: a still would be of the frame that the user's scene is at.
        self._copy.frame_start = self._copy.frame_end = frame
        self._copy.render.filepath = str(target.with_name(f".{COMPOSITED}.{os.getpid()}."))
        unfinished = Path(self._copy.render.frame_path(frame=frame))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished.unlink(missing_ok=True)  # Blender would write through a link
            bpy.ops.render.render(animation=True, scene=self._copy.name)
            if self.suffix == LIGHT:
                self._note_view(frame, target)
            unfinished.replace(target)
        except (OSError, RuntimeError) as error:
            with suppress(OSError):
                unfinished.unlink()
            raise CompositeError(f"{target}: cannot be composited: {' '.join(str(error).split())}") from None
        return target

    def remove(self) -> None:
        """Removes the copy and all that belongs to it."""
        made = [self._copy, *self._trees.values(), self._styled]
        if self._passes is not None:
            made.append(self._passes)
        for each in made:
            with suppress(ReferenceError):  # another file is open by now
                _collection(each).remove(each)  # pyright: ignore[reportAttributeAccessIssue] # not the base class's

    def _prepare(self) -> None:
        copy = self._copy
        copy.nst.enabled = False
        copy.animation_data_clear()
        # An empty scene is quick to evaluate; the tree's own drivers still find what they read.
        for child in list(copy.collection.children):
            copy.collection.children.unlink(child)
        for each in list(copy.collection.objects):
            copy.collection.objects.unlink(each)
        if TREES_ARE_GROUPS:
            copy.compositing_node_group = self._copied(copy.compositing_node_group)
        self._take_over(copy.compositing_node_group if TREES_ARE_GROUPS else copy.node_tree)
        self._set_up_render()

    def _set_up_render(self) -> None:
        copy, render = self._copy, self._copy.render
        render.use_multiview = False  # one picture, also of a scene with one view switched on
        render.use_compositing, render.use_sequencer = True, False
        render.use_border = render.use_crop_to_border = False
        render.resolution_x, render.resolution_y = self._styled.size
        render.resolution_percentage = 100
        copy.frame_step = 1
        render.dither_intensity = 0.0
        render.use_file_extension, render.use_overwrite, render.use_placeholder = True, True, False
        if bpy.app.background and hasattr(render, "compositor_device"):
            render.compositor_device = "CPU"  # 5.2 asks for a GPU by default
        settings, mode = render.image_settings, picture_mode(copy)
        if hasattr(settings, "media_type"):
            settings.media_type = "IMAGE"
        if self.suffix == LIGHT:
            settings.file_format, settings.color_depth, settings.exr_codec = "OPEN_EXR", "16", "ZIP"
            settings.use_preview = False  # a JPEG beside each
        else:
            settings.file_format, settings.color_depth = "PNG", "16" if self._styled.is_float else "8"
            self._leave_out_view()
        settings.color_mode = mode  # pyright: ignore[reportAttributeAccessIssue] # one of Blender's names
        settings.color_management = "FOLLOW_SCENE"

    def _leave_out_view(self) -> None:
        """Sets the view so that display values come out as they went in."""
        copy, view = self._copy, self._copy.view_settings
        copy.display_settings.display_device = "sRGB"
        view.view_transform, view.look, view.exposure, view.gamma = "Standard", "None", 0.0, 1.0
        view.use_curve_mapping = False
        if hasattr(view, "use_white_balance"):
            view.use_white_balance = False

    def _copied(self, tree: bpy.types.NodeTree) -> bpy.types.NodeTree:
        if tree.name_full not in self._trees:
            self._trees[tree.name_full] = tree.copy()
        return self._trees[tree.name_full]

    def _take_over(self, tree: bpy.types.NodeTree) -> None:
        """Makes a tree of the copy, and copies of its groups, read the files."""
        for node in list(tree.nodes):
            inner = getattr(node, "node_tree", None)
            if is_styled_group(inner) or node.bl_idname == _FILE_OUTPUT:
                node.mute = True  # the frames are styled already; the user's files are left alone
            elif inner is not None:
                known = inner.name_full in self._trees
                node.node_tree = self._copied(inner)
                if not known:
                    self._take_over(node.node_tree)
            elif node.bl_idname == _LAYERS and node.scene in (None, self.scene, self._copy):
                self._replace_layers(tree, node)
            elif node.bl_idname == _CRYPTOMATTE and node.source == "RENDER":
                self._read_mattes_from_file(node)

    def _replace_layers(self, tree: bpy.types.NodeTree, node: bpy.types.Node) -> None:
        shown = next((layer.name for layer in self.scene.view_layers if layer.use), "")
        new_nodes: dict[str, bpy.types.Node] = {}

        def source(kind: str) -> bpy.types.Node:
            if kind not in new_nodes:
                new = new_nodes[kind] = tree.nodes.new("CompositorNodeImage")
                new.location, new.parent = node.location, node.parent
                new.image = self._styled if kind == "styled" else self._passes_image()
                if kind == "passes":
                    _choose_layer(new, node.layer)
            return new_nodes[kind]

        for socket in node.outputs:
            wanted = [] if node.mute else [link.to_socket for link in socket.links]
            if not wanted:
                continue
            if socket.name in ("Image", "Alpha") and node.layer == shown:
                found = source("styled").outputs[socket.name]
            else:
                name = "Combined" if socket.name == "Image" else socket.name
                found = source("passes").outputs.get(name)
            if found is None:
                raise CompositeError(
                    f"the compositor uses the pass {socket.name} of {node.layer}, which the captured frames"
                    " do not have: switch it on and render again"
                )
            for target in wanted:
                tree.links.new(found, target)
        tree.nodes.remove(node)

    def _read_mattes_from_file(self, node: bpy.types.Node) -> None:
        layer, matte = node.layer_name, node.matte_id
        node.source, node.image = "IMAGE", self._passes_image()
        with suppress(TypeError):  # the pass is not in the file: an empty matte, as in the user's tree
            node.layer_name = layer
        node.matte_id = matte

    def _passes_image(self) -> bpy.types.Image:
        if self._passes is None:
            self._passes = _load(passes_path(self.output, self.first_frame))
        return self._passes

    def _note_view(self, frame: int, target: Path) -> None:
        """Copies the note about the view transform from beside the passes to beside an EXR."""
        note = passes_path(self.output, frame).with_suffix(".json")
        # Captured by something else: nothing is known.
        with suppress(OSError), whole_file(target.with_suffix(".json")) as copy:
            shutil.copyfile(note, copy)

    def _show(self, image: bpy.types.Image, path: Path) -> None:
        if not is_written(path):
            raise CompositeError(f"{path}: is not there; render and stylize the frame again")
        image.filepath = str(path)


def composite_frames(scene: bpy.types.Scene, output: Path, frames: Sequence[int] | None = None) -> list[Path]:
    """Composites styled frames in one go; all that there are, unless some are named.

    Raises:
        CompositeError: see there; the frames before it are finished.
    """
    chosen = styled_frames(scene, output) if frames is None else list(frames)
    composite = CompositePass(scene, output, chosen[0])
    try:
        return [composite.composite(frame) for frame in chosen]
    finally:
        composite.remove()


def _choose_layer(node: bpy.types.Node, layer: str) -> None:
    try:
        node.layer = layer
    except TypeError:
        raise CompositeError(
            f"the compositor uses the view layer {layer}, which the captured frames do not have: render"
            " them again"
        ) from None


def _load(path: Path) -> bpy.types.Image:
    try:
        # A picture of its own, whether or not the user has the file open.
        return bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError:
        raise CompositeError(f"{path}: is not there; render and stylize the frames again") from None


def _collection(each: bpy.types.ID) -> bpy.types.bpy_prop_collection:
    if isinstance(each, bpy.types.Scene):
        return bpy.data.scenes
    return bpy.data.images if isinstance(each, bpy.types.Image) else bpy.data.node_groups
