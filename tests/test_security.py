"""What the packages never do: run what a file holds, start a shell, or speak with the network unasked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
ROOMS = ("blender_nst", "compositor", "video")
FILES = [path for room in ROOMS for path in sorted((REPOSITORY / room).rglob("*.py"))]

FORBIDDEN_CALLS = frozenset(
    {
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
        "marshal.loads",
        "shelve.open",
        "tempfile.mktemp",
        "torch.jit.load",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
    }
)
NETWORK = frozenset({"urllib.request", "http.client", "socket", "requests", "ftplib", "asyncio"})
DASK = frozenset({"distributed"})
# What fetches anything, when a network is asked for by name; what speaks with a scheduler the user has named.
MAY_FETCH = frozenset({"compositor/networks/download.py"})
MAY_SPEAK = "blender_nst/cli/farm/dask_run/"


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, by its dotted name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(call: ast.Call, name: str) -> object:
    """The constant value of a keyword; None where it is absent or no constant."""
    values = [each.value for each in call.keywords if each.arg == name]
    return values[0].value if values and isinstance(values[0], ast.Constant) else None


def test_nothing_that_a_file_holds_is_run() -> None:
    assert len(FILES) > 80
    for path in FILES:
        for name, call in calls(path):
            where = f"{path}:{call.lineno}"
            assert name not in FORBIDDEN_CALLS, where
            assert keyword(call, "shell") is not True, where
            if name == "torch.load":
                assert keyword(call, "weights_only") is True, where
            if name in ("np.load", "np.save", "numpy.load"):
                assert keyword(call, "allow_pickle") is False, where


def test_the_network_is_for_downloads_and_for_farms_alone() -> None:
    for path in FILES:
        name = path.relative_to(REPOSITORY).as_posix()
        if name in MAY_FETCH:
            continue
        forbidden = NETWORK if name.startswith(MAY_SPEAK) else NETWORK | DASK
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
            assert not forbidden & set(names), f"{path}:{getattr(node, 'lineno', 0)}"
