"""A job of Flamenco: through its own add-on where that is there, else a folder with the job and its type."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path
from typing import Any

import bpy

from ...capture.whole_file import whole_file
from .checks import farm_folder
from .chunk_options import chunk_settings, farm_frames

SCRIPT = Path(__file__).with_name("render_and_stylize.js")
JOB_TYPE = "render-and-stylize"
"""As Flamenco calls it, by the name of its file."""

JOB_FOLDER = "job"
_JOB, _README = "job.json", "README.txt"
_PRIORITY = 50
_PROGRAM = "blender-nst"

_INSTRUCTIONS = """\
A job of Flamenco, which renders {blend} and stylizes its frames.

1. Once: put {script} into the folder "scripts" beside flamenco-manager, and restart it.
2. Once, on each machine that stylizes: install Blender NST, so that the command blender-nst is found, and add
   "stylize" to task_types in its flamenco-worker.yaml:
       task_types: [blender, ffmpeg, file-management, misc, stylize]
3. Once, on each machine that renders: install and enable the extension in its Blender. It needs no engine:
       blender --command extension install-file --repo user_default --enable blender_nst-VERSION.zip
4. Submit the job:
       curl -H "Content-Type: application/json" --data @{job} http://MANAGER:8080/api/v3/jobs

The .blend file, the style pictures and the folder below must have these paths on all machines, or be in
Flamenco's two-way variables. The frames go to {folder}.
"""


class FlamencoError(Exception):
    """The job cannot be submitted; one line."""


def job_settings(scene: bpy.types.Scene) -> dict[str, Any]:
    """The settings of the scene's job, as the job type has them."""
    farm, frames, folder = scene.nst_farm, farm_frames(scene), farm_folder(scene)
    return {
        "frames": f"{frames[0]}-{frames[-1]}",
        "shots": farm.shots,
        "render_chunk_size": farm.render_chunk_size,
        "chunk_size": farm.chunk_size,
        "lead_in": farm.lead_in,
        "in_order": farm.in_order,
        "styles": farm.styles,
        "output_root": folder,
        "output_path": (Path(folder) / job_name() / "{timestamp}").as_posix(),
        "program": _PROGRAM,
        "chunk_options": farm.options,
        "blendfile": Path(bpy.data.filepath).as_posix(),
        "scene": scene.name,
        "fps": scene.render.fps / scene.render.fps_base,
        **chunk_settings(scene, advanced=False),
    }


def job_name() -> str:
    """That of the file."""
    return Path(bpy.data.filepath).stem


def write_job(scene: bpy.types.Scene) -> Path:
    """Writes the job, its type and what to do with them; returns the folder.

    Raises:
        OSError: it cannot be written.
        SessionError: there is no farm folder.
    """
    folder = Path(farm_folder(scene)) / JOB_FOLDER
    job = {
        "name": job_name(),
        "type": JOB_TYPE,
        "priority": _PRIORITY,
        "submitter_platform": platform.system().lower(),
        "settings": job_settings(scene),
    }
    readme = _INSTRUCTIONS.format(
        blend=bpy.data.filepath, script=SCRIPT.name, job=_JOB, folder=folder.parent / job_name()
    )
    for name, text in ((_JOB, json.dumps(job, indent=1)), (_README, readme)):
        with whole_file(folder / name) as unfinished:
            unfinished.write_text(text, "utf-8")
    with whole_file(folder / SCRIPT.name) as unfinished:
        shutil.copyfile(SCRIPT, unfinished)
    return folder


def has_addon() -> bool:
    """Whether Flamenco's add-on is enabled."""
    return hasattr(bpy.types.Scene, "flamenco_job_type")


def submit_by_addon(context: bpy.types.Context) -> set[str]:
    """Has Flamenco's add-on send the scene's job to its Manager; it reports itself what comes of it.

    Raises:
        FlamencoError: its Manager has no such job type, or the add-on has refused.
    """
    scene: Any = context.scene
    try:
        scene.flamenco_job_type = JOB_TYPE
        settings = scene.flamenco_job_settings
    except (AttributeError, TypeError):
        raise FlamencoError(
            f"Flamenco's Manager has no job type Render and Stylize: put {SCRIPT.name} into its folder"
            " scripts, restart it, and press Refresh from Manager"
        ) from None
    # All others follow the scene by themselves.
    settings.output_root = farm_folder(scene)
    scene.flamenco_job_name = scene.flamenco_job_name or job_name()
    operators: Any = bpy.ops
    mode = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
    try:
        return operators.flamenco.submit_job(mode, job_name=scene.flamenco_job_name)
    except RuntimeError as error:
        raise FlamencoError(f"Flamenco: {' '.join(str(error).removeprefix('Error: ').split())}") from None
