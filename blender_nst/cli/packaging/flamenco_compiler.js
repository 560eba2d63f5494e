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
