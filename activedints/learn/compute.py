"""Where and how numbers are computed: device, threads, precision and memory format."""

import contextlib
from collections.abc import Iterator

import torch

from activedints.core.errors import InvalidSettings


def pick_device(name: str) -> torch.device:
    """``auto`` is the first CUDA device, else the CPU; InvalidSettings for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InvalidSettings(f"There is no device {name!r}; give auto, cpu or cuda:N.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InvalidSettings(f"Device {name!r} needs a CUDA build and a GPU, and none is here; give auto or cpu.")
    if device.type not in ("cpu", "cuda") or (
        device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()
    ):
        raise InvalidSettings(f"Device {name!r} is not one of this machine's; give auto, cpu or cuda:N.")
    return device


def has_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 natively (CPUs: AVX512-BF16 or AMX); emulated it is slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    abilities = torch.cpu.get_capabilities()
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which convolutions run in bfloat16 (weights, losses and statistics stay float32)."""
    wanted = precision == "bfloat16" or (precision == "auto" and has_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use ``count`` CPU threads inside, as many as before outside; denormals count as zero inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
