"""Workers of Dask: those of a scheduler that runs somewhere, or some that are started here for one run."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from blender_nst.cli.errors import FAILED, CommandLineError, InputError

if TYPE_CHECKING:
    from distributed import Client

GPU = "GPU"
"""The resource that a worker with a GPU announces: `dask worker … --resources GPU=1`."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_LOG_LEVEL = "DASK_LOGGING__DISTRIBUTED"
_LOCAL = "local:"
_LOOPBACK = "127.0.0.1"
_TIMEOUT = 30.0
"""Seconds to wait for a scheduler."""

_MOST_LOCAL = 1024
_EXTRA = ("distributed", "cryptography")
"""The packages of the extra `dask`; local workers need both."""


class SchedulerLostError(CommandLineError):
    """The scheduler does not answer any more; what is finished is kept."""

    exit_code = FAILED
    resumable = True

    def __init__(self, scheduler: str) -> None:
        super().__init__(f"the scheduler {scheduler} does not answer any more")


def local_workers(scheduler: str) -> int | None:
    """How many workers `local:N` asks for; None if it is the address of a scheduler.

    Raises:
        InputError: N is no number of workers.
    """
    if not scheduler.startswith(_LOCAL):
        return None
    count = scheduler.removeprefix(_LOCAL)
    if not count.isdecimal() or not 1 <= int(count) <= _MOST_LOCAL:
        raise InputError(f"--scheduler {scheduler}: write a number of workers, as local:2")
    return int(count)


def check_installed() -> None:
    """Raises InputError if what the extra brings is not installed."""
    if any(find_spec(each) is None for each in _EXTRA):
        raise InputError("--scheduler needs Dask: pip install 'blender-nst[dask]'")


@contextmanager
def connected(scheduler: str, *, on_gpus: bool) -> Iterator[Client]:
    """Context: a client of a scheduler, or of as many local workers as `local:N` says, which end with it.

    Args:
        on_gpus: each local worker has a GPU of its own.

    Raises:
        InputError: there is no such scheduler, or there are too few GPUs.
    """
    from distributed import Client

    # Failures are told by the run itself.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    count = local_workers(scheduler)
    with ExitStack() as stack:
        if count is not None:
            address: Any = stack.enter_context(_local_cluster(count, on_gpus=on_gpus))
        else:
            address = scheduler
        try:
            client = stack.enter_context(Client(address, timeout=_TIMEOUT, set_as_default=False))
        except (OSError, ValueError) as error:
            raise InputError(
                f"no scheduler answers at {scheduler} ({error}); start one with `dask scheduler`, or write"
                " local:N for N workers on this machine"
            ) from None
        try:
            yield client
        finally:
            if count is not None:
                client.retire_workers(list(worker_infos(client, scheduler)))


def worker_infos(client: Client, scheduler: str) -> Mapping[str, Mapping[str, Any]]:
    """What the scheduler knows of each worker, by its address; raises SchedulerLostError."""
    try:
        return client.scheduler_info(n_workers=-1)["workers"]
    except (OSError, ValueError, RuntimeError):
        raise SchedulerLostError(scheduler) from None


def has_gpu(info: Mapping[str, Any]) -> bool:
    """Whether a worker announces a GPU."""
    return info.get("resources", {}).get(GPU, 0) >= 1


def slots_by_host(infos: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many tasks the workers of each host run at a time."""
    slots: Counter[str] = Counter()
    for info in infos.values():
        slots[info["host"]] += info["nthreads"]
    return dict(slots)


@contextmanager
def _local_cluster(count: int, *, on_gpus: bool) -> Iterator[Any]:
    from dask.config import set as configured
    from distributed import Nanny, Scheduler
    from distributed.deploy.spec import SpecCluster
    from distributed.security import Security

    # A port on loopback is open to every user of the computer, and who speaks with a worker can run programs.
    security = Security.temporary()
    common = {"host": _LOOPBACK, "protocol": "tls://", "security": security, "dashboard_address": None}
    gpus = _gpus(count) if on_gpus else []
    workers = {
        place: {
            "cls": Nanny,
            "options": {
                **common,
                "nthreads": 1,
                "memory_limit": 0,  # the work is done in another process, which is not counted
                "silence_logs": logging.CRITICAL,
                "resources": {GPU: 1} if on_gpus else {},
                "env": {_VISIBLE: gpus[place]} if on_gpus else {},
            },
        }
        for place in range(count)
    }
    scheduler = {"cls": Scheduler, "options": {**common, "port": 0, "dashboard": False}}
    # In the workers' processes too, which read it when they start.
    quiet = configured({f"distributed.nanny.pre-spawn-environ.{_LOG_LEVEL}": "critical"})
    with quiet, SpecCluster(workers=workers, scheduler=scheduler, security=security) as cluster:
        yield cluster


def _gpus(count: int) -> list[str]:
    """So many of this machine's GPUs, as CUDA names them; raises InputError if there are fewer."""
    import torch

    visible = os.environ.get(_VISIBLE)
    there = torch.cuda.device_count()
    if count > there:
        raise InputError(f"{_LOCAL}{count}: each worker has a GPU of its own, and this machine has {there}")
    return visible.split(",") if visible else [str(place) for place in range(there)]
