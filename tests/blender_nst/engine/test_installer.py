"""The engine's installation: from a folder and from an index, its failures, and for real when asked for."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import zipfile
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import pytest

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.cli.packaging.extension import build_extension
from blender_nst.engine.environment import (
    ENVIRONMENT,
    InstallError,
    engine_wheel,
    environment_python,
    host_python,
    remove_environment,
)
from blender_nst.engine.install_plan import InstallPlan
from blender_nst.engine.installer import Installer, InstallState
from blender_nst.engine.locks.download_sizes import TorchBuild, download_size
from blender_nst.engine.torch_packages import TorchBackend, TorchRequest
from tests.blender_nst.blender_in_tests import BlenderInTests

REAL = "BLENDER_NST_TEST_INSTALL"

_INSTALL_ZIP = """
bpy.ops.extensions.package_install_files(filepath=arguments[0], repo="user_default", enable_on_install=True)
module = "bl_ext.user_default.blender_nst"
chosen = bpy.context.preferences.addons[module].preferences
def attempt(operator, **options):
    try:
        return sorted(operator(**options))
    except RuntimeError as error:
        return str(error)
"""


def write_wheel(
    folder: Path, name: str, version: str, files: dict[str, str], requires: tuple[str, ...] = ()
) -> Path:
    """A package as small as one can be."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(
            f"{about}/METADATA", metadata + "".join(f"Requires-Dist: {each}\n" for each in requires)
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def write_index(folder: Path, wheels: list[Path], hashes: dict[Path, str] | None = None) -> str:
    """A package index of some wheels as files; returns its URL. `hashes` replaces what it declares."""
    for wheel in wheels:
        page = folder / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        declared = (hashes or {}).get(wheel) or hashlib.sha256(wheel.read_bytes()).hexdigest()
        page.write_text(f'<a href="{wheel.as_uri()}#sha256={declared}">{wheel.name}</a>', "utf-8")
    return folder.as_uri()


def make_plan(tmp_path: Path, torch: str = "torch") -> InstallPlan:
    """An installation of two tiny packages in the place of PyTorch and the engine."""
    wheels = tmp_path / "wheels"
    wheels.mkdir(exist_ok=True)
    write_wheel(wheels, "torch", "1.0", {"torch.py": "__version__ = '1.0'\n"})
    wheel = write_wheel(
        tmp_path,
        "blender_nst",
        "0.1.0",
        {"video/__init__.py": "", "video/worker/__init__.py": "", "video/worker/server.py": ""},
    )
    return InstallPlan(Path(sys.executable), tmp_path / "data", wheel, TorchRequest((torch,)), wheels)


@pytest.fixture(scope="session")
def uv_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uv that is installed here, as the wheel that it came from."""
    uv = distribution("uv")
    path = tmp_path_factory.mktemp("uv") / f"uv-{uv.version}-py3-none-any.whl"
    about = f"uv-{uv.version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for file in uv.files or ():
            if file.name in ("uv", "uv.exe"):
                archive.write(file.locate(), f"uv-{uv.version}.data/scripts/{file.name}")
            elif PurePosixPath(file).parts[0] == "uv" and file.suffix == ".py":
                archive.write(file.locate(), str(file))
        archive.writestr(f"{about}/METADATA", uv.read_text("METADATA") or "")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configured index, and a proxy that nobody listens at."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv cache"))


def installed(plan: InstallPlan) -> Installer:
    """The end of an installation."""
    installer = Installer(plan)
    installer.join(900.0)
    return installer


@pytest.fixture(scope="module")
def archive(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_extension(tmp_path_factory.mktemp("built"), blender_runtime)


def test_an_installation_from_a_folder_fails_goes_on_is_whole_and_is_removed(
    tmp_path: Path, uv_wheel: Path
) -> None:
    failed = installed(make_plan(tmp_path, torch="torch==99.0"))
    folder = failed.plan.folder
    assert failed.state is InstallState.FAILED
    assert failed.error.startswith("Installing PyTorch: ERROR: ")
    assert "torch==99.0" in failed.error
    assert str(failed.log) in failed.error
    assert "\n" not in failed.error
    assert environment_python(folder) is None, "half an environment is not used"

    whole = installed(make_plan(tmp_path))
    assert (whole.state, whole.error, whole.share) == (InstallState.DONE, "", 1.0)
    python = environment_python(folder)
    assert python is not None
    assert python.is_relative_to(folder / ENVIRONMENT)
    log = whole.log.read_text()
    assert "PyTorch 1.0" in log
    assert len([line for line in log.splitlines() if "no uv" in line]) == 1

    (tmp_path / "wheels" / uv_wheel.name).symlink_to(uv_wheel)
    broken = write_wheel(
        tmp_path,
        "blender_nst",
        "0.2.0",
        {"video/worker/__init__.py": "", "video/worker/server.py": "raise ImportError('no cv')\n"},
    )
    useless = installed(replace(whole.plan, wheel=broken))
    assert useless.state is InstallState.FAILED
    assert "Checking the engine: ImportError: no cv" in useless.error
    log = useless.log.read_text()
    assert "--offline --no-index --find-links" in log
    assert "no uv" not in log
    assert environment_python(folder) is None

    remove_environment(folder)
    assert [path.name for path in folder.iterdir()] == [whole.log.name]


@pytest.mark.usefixtures("no_network")
def test_uv_installs_from_pips_index_and_checks_the_hashes(
    tmp_path: Path, uv_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(make_plan(tmp_path), wheel_folder=None)
    unreachable = installed(plan)
    assert unreachable.state is InstallState.FAILED
    assert "cannot be reached" in unreachable.error
    torch = next((tmp_path / "wheels").glob("torch-*"))
    monkeypatch.setenv(
        "PIP_INDEX_URL", write_index(tmp_path / "forged", [uv_wheel, torch], {torch: "0" * 64})
    )
    forged = installed(plan)
    assert forged.state is InstallState.FAILED
    assert "hash" in forged.error.lower()
    assert "torch" in forged.error
    monkeypatch.setenv("PIP_INDEX_URL", write_index(tmp_path / "index", [uv_wheel, torch]))
    whole = installed(plan)
    assert (whole.state, whole.error, whole.share) == (InstallState.DONE, "", 1.0)
    assert hashlib.sha256(torch.read_bytes()).hexdigest() in plan.lock.read_text()
    assert "--reinstall" in whole.log.read_text(), "half a package that an interrupted uv left is replaced"


def write_lock(path: Path, **packages: str) -> Path:
    """A lock with one hash for each package of version 1.0, or of the version that its value begins with."""
    lines = []
    for name, value in packages.items():
        version, _, sha256 = value.rpartition(" ")
        lines.append(f"{name}=={version or '1.0'} \\\n    --hash=sha256:{sha256}\n")
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.mark.usefixtures("no_network")
def test_who_controls_the_index_cannot_put_in_another_package(
    tmp_path: Path, uv_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index declares the hashes of what it has: they match, and are not those of the lock."""
    plan = replace(make_plan(tmp_path), wheel_folder=None)
    torch = next((tmp_path / "wheels").glob("torch-*"))
    known = hashlib.sha256(torch.read_bytes()).hexdigest()
    uv_version, uv_hash = uv_wheel.name.split("-")[1], hashlib.sha256(uv_wheel.read_bytes()).hexdigest()
    locked = replace(
        plan,
        engine_lock=write_lock(tmp_path / "engine.txt", torch=known),
        uv_lock=write_lock(tmp_path / "uv.txt", uv=f"{uv_version} {uv_hash}"),
    )
    (tmp_path / "forged").mkdir()
    forged = write_wheel(tmp_path / "forged", "torch", "1.0", {"torch.py": "__version__ = 'forged'\n"})
    monkeypatch.setenv("PIP_INDEX_URL", write_index(tmp_path / "index of another", [uv_wheel, forged]))
    refused = installed(locked)
    assert refused.state is InstallState.FAILED
    assert "hash" in refused.error.lower()
    assert "torch" in refused.error
    assert not list(plan.environment.rglob("torch.py"))
    assert environment_python(plan.folder) is None

    monkeypatch.setenv("PIP_INDEX_URL", write_index(tmp_path / "index", [uv_wheel, torch]))
    whole = installed(locked)
    assert (whole.state, whole.error) == (InstallState.DONE, "")
    assert "--require-hashes" in whole.log.read_text()

    other_uv = replace(locked, uv_lock=write_lock(tmp_path / "uv.txt", uv=f"{uv_version} {'0' * 64}"))
    remove_environment(plan.folder)
    without = installed(other_uv)
    assert without.state is InstallState.FAILED
    assert without.error.startswith("Installing uv: ")
    assert "hash" in without.error.lower()


@pytest.mark.usefixtures("no_network")
def test_without_pytorchs_index_the_package_index_serves_but_never_with_cuda_for_a_cpu(
    tmp_path: Path, uv_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(
        make_plan(tmp_path), wheel_folder=None, torch=TorchRequest(("torch",), (), TorchBackend.CPU)
    )
    torch = next((tmp_path / "wheels").glob("torch-*"))
    monkeypatch.setenv("PIP_INDEX_URL", write_index(tmp_path / "index", [uv_wheel, torch]))
    whole = installed(plan)
    assert (whole.state, whole.error) == (InstallState.DONE, "")
    assert "--torch-backend cpu" in whole.log.read_text()

    cublas = write_wheel(tmp_path, "nvidia_cublas", "1.0", {"cublas.py": ""})
    for_cuda = write_wheel(tmp_path / "wheels", "torch", "1.1", {"torch.py": ""}, ("nvidia-cublas",))
    monkeypatch.setenv("PIP_INDEX_URL", write_index(tmp_path / "cuda", [uv_wheel, for_cuda, cublas]))
    refused = installed(plan)
    assert refused.state is InstallState.FAILED
    assert "CUDA" in refused.error
    assert not list(plan.environment.rglob("cublas.py"))


def test_a_cancelled_installation_ends_at_once(tmp_path: Path) -> None:
    installer = Installer(make_plan(tmp_path))
    deadline = time.monotonic() + 60.0
    while not installer.title and time.monotonic() < deadline:
        installer.drain()
        time.sleep(0.02)
    installer.cancel()
    installer.join(20.0)
    assert installer.state is InstallState.CANCELLED
    assert environment_python(installer.plan.folder) is None


def test_a_folder_that_cannot_be_made_and_a_python_that_is_not_there(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    (tmp_path / "data").touch()
    blocked = installed(plan)
    assert blocked.state is InstallState.FAILED
    assert str(tmp_path / "data") in blocked.error
    missing = InstallPlan(tmp_path / "python", tmp_path / "other", plan.wheel, TorchRequest(("torch",)))
    installer = installed(missing)
    assert installer.state is InstallState.FAILED
    assert installer.error.startswith(f"Preparing the environment: {tmp_path / 'python'}: ")


def test_where_things_are(tmp_path: Path) -> None:
    assert host_python().is_file()
    with pytest.raises(InstallError, match="holds no engine"):
        engine_wheel(tmp_path)


def test_blender_without_a_network_says_so_and_installs_from_a_folder(
    archive: Path, blender: BlenderInTests, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    run = blender.run(
        _INSTALL_ZIP
        + """
bpy.context.preferences.system.use_online_access = False
offline = bpy.ops.nst.engine_install.poll()
allowing = bpy.ops.extensions.userpref_allow_online.poll()
from bl_ext.user_default.blender_nst.engine import installation as part
expected = [part.expected_download(chosen)]
for part.installation().has_gpu in (False, True):
    told = part.expected_download(chosen)
    expected.append([told.build.value, told.size, told.text])
chosen.wheel_folder = "/nowhere"
expected.append(part.expected_download(chosen))
missing = attempt(bpy.ops.nst.engine_install)
chosen.wheel_folder, chosen.torch_packages = arguments[1], "torch==99.0"
empty = attempt(bpy.ops.nst.engine_install)
bpy.ops.wm.save_userpref()
from bl_ext.user_default.blender_nst.engine import options as engine_options
folder = engine_options.data_folder()
finish({"offline": offline, "missing": missing, "empty": empty, "remove": bpy.ops.nst.engine_remove.poll(),
        "log": (folder / "install.log").is_file(), "folder": str(folder),
        "expected": expected, "allowing": allowing})
""",
        str(archive),
        str(tmp_path / "empty"),
        environment={"BLENDER_NST_PYTHON": ""},
    )
    assert run.result["offline"] is False
    assert run.result["allowing"] is True, "Blender's own operator behind the button beside Install"
    unknown, cpu, cuda, from_folder = run.result["expected"]
    assert (unknown, from_folder) == (None, None)
    assert cpu[:2] == ["cpu", download_size(TorchBuild.CPU)]
    if sys.platform != "darwin":
        assert cuda[:2] == ["cuda", download_size(TorchBuild.CUDA)]
        assert "CUDA" not in cpu[2]
        assert "CUDA" in cuda[2]
    assert "/nowhere: the folder of wheels is not there" in run.result["missing"]
    assert "Installing PyTorch: ERROR: " in run.result["empty"]
    assert "torch==99.0" in run.result["empty"]
    assert run.result["remove"] is False
    assert run.result["log"] is True
    assert Path(run.result["folder"]).is_relative_to(blender.folder / "user")


@pytest.mark.skipif(not os.environ.get(REAL), reason=f"installs PyTorch from the package index: set {REAL}=1")
def test_the_engine_is_installed_for_real_and_stylizes(
    archive: Path, blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    run = blender.run(
        _INSTALL_ZIP
        + """
bpy.context.preferences.system.use_online_access = True
seen = {"install": attempt(bpy.ops.nst.engine_install), "check": attempt(bpy.ops.nst.engine_check)}
from bl_ext.user_default.blender_nst.engine import check as engine_check
from bl_ext.user_default.blender_nst.session import active
seen["facts"], seen["error"] = engine_check.engine_check().facts, engine_check.engine_check().error
bpy.ops.wm.open_mainfile(filepath=arguments[1])
scene = bpy.context.scene
nst = scene.nst
nst.style_path, nst.output_path = arguments[2], arguments[3]
nst.steps, nst.coarsest_size, nst.device = 3, 64, "CPU"
seen["frame"] = attempt(bpy.ops.nst.stylize_frame)
seen["line"] = active.status_line()
seen["remove"] = attempt(bpy.ops.nst.engine_remove)
finish(seen)
""",
        str(archive),
        str(blend_file),
        str(style_picture),
        str(tmp_path / "out"),
        environment={"BLENDER_NST_PYTHON": "", "BLENDER_NST_ENGINE_PATH": ""},
        timeout=1800,
    )
    assert run.result["install"] == run.result["check"] == ["FINISHED"], run.output[-3000:]
    assert run.result["error"] == ""
    assert {"Version", "Python", "PyTorch", "Device"} <= set(run.result["facts"])
    assert run.result["facts"]["Version"] != "source"
    assert run.result["frame"] == ["FINISHED"], run.result["line"]
    assert len(list((tmp_path / "out" / "stills" / "styled").glob("*.png"))) == 1
    assert run.result["remove"] == ["FINISHED"]
    assert not list((blender.folder / "user").rglob("torch"))
