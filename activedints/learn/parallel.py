"""One search or training on several processes, a GPU each: equal weights everywhere, gradients averaged.

``run_everywhere`` starts the processes on this machine and passes what the first one reports to the caller's own
``report``; what that raises (Cancelled) ends them all, and the last checkpoint stays.
"""

import multiprocessing
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from activedints.core.errors import ActiveDintsError, InvalidSettings
from activedints.core.job import Report

TIMEOUT = timedelta(minutes=10)


@dataclass(frozen=True)
class Group:
    """This process among ``size`` that learn together; alone by default."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that reports and writes."""
        return self.rank == 0

    def average(self, tensors: Iterable[torch.Tensor], device: torch.device) -> None:
        """Replace each tensor by its mean over the processes; all must hold the same shapes in the same order."""
        if self.size == 1:
            return
        parts = list(tensors)
        flat = torch.cat([part.reshape(-1) for part in parts]).to(device)
        dist.all_reduce(flat)
        for part, mean in zip(parts, (flat / self.size).split([part.numel() for part in parts])):
            part.copy_(mean.view_as(part))

    def first(self, value: float, device: torch.device) -> float:
        """The first process's value, everywhere: clocks differ, decisions must not."""
        if self.size == 1:
            return value
        held = torch.tensor([value], dtype=torch.float64, device=device)
        dist.broadcast(held, 0)
        return held.item()


ALONE = Group()


def run_everywhere(processes: int, device: str, report: Report, function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments, report, group, device)`` in ``processes`` new processes; what the first one returns.

    Raises InvalidSettings for more processes than GPUs, and whatever ``report`` or the function raises.
    """
    on_gpu = device != "cpu" and torch.cuda.is_available()
    if on_gpu and processes > torch.cuda.device_count():
        raise InvalidSettings(
            f"{processes} processes need a GPU each, and {torch.cuda.device_count()} are here; ask for fewer."
        )
    context = multiprocessing.get_context("spawn")
    said: Any = context.Queue()
    places = [f"cuda:{rank}" if on_gpu else "cpu" for rank in range(processes)]
    store = dist.TCPStore("127.0.0.1", 0, None, True, TIMEOUT, wait_for_workers=False)
    children = [
        context.Process(target=_child, args=(rank, processes, store.port, place, said, function, arguments))
        for rank, place in enumerate(places)
    ]
    try:
        for child in children:
            child.start()
        return _listen(children, said, report)
    finally:
        for child in children:
            child.terminate()
            child.join()


def _listen(children: list[Any], said: Any, report: Report) -> Any:
    """Pass events on until the first process answers."""
    while True:
        try:
            kind, content = said.get(timeout=1.0)
        except queue.Empty:
            dead = [child.exitcode for child in children if child.exitcode]
            if dead:
                raise RuntimeError(f"A process of the group ended with exit code {dead[0]}.") from None
            continue
        if kind == "event":
            report(*content)
        elif kind == "failed":
            raise content
        else:
            return content


def _child(
    rank: int, size: int, port: int, place: str, said: Any, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    device = torch.device(place)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    store = dist.TCPStore("127.0.0.1", port, None, False, TIMEOUT)
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)
    tell = (lambda *event: said.put(("event", event))) if rank == 0 else (lambda *event: None)
    try:
        answer = function(*arguments, tell, Group(rank, size), place)
        if rank == 0:
            said.put(("done", answer))
    except ActiveDintsError as fault:
        said.put(("failed", fault))
    finally:
        dist.destroy_process_group()
