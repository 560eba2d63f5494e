"""Job bundles of Open Job Description, which AWS Deadline Cloud and other schedulers run.

A bundle is a folder with `template.json` (specification jobtemplate-2023-09) and `parameter_values.json`.
The tasks of its step `Stylize` are the chunks, `Finish` depends on it. A single shot is cut into contiguous
chunks by the scheduler (extension TASK_CHUNKING). It knows of no shots: the chunks of several shots, and
whole shots, are listed as they are planned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from blender_nst.cli.errors import InputError
from blender_nst.cli.farm.arguments import ChunkSetting, FarmJob, input_folder, switch
from blender_nst.cli.farm.options import PROGRAM
from blender_nst.cli.farm.work import BLEND
from video.farm.plan import FarmPlan
from video.files.atomic import write_atomically
from video.movies.movie import MOVIE_SUFFIXES

TEMPLATE, VALUES = "template.json", "parameter_values.json"

_MOST_FRAMES = 150
"""In a chunk that the scheduler cuts: the most that AWS Deadline Cloud takes."""

_MOST_TASKS = 1024
"""That a step can list; the others are those of further steps."""

_CUT_BY_SCHEDULER = {
    "name": "Frame",
    "type": "CHUNK[INT]",
    "range": "{{Param.Frames}}",
    "chunks": {"defaultTaskCount": "{{Param.ChunkSize}}", "rangeConstraint": "CONTIGUOUS"},
}

_PATIENCE = 60
"""Seconds that a task which is canceled has to end between two steps, so that it can be gone on with."""

_LONGEST_VALUE = 1024
_UNSAFE = re.compile(r"\{\{|[\x00-\x1f]")


def write_bundle(job: FarmJob, plan: FarmPlan, chunk_size: int | None, folder: Path) -> Path:
    """Writes the bundle of a job; returns its template.

    Args:
        chunk_size: that the plan was made with.

    Raises:
        InputError: the job has something that a template cannot say.
        FileError: the folder cannot be written to.
    """
    _check(job, chunk_size)
    template = job_template(job, plan, chunk_size)
    for name, content in ((TEMPLATE, template), (VALUES, parameter_values(job))):
        text = json.dumps(content, indent=1, allow_nan=False)
        write_atomically(folder / name, _writer(text))
    return folder / TEMPLATE


def job_template(job: FarmJob, plan: FarmPlan, chunk_size: int | None) -> dict[str, Any]:
    """The job template: parameters of all basic settings, and the steps; see `write_bundle`."""
    definitions = [*_path_parameters(job), *_plain_parameters(job), *_setting_parameters(job)]
    extensions = {}
    if chunk_size is not None and len(plan.shots) == 1:
        extensions = {"extensions": ["TASK_CHUNKING"]}
        definitions += _frame_parameters(job, chunk_size)
        frames, steps = "{{Param.Frames}}", [_stylize_step(job, "Stylize", _CUT_BY_SCHEDULER)]
    else:
        frames, steps = str(job.frames), _listed_steps(job, [str(each.span.own) for each in plan.chunks])
    return {
        "specificationVersion": "jobtemplate-2023-09",
        **extensions,
        "name": f"Stylize {job.options.source.name}"[:64],
        "parameterDefinitions": definitions,
        "steps": [*steps, _finish_step(frames, [each["name"] for each in steps])],
    }


def parameter_values(job: FarmJob) -> dict[str, Any]:
    """The values of the job's paths, which a template cannot have: they are absolute."""
    options = job.options
    values = {"Input": input_folder(options.source)[0], "Out": options.out.absolute()}
    values |= {_style_name(place): path.absolute() for place, path in enumerate(options.choice.styles)}
    if options.passes is not None:
        values["Passes"] = input_folder(options.passes)[0]
    return {"parameterValues": [{"name": name, "value": str(value)} for name, value in values.items()]}


def _path_parameters(job: FarmJob) -> list[dict[str, Any]]:
    options, source = job.options, job.options.source
    is_file = source.suffix.lower() in {BLEND, *MOVIE_SUFFIXES} and not source.is_dir()
    made = [
        _path("Input", "FILE" if is_file else "DIRECTORY", "IN", "The frames, or the .blend file."),
        _path("Out", "DIRECTORY", "OUT", "All chunks put their frames there."),
    ]
    for place in range(len(options.choice.styles)):
        made.append(_path(_style_name(place), "FILE", "IN", "A style picture."))
    if options.passes is not None:
        made.append(_path("Passes", "DIRECTORY", "IN", "Multilayer EXRs with Blender's passes."))
    return made


def _path(name: str, kind: str, flow: str, text: str) -> dict[str, Any]:
    return {"name": name, "type": "PATH", "objectType": kind, "dataFlow": flow, "description": text}


def _frame_parameters(job: FarmJob, chunk_size: int) -> list[dict[str, Any]]:
    return [
        {"name": "Frames", "type": "STRING", "default": str(job.frames), "description": "All frames."},
        {
            "name": "ChunkSize",
            "type": "INT",
            "default": chunk_size,
            "minValue": 1,
            "maxValue": _MOST_FRAMES,
            "description": "Frames in a chunk.",
        },
    ]


def _plain_parameters(job: FarmJob) -> list[dict[str, Any]]:
    return [
        {
            "name": "LeadIn",
            "type": "STRING",
            "default": job.lead_in,
            "description": "Frames before a chunk that are stylized too and thrown away, or shot.",
        },
        {
            "name": "Program",
            "type": "STRING",
            "default": PROGRAM,
            "description": "The command of Blender NST on the workers.",
        },
    ]


def _setting_parameters(job: FarmJob) -> list[dict[str, Any]]:
    return [_setting_parameter(each) for each in job.settings() if not each.info.advanced]


def _setting_parameter(setting: ChunkSetting) -> dict[str, Any]:
    """A job parameter of a setting: its type, range, default and help."""
    info, value = setting.info, setting.value
    made: dict[str, Any] = {
        "name": _parameter_name(setting.name),
        "description": f"{info.help}{f' ({info.unit})' if info.unit else ''}.",
        "userInterface": {"label": info.title, "groupLabel": info.group.label},
    }
    if isinstance(value, bool):
        choices = [switch(setting.name, each) for each in (True, False)]
        return made | {"type": "STRING", "default": setting.arguments()[0], "allowedValues": choices}
    if isinstance(value, Enum):
        choices = [each.value for each in type(value)]
        return made | {"type": "STRING", "default": setting.text, "allowedValues": choices}
    if isinstance(value, (int, float)):
        limits = {"minValue": info.minimum, "maxValue": info.maximum}
        kept = {name: limit for name, limit in limits.items() if limit is not None}
        return made | {"type": "INT" if isinstance(value, int) else "FLOAT", "default": value} | kept
    return made | {"type": "STRING", "default": setting.text}


def _listed_steps(job: FarmJob, chunks: Sequence[str]) -> list[dict[str, Any]]:
    """Steps whose tasks are these chunks."""
    steps = []
    for place, first in enumerate(range(0, len(chunks), _MOST_TASKS), start=1):
        frames = {"name": "Frame", "type": "STRING", "range": chunks[first : first + _MOST_TASKS]}
        steps.append(_stylize_step(job, "Stylize" if place == 1 else f"Stylize {place}", frames))
    return steps


def _stylize_step(job: FarmJob, name: str, frames: dict[str, Any]) -> dict[str, Any]:
    """A step with a task for each chunk of the frames."""
    return {
        "name": name,
        "parameterSpace": {"taskParameterDefinitions": [frames]},
        "script": {"actions": {"onRun": _action(_chunk_arguments(job))}},
    }


def _finish_step(frames: str, after: Sequence[str]) -> dict[str, Any]:
    arguments = ["farm", "finish", "{{Param.Out}}", f"--frames={frames}"]
    return {
        "name": "Finish",
        "dependencies": [{"dependsOn": each} for each in after],
        "script": {"actions": {"onRun": _action(arguments)}},
    }


def _action(arguments: list[str]) -> dict[str, Any]:
    return {
        "command": "{{Param.Program}}",
        "args": arguments,
        "cancelation": {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": _PATIENCE},
    }


def _chunk_arguments(job: FarmJob) -> list[str]:
    """Of `blender-nst chunk`. A value may begin with a minus, so that it is joined to its option."""
    options = job.options
    arguments = ["chunk", _input("Input", input_folder(options.source)[1]), "--frames={{Task.Param.Frame}}"]
    arguments += ["--lead-in={{Param.LeadIn}}", "--out={{Param.Out}}", "--progress=openjd"]
    arguments += [
        f"--style={{{{Param.{_style_name(place)}}}}}" for place in range(len(options.choice.styles))
    ]
    if options.passes is not None:
        arguments.append(f"--passes={_input('Passes', input_folder(options.passes)[1])}")
    for setting in job.settings():
        reference = f"{{{{Param.{_parameter_name(setting.name)}}}}}"
        if setting.info.advanced:
            arguments += setting.arguments() if setting.value != setting.default else []
        elif isinstance(setting.value, bool):
            arguments.append(reference)
        else:
            arguments.append(f"{setting.arguments()[0]}={reference}")
    return arguments + job.part_arguments()


def _input(parameter: str, pattern: str) -> str:
    return f"{{{{Param.{parameter}}}}}" + (f"/{pattern}" if pattern else "")


def _check(job: FarmJob, chunk_size: int | None) -> None:
    """Raises InputError for what a template cannot say."""
    if job.frames.step != 1:
        raise InputError(f"the frames {job.frames}: a job of OpenJD has every frame of its range")
    if chunk_size is not None and chunk_size > _MOST_FRAMES:
        raise InputError(f"--chunk-size {chunk_size}: a task of OpenJD has at most {_MOST_FRAMES} frames")
    texts = [
        *replace(job, shots=()).part_arguments(),  # of a film they are longer than any name
        *(str(each["value"]) for each in parameter_values(job)["parameterValues"]),
    ]
    texts += [input_folder(path)[1] for path in (job.options.source, job.options.passes) if path is not None]
    for text in texts:
        if _UNSAFE.search(text) or len(text) > _LONGEST_VALUE:
            raise InputError(f"{text[:60]}: a job of OpenJD cannot have this name; rename it")


def _parameter_name(setting: str) -> str:
    """`style_weight` as StyleWeight."""
    return "".join(part.capitalize() for part in setting.split("_"))


def _style_name(place: int) -> str:
    return f"Style{place + 1}"


def _writer(text: str) -> Any:
    return lambda temporary: temporary.write_text(text, "utf-8")
