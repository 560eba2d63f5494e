"""What the panel offers beside its properties: menus, `Automatic`, presets, pictures that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.movies.movie import write_movie

pytestmark = pytest.mark.across_versions

_OPEN = """
load().register()
scene = bpy.context.scene
nst = scene.nst
folder = Path(arguments[0])

def attempt(operator, **options):
    try:
        return sorted(operator(**options))
    except RuntimeError as error:
        return str(error)
"""


def test_layers_and_networks_are_chosen_by_menus(blender: BlenderInTests) -> None:
    script = """
nst.style_layers = "relu1_1, relu3_1:0.5"
seen = []
for layer in ("relu4_1", "relu1_1", "relu3_1"):
    bpy.ops.nst.toggle_layer(setting="style_layers", layer=layer)
    seen.append(nst.style_layers)
from blender_nst.ui.choosers import layer_names
bpy.ops.nst.set_network(network="vgg19")
finish([seen, nst.network, list(layer_names("vgg19")), len(list(layer_names("embedded")))])
"""
    seen, network, layers, count = blender.run(_OPEN + script, str(blender.folder)).result
    assert seen == ["relu1_1, relu3_1:0.5, relu4_1", "relu3_1:0.5, relu4_1", "relu4_1"]
    assert network == "vgg19"
    assert len(layers) == 16, "VGG-19 has sixteen convolutions"
    assert "relu4_4" in layers
    assert count == 13, "VGG-16 has thirteen"


def test_a_size_is_automatic_or_ones_own(blender: BlenderInTests) -> None:
    script = """
seen = []
for _ in range(3):
    seen.append([nst.working_size, nst.style_size])
    bpy.ops.nst.toggle_automatic(setting="working_size")
finish(seen)
"""
    assert blender.run(_OPEN + script, str(blender.folder)).result == [[0, 0], [960, 0], [0, 0]]


def test_gray_settings_are_those_without_effect(blender: BlenderInTests) -> None:
    script = """
from blender_nst.properties.effects import _HAS_EFFECT, has_effect
from blender_nst.properties.schema import described_properties
names = {entry["name"] for entry in described_properties()}
gray = lambda: sorted(name for name in names if not has_effect(nst, name))
first = gray()
nst.optimizer, nst.denoise, nst.output_format, nst.start, nst.movie = "ADAM", "NLM", "EXR", "NOISE", False
finish([first, gray(), sorted(set(_HAS_EFFECT) - names)])
"""
    first, second, unknown = blender.run(_OPEN + script, str(blender.folder)).result
    adam = {"adam_beta1", "adam_beta2", "learning_rate"}
    assert set(first) == adam | {"denoise_strength", "dynamic_range", "input_normalization", "seed"}
    assert set(second) == {"input_normalization", "lbfgs_history", "movie_codec"}
    assert unknown == []


def test_a_preset_of_blenders_is_saved_and_gives_its_values_back(blender: BlenderInTests) -> None:
    script = """
nst.strength, nst.paint, nst.style_layers, nst.optimizer = 0.25, 0.75, "relu2_1", "ADAM"
saved = attempt(bpy.ops.nst.preset_add, name="mine")
[path] = Path(bpy.utils.user_resource("SCRIPTS")).rglob("mine.py")
nst.strength, nst.paint, nst.style_layers, nst.optimizer = 1.0, 0.5, "relu1_1", "LBFGS"
bpy.ops.script.execute_preset(filepath=str(path), menu_idname="NST_MT_presets")
values = [round(nst.strength, 4), round(nst.paint, 4), nst.style_layers, nst.optimizer]
path.unlink()
finish([saved, values])
"""
    saved, values = blender.run(_OPEN + script, str(blender.folder)).result
    assert saved == ["FINISHED"]
    assert values == [0.25, 0.75, "relu2_1", "ADAM"]


def test_a_picture_that_cannot_be_read_is_no_style(blender: BlenderInTests, style_picture: Path) -> None:
    (blender.folder / "broken.png").write_bytes(style_picture.read_bytes()[:100])
    (blender.folder / "text.txt").write_text("no picture")
    script = """
seen = [attempt(bpy.ops.nst.style_add, filepath=str(folder / name)) for name in ("broken.png", "text.txt")]
seen.append(attempt(bpy.ops.nst.style_add, filepath=arguments[1]))
finish([seen, [style.path for style in nst.styles]])
"""
    seen, paths = blender.run(_OPEN + script, str(blender.folder), str(style_picture)).result
    assert "broken.png: the picture cannot be read" in seen[0]
    assert "a style is a picture" in seen[1]
    assert seen[2] == ["FINISHED"]
    assert paths == [str(style_picture)]


def test_the_forecast_of_a_batch_goes_by_the_files_own_size(blender: BlenderInTests) -> None:
    (blender.folder / "shot").mkdir()
    for number in (8, 9):
        Image.fromarray(np.zeros((40, 72, 3), np.uint8)).save(blender.folder / "shot" / f"a_{number:04d}.png")
    frames = [np.full((36, 64, 3), 0.2 * number, np.float32) for number in range(4)]
    write_movie(blender.folder / "clip.mp4", frames, 24.0)
    script = """
import time
from blender_nst.session.forecast import batch_forecast
nst.source = "FILES"
def forecast(name):
    nst.source_path = str(folder / name)
    deadline = time.monotonic() + 60.0
    while (line := batch_forecast(scene)) == "All frames of the files" and time.monotonic() < deadline:
        time.sleep(0.05)
    return line
(folder / "empty").mkdir()
finish([forecast("shot"), forecast("shot/a_0009.png"), forecast("clip.mp4"), forecast("empty")])
"""
    shot, picked, clip, empty = blender.run(_OPEN + script, str(blender.folder)).result
    assert shot.startswith("2 frames at 72×40")
    assert picked.startswith("2 frames at 72×40")
    assert clip.startswith("4 frames at 64×36")
    assert "no numbered pictures" in empty


def test_a_new_folder_is_the_first_that_is_not_there(blender: BlenderInTests) -> None:
    script = """
from blender_nst.ui.render.overwrite_question import next_folder
(folder / "out").mkdir()
seen = [next_folder(str(folder / "out")), next_folder(str(folder / "out") + "/")]
(folder / "out_2").mkdir()
seen += [next_folder(str(folder / "out")), next_folder(str(folder / "out_2"))]
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "new.blend"))
(folder / "styled").mkdir()
seen.append(next_folder("//styled/"))
finish(seen)
"""
    found = blender.run(_OPEN + script, str(blender.folder)).result
    out = str(blender.folder / "out")
    assert found == [f"{out}_2", f"{out}_2/", f"{out}_3", f"{out}_3", "//styled_2/"]
