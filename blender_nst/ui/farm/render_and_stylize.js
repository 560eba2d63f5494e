// Generated from the settings' schema and flamenco_compiler.js: do not edit.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Job type of Flamenco 3.6 and newer. Put this file into the folder `scripts` beside flamenco-manager.

const JOB_TYPE = {
    "label": "Render and Stylize",
    "description": "Render frames with Blender, and stylize them with Blender NST as they are there",
    "settings": [
        {
            "key": "frames",
            "type": "string",
            "label": "Frames",
            "description": "Frames to render: 1-24, or 1-10,20-30",
            "required": true,
            "eval": "f'{C.scene.frame_start}-{C.scene.frame_end}'",
            "evalInfo": {
                "showLinkButton": true,
                "description": "Scene frame range"
            }
        },
        {
            "key": "shots",
            "type": "string",
            "label": "Shots",
            "description": "First frames of the shots, as 1,49; no chunk goes over a cut",
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'shots', '')",
            "evalInfo": {
                "showLinkButton": true,
                "description": "Camera markers"
            }
        },
        {
            "key": "render_chunk_size",
            "type": "int32",
            "label": "Render Chunk",
            "description": "Frames in a task that renders",
            "default": 8,
            "propargs": {
                "min": 1,
                "max": 10000
            },
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'render_chunk_size', 8)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Submit to Farm"
            }
        },
        {
            "key": "chunk_size",
            "type": "int32",
            "label": "Chunk",
            "description": "Frames in a task that stylizes",
            "default": 24,
            "propargs": {
                "min": 1,
                "max": 10000
            },
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'chunk_size', 24)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Submit to Farm"
            }
        },
        {
            "key": "lead_in",
            "type": "int32",
            "label": "Lead-in",
            "description": "Frames before a chunk that are stylized and thrown away",
            "default": 4,
            "propargs": {
                "min": 0,
                "max": 10000
            },
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'lead_in', 4)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Submit to Farm"
            }
        },
        {
            "key": "in_order",
            "type": "bool",
            "label": "Shots in Order",
            "default": true,
            "description": "Stylize each shot in one task: the very frames of one machine, without seams",
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'in_order', True)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Submit to Farm"
            }
        },
        {
            "key": "styles",
            "type": "string",
            "label": "Styles",
            "description": "Style pictures that all machines reach, separated by ;",
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'styles', '')",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "output_root",
            "type": "string",
            "label": "Output Folder",
            "description": "Folder that all machines reach",
            "required": true,
            "subtype": "dir_path",
            "visible": "submission",
            "eval": "str(abspath(getattr(getattr(C.scene, 'nst_farm', None), 'output_root', '//farm')))"
        },
        {
            "key": "output_path",
            "type": "string",
            "label": "Output Path",
            "description": "Where the job puts its frames",
            "subtype": "dir_path",
            "editable": false,
            "eval": "str(Path(abspath(settings.output_root), jobname, '{timestamp}'))"
        },
        {
            "key": "program",
            "type": "string",
            "label": "Program",
            "description": "The command of Blender NST on the machines that stylize",
            "default": "blender-nst",
            "visible": "submission"
        },
        {
            "key": "chunk_options",
            "type": "string",
            "label": "Options",
            "description": "Advanced settings and regions, as blender-nst chunk takes them",
            "eval": "getattr(getattr(C.scene, 'nst_farm', None), 'options', '')",
            "visible": "web"
        },
        {
            "key": "blendfile",
            "type": "string",
            "label": "Blend File",
            "description": "The file to render",
            "required": true,
            "visible": "web"
        },
        {
            "key": "scene",
            "type": "string",
            "label": "Scene",
            "description": "The scene to render",
            "eval": "C.scene.name",
            "visible": "web"
        },
        {
            "key": "fps",
            "type": "float",
            "visible": "hidden",
            "eval": "C.scene.render.fps / C.scene.render.fps_base"
        },
        {
            "key": "strength",
            "type": "float",
            "label": "Strength",
            "description": "How much of the style is mixed with the render",
            "default": 1.0,
            "propargs": {
                "min": 0.0,
                "max": 1.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'strength', 1.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "paint",
            "type": "float",
            "label": "Paint",
            "description": "From the render's detail (0) to the style picture's strokes (1): turns content, style and local weight together",
            "default": 0.5,
            "propargs": {
                "min": 0.0,
                "max": 1.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'paint', 0.5)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "color",
            "type": "string",
            "label": "Color",
            "description": "Whose colors the result has",
            "default": "style",
            "choices": [
                "style",
                "luminance",
                "match"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'color', 'STYLE').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "style_scale",
            "type": "float",
            "label": "Style Scale",
            "description": "Size of the strokes: a factor on the style picture's size",
            "default": 1.0,
            "propargs": {
                "min": 0.1,
                "max": 10.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'style_scale', 1.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "tv_weight",
            "type": "float",
            "label": "TV Weight",
            "description": "Total variation: how strongly fine noise is smoothed away",
            "default": 10.0,
            "propargs": {
                "min": 0.0,
                "max": 1000000.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'tv_weight', 10.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "red_gain",
            "type": "float",
            "label": "Red Gain",
            "description": "Factor on the result's red",
            "default": 1.0,
            "propargs": {
                "min": 0.0,
                "max": 4.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'red_gain', 1.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "green_gain",
            "type": "float",
            "label": "Green Gain",
            "description": "Factor on the result's green",
            "default": 1.0,
            "propargs": {
                "min": 0.0,
                "max": 4.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'green_gain', 1.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "blue_gain",
            "type": "float",
            "label": "Blue Gain",
            "description": "Factor on the result's blue",
            "default": 1.0,
            "propargs": {
                "min": 0.0,
                "max": 4.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'blue_gain', 1.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "steps",
            "type": "int32",
            "label": "Steps",
            "description": "Optimization steps for a frame without a predecessor, over all scales",
            "default": 150,
            "propargs": {
                "min": 1,
                "max": 100000
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'steps', 150)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "working_detail",
            "type": "string",
            "label": "Working Detail",
            "description": "Detail in which large frames are optimized before they are upsampled to their size: how large that is goes by the device; full optimizes them at their own size",
            "default": "standard",
            "choices": [
                "draft",
                "standard",
                "final",
                "full"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'working_detail', 'STANDARD').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "device",
            "type": "string",
            "label": "Device",
            "description": "Where the engine computes",
            "default": "auto",
            "choices": [
                "auto",
                "cuda",
                "mps",
                "cpu"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'device', 'AUTO').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "network",
            "type": "string",
            "label": "Network",
            "description": "Feature network: embedded, vgg16 or vgg19 (fetched on first use), or the path of a file",
            "default": "embedded",
            "eval": "getattr(getattr(C.scene, 'nst', None), 'network', 'embedded')",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "style_statistic",
            "type": "string",
            "label": "Style Statistic",
            "description": "What of the style is matched: Gram matrices, or means and covariances",
            "default": "gram",
            "choices": [
                "gram",
                "wasserstein"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'style_statistic', 'GRAM').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "temporal_weight",
            "type": "float",
            "label": "Temporal Weight",
            "description": "Temporal stability: how strongly the strokes follow the surfaces",
            "default": 600.0,
            "propargs": {
                "min": 0.0,
                "max": 1000000000.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'temporal_weight', 600.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "denoise",
            "type": "string",
            "label": "Denoise",
            "description": "Removal of the fine noise that the optimization leaves",
            "default": "none",
            "choices": [
                "none",
                "bilateral",
                "nlm"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'denoise', 'NONE').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "denoise_strength",
            "type": "float",
            "label": "Denoise Strength",
            "description": "How strong the removed noise is: its standard deviation in levels of 1/255",
            "default": 3.0,
            "propargs": {
                "min": 0.0,
                "max": 50.0
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'denoise_strength', 3.0)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "warm_steps",
            "type": "int32",
            "label": "Warm Steps",
            "description": "Optimization steps for a frame that starts from its predecessor",
            "default": 20,
            "propargs": {
                "min": 1,
                "max": 100000
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'warm_steps', 20)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "motion",
            "type": "string",
            "label": "Motion",
            "description": "Motion between frames: auto takes the render's vectors where there are any; none flickers",
            "default": "auto",
            "choices": [
                "auto",
                "vectors",
                "dis",
                "farneback",
                "raft",
                "none"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'motion', 'AUTO').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "pass_count",
            "type": "int32",
            "label": "Passes",
            "description": "Times the sequence is gone through, forwards and backwards by turns",
            "default": 1,
            "propargs": {
                "min": 1,
                "max": 16
            },
            "eval": "getattr(getattr(C.scene, 'nst', None), 'pass_count', 1)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "follow_light",
            "type": "bool",
            "label": "Follow Light",
            "description": "Within a shot the styled frames become darker and brighter as the render does: fades, nightfall, lamps; off, they keep the style's brightness",
            "default": true,
            "eval": "getattr(getattr(C.scene, 'nst', None), 'follow_light', True)",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "output_format",
            "type": "string",
            "label": "Output Format",
            "description": "Files of the styled frames: PNG of 8 or 16 bits, or scene-linear OpenEXR",
            "default": "png",
            "choices": [
                "png",
                "png16",
                "exr"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'output_format', 'PNG').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        },
        {
            "key": "dynamic_range",
            "type": "string",
            "label": "Dynamic Range",
            "description": "Light in an EXR: as the styled picture is displayed, or hdr, which adds the style onto the render",
            "default": "display",
            "choices": [
                "display",
                "hdr"
            ],
            "eval": "getattr(getattr(C.scene, 'nst', None), 'dynamic_range', 'DISPLAY').lower()",
            "evalInfo": {
                "showLinkButton": true,
                "description": "As in Neural Style"
            }
        }
    ]
};

// The options of a chunk, by setting.
const CHUNK_SETTINGS = [
    {
        "key": "strength",
        "option": "--strength"
    },
    {
        "key": "paint",
        "option": "--paint"
    },
    {
        "key": "color",
        "option": "--color"
    },
    {
        "key": "style_scale",
        "option": "--style-scale"
    },
    {
        "key": "tv_weight",
        "option": "--tv-weight"
    },
    {
        "key": "red_gain",
        "option": "--red-gain"
    },
    {
        "key": "green_gain",
        "option": "--green-gain"
    },
    {
        "key": "blue_gain",
        "option": "--blue-gain"
    },
    {
        "key": "steps",
        "option": "--steps"
    },
    {
        "key": "working_detail",
        "option": "--working-detail"
    },
    {
        "key": "device",
        "option": "--device"
    },
    {
        "key": "network",
        "option": "--network"
    },
    {
        "key": "style_statistic",
        "option": "--style-statistic"
    },
    {
        "key": "temporal_weight",
        "option": "--temporal-weight"
    },
    {
        "key": "denoise",
        "option": "--denoise"
    },
    {
        "key": "denoise_strength",
        "option": "--denoise-strength"
    },
    {
        "key": "warm_steps",
        "option": "--warm-steps"
    },
    {
        "key": "motion",
        "option": "--motion"
    },
    {
        "key": "pass_count",
        "option": "--pass-count"
    },
    {
        "key": "follow_light",
        "option": "--follow-light",
        "off": "--no-follow-light"
    },
    {
        "key": "output_format",
        "option": "--output-format"
    },
    {
        "key": "dynamic_range",
        "option": "--dynamic-range"
    }
];

// A chunk of a film is a task that stylizes some frames of one shot, after a lead-in of a few frames before
// them. It waits for the tasks that render these frames, and for no others.

// Of machines that have the style engine: `task_types` in their flamenco-worker.yaml.
const STYLIZE = "stylize";

function compileJob(job) {
    const settings = job.settings;
    if (`${settings.chunk_options || ""}`.startsWith("!")) {
        throw new Error(settings.chunk_options.slice(1));
    }
    const folder = settings.output_path.replace("{timestamp}", formatTimestampLocal(job.created));
    // Seen in the web interface.
    settings.output_path = folder;
    const frames = frameNumbers(settings.frames);
    const shots = cutIntoShots(frames, firstFrames(settings.shots));
    const renders = renderTasks(settings, folder);
    const styles = styleTasks(settings, folder, shots, renders);
    const finish = finishTask(settings, folder, frames.length);
    for (const each of styles) {
        finish.addDependency(each);
    }
    for (const each of [...renders.map((render) => render.task), ...styles, finish]) {
        job.addTask(each);
    }
}

function frameNumbers(list) {
    return frameChunker(list, 1).map(Number);
}

function firstFrames(list) {
    const text = `${list || ""}`.trim();
    return text ? text.split(",").map(Number) : [];
}

// Lists of frames: a shot begins at the first frame, where it is said, and behind a gap.
function cutIntoShots(frames, starts) {
    const shots = [];
    for (const frame of frames) {
        const shot = shots[shots.length - 1];
        if (!shot || starts.indexOf(frame) >= 0 || shot[shot.length - 1] + 1 !== frame) {
            shots.push([frame]);
        } else {
            shot.push(frame);
        }
    }
    return shots;
}

// Chunks of a shot, of nearly the same length, as those of `blender-nst farm plan`.
function cutIntoChunks(shot, size) {
    const count = Math.ceil(shot.length / size);
    const ends = [];
    for (let place = 0; place <= count; place++) {
        ends.push(roundHalfToEven((place * shot.length) / count));
    }
    return ends.slice(1).map((end, place) => shot.slice(ends[place], end));
}

function roundHalfToEven(value) {
    const whole = Math.floor(value);
    return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

function renderTasks(settings, folder) {
    return frameChunker(settings.frames, settings.render_chunk_size).map((list) => {
        const task = author.Task(`render-${list}`, "blender");
        const bits = !settings.output_format || settings.output_format === "png" ? 8 : 16;
        // The folder is an argument of its own: so Flamenco translates it for other platforms.
        const code =
            "import bpy, sys; " +
            `bpy.ops.nst.render_frames(frames='${list}', bits=${bits}, folder=sys.argv[-1])`;
        const scene = settings.scene ? ["--scene", settings.scene] : [];
        const parameters = {
            exe: "{blender}",
            exeArgs: "{blenderArgs}",
            argsBefore: ["--python-exit-code", "3"],
            blendfile: settings.blendfile,
            args: [...scene, "--python-expr", code, "--", path.join(folder, "rendered")],
        };
        task.addCommand(author.Command("blender-render", parameters, frameCount(list)));
        return { task: task, frames: frameNumbers(list) };
    });
}

function styleTasks(settings, folder, shots, renders) {
    const rendered = {};
    for (const render of renders) {
        for (const frame of render.frames) {
            rendered[frame] = render.task;
        }
    }
    const tasks = [];
    for (const shot of shots) {
        const chunks = settings.in_order ? [shot] : cutIntoChunks(shot, settings.chunk_size);
        for (const own of chunks) {
            const task = author.Task(`stylize-${listed(own)}`, STYLIZE);
            for (const each of new Set(neededFrames(settings, own, shot).map((frame) => rendered[frame]))) {
                task.addDependency(each);
            }
            const args = chunkArguments(settings, folder, own, shots);
            task.addCommand(author.Command("exec", { exe: settings.program, args: args }));
            tasks.push(task);
        }
    }
    return tasks;
}

// A chunk's own frames and those that lead in; with several passes as many lead out.
function neededFrames(settings, own, shot) {
    const out = settings.pass_count > 1 ? settings.lead_in : 0;
    const first = own[0] - settings.lead_in;
    const last = own[own.length - 1] + out;
    return shot.filter((frame) => first <= frame && frame <= last);
}

function chunkArguments(settings, folder, own, shots) {
    return [
        "chunk",
        path.join(folder, "rendered", "content", "content_####.png"),
        "--passes",
        path.join(folder, "rendered", "passes"),
        "--out",
        path.join(folder, "stylized"),
        `--frames=${listed(own)}`,
        `--lead-in=${settings.lead_in}`,
        `--shots=${shots.map((shot) => shot[0]).join(",")}`,
        "--progress=plain",
        ...splitList(settings.styles).flatMap((style) => ["--style", style]),
        ...CHUNK_SETTINGS.flatMap((setting) => settingArguments(setting, settings[setting.key])),
        ...shellSplit(settings.chunk_options || ""),
    ];
}

function settingArguments(setting, value) {
    if (value === undefined || value === null) {
        return [];
    }
    if (typeof value === "boolean") {
        return [value ? setting.option : setting.off];
    }
    // Blender stores single precision: 0.02 comes as 0.0199999996.
    return [`${setting.option}=${typeof value === "number" ? Number(value.toPrecision(7)) : value}`];
}

function finishTask(settings, folder, count) {
    const task = author.Task("movie-and-finish", STYLIZE);
    const args = [
        "farm",
        "finish",
        path.join(folder, "stylized"),
        `--frames=${frameChunker(settings.frames, count)[0]}`,
        "--content",
        path.join(folder, "rendered", "content", "content_####.png"),
        "--passes",
        path.join(folder, "rendered", "passes"),
        ...(settings.fps ? [`--frame-rate=${Number(settings.fps.toFixed(3))}`] : []),
    ];
    task.addCommand(author.Command("exec", { exe: settings.program, args: args }));
    return task;
}

function listed(frames) {
    return frames.length === 1 ? `${frames[0]}` : `${frames[0]}-${frames[frames.length - 1]}`;
}

function splitList(text) {
    return `${text || ""}`
        .split(";")
        .map((each) => each.trim())
        .filter((each) => each.length > 0);
}
