// Compiles a job as Flamenco Manager does, by the API that it gives to job types.
//
//     node flamenco_host.js SCRIPT
//
// Written from Flamenco's documentation of job types and commands. Each line of the standard input is a
// submitted job, and has a line of answer: its tasks, with names in the place of their ids, or an error. A task is copied as it is added to the job, and a
// command as it is added to a task: what is changed afterwards does not count, as in Flamenco.

"use strict";

const fs = require("fs");
const posix = require("path").posix;
const vm = require("vm");

class Task {
    constructor(name, type) {
        this.name = name;
        this.type = type;
        this.commands = [];
        this.dependencies = [];
    }
    addCommand(command) {
        this.commands.push(JSON.parse(JSON.stringify(command)));
    }
    addDependency(task) {
        if (!(task instanceof Task)) throw new TypeError("a dependency is a task");
        this.dependencies.push(task);
    }
}

const author = {
    Task(name, type) {
        if (typeof name !== "string" || !name.trim()) throw new TypeError("a task has a name");
        if (typeof type !== "string" || !type.trim()) throw new TypeError("a task has a type");
        return new Task(name.trim(), type.trim());
    },
    Command(name, parameters, steps) {
        return { name: name, parameters: parameters, steps: steps || 0 };
    },
};

// Flamenco's paths have slashes on every platform.
const slashed = (text) => text.replace(/\\/g, "/");
const path = {
    join: (...parts) => slashed(posix.join(...parts.filter((part) => part))),
    dirname: (name) => posix.dirname(slashed(name)),
    basename: (name) => posix.basename(slashed(name)),
    stem: (name) => posix.parse(slashed(name)).name,
};

function frameNumbers(range) {
    const frames = new Set();
    for (const part of String(range).replaceAll("..", "-").split(",")) {
        const ends = part.split("-").map((end) => end.trim());
        if (ends.length > 2 || ends.some((end) => !/^\d+$/.test(end))) {
            throw new Error(`invalid range "${range}": ${part}`);
        }
        for (let frame = Number(ends[0]); frame <= Number(ends[ends.length - 1]); frame++) frames.add(frame);
    }
    return [...frames].sort((a, b) => a - b);
}

// Two frames that follow each other are written as 7,8; three and more as 7-9.
function merged(frames) {
    const runs = [];
    for (const frame of frames) {
        const run = runs[runs.length - 1];
        if (run && run[run.length - 1] + 1 === frame) run.push(frame);
        else runs.push([frame]);
    }
    return runs.map((run) => (run.length < 3 ? run.join(",") : `${run[0]}-${run[run.length - 1]}`)).join(",");
}

function frameChunker(range, size) {
    if (!Number.isInteger(size) || size < 1) throw new Error(`invalid chunk size: ${size}`);
    const frames = frameNumbers(range);
    const chunks = [];
    for (let place = 0; place < frames.length; place += size) {
        chunks.push(merged(frames.slice(place, place + size)));
    }
    return chunks;
}

function shellSplit(text) {
    if (typeof text !== "string") throw new TypeError("shellSplit takes a string");
    const words = [];
    let word = null;
    for (const [whole, single, double, escaped, blank] of text.matchAll(
        /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\s+)|[^\s'"\\]+/gs
    )) {
        if (blank !== undefined) {
            if (word !== null) words.push(word);
            word = null;
        } else if (single !== undefined) word = (word || "") + single;
        else if (double !== undefined) word = (word || "") + double.replace(/\\(["\\])/g, "$1");
        else word = (word || "") + (escaped !== undefined ? escaped : whole);
    }
    return word === null ? words : [...words, word];
}

const script = fs.readFileSync(process.argv[2], "utf-8");
const context = vm.createContext({
    author: author,
    path: path,
    frameChunker: frameChunker,
    frameCount: (range) => frameNumbers(range).length,
    shellSplit: shellSplit,
    formatTimestampLocal: (time) => time.toISOString().slice(0, 19).replace("T", "_").replaceAll(":", ""),
    print: () => undefined,
    alert: () => undefined,
});
// Flamenco compiles job types in strict mode.
const { jobType, compileJob } = vm.runInContext(
    `"use strict";\n${script}\n;({ jobType: JOB_TYPE, compileJob: compileJob })`,
    context
);

function compile(submitted) {
    const tasks = [];
    const job = {
        name: submitted.name,
        created: new Date("2026-01-02T03:04:05Z"),
        settings: { ...submitted.settings },
        addTask(task) {
            tasks.push({
                name: task.name,
                type: task.type,
                commands: [...task.commands],
                dependencies: task.dependencies.map((each) => each.name),
            });
        },
    };
    compileJob(job);
    return { job_type: jobType, tasks: tasks, settings: job.settings };
}

function answer(line) {
    const question = JSON.parse(line);
    try {
        return question.frameChunker ? frameChunker(...question.frameChunker) : compile(question);
    } catch (error) {
        return { error: String(error) };
    }
}

const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => process.stdout.write(`${JSON.stringify(answer(line))}\n`));
