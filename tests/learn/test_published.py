"""Architecture codes that others saved with torch: read when they are numbers, refused when they are more."""

from pathlib import Path

import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings, UnsafeCheckpoint
from activedints.learn.networks import shipped
from activedints.learn.published import read_published

CVPR = shipped("cvpr2021")


@pytest.mark.parametrize("kind", [np.float64, np.int64, torch.as_tensor])
def test_the_published_code_comes_back(tmp_path: Path, kind):
    make = kind if kind is torch.as_tensor else lambda rows: np.array(rows, kind)
    path = tmp_path / "arch_code_cvpr.pth"
    torch.save(
        {"node_a": np.ones((13, 4)), "arch_code_a": make(CVPR.arch_code_a), "arch_code_c": make(CVPR.arch_code_c)}, path
    )
    found = read_published(path)
    assert (found.arch_code_a, found.arch_code_c) == (CVPR.arch_code_a, CVPR.arch_code_c)


def test_what_monai_decodes_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from monai.networks.nets.dints import TopologySearch

    nodes, edges, operations, most = TopologySearch(channel_mul=0.2, num_blocks=2, num_depths=2).decode()
    capsys.readouterr()
    path = tmp_path / "search_code.pt"
    torch.save(
        {"node_a": nodes, "arch_code_a": edges, "arch_code_c": operations, "arch_code_a_max": most, "epochs": 1}, path
    )
    found = read_published(path, 0.2)
    assert np.array_equal(found.arch_code_a, edges)
    assert np.array_equal(np.array(found.node_a), nodes)


def test_a_file_that_would_run_something_is_refused(tmp_path: Path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    path = tmp_path / "evil.pth"
    torch.save({"arch_code_a": Evil(), "arch_code_c": np.zeros((1, 4))}, path)
    with pytest.raises(UnsafeCheckpoint, match=r"evil\.pth is no architecture code"):
        read_published(path)
    assert not (tmp_path / "ran").exists()


def test_other_files_are_refused(tmp_path: Path):
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(UnsafeCheckpoint, match="KeyError"):
        read_published(path)
    path.write_bytes(b"")
    with pytest.raises(UnsafeCheckpoint, match="EOFError"):
        read_published(path)
    torch.save({"arch_code_a": np.eye(4)[:2], "arch_code_c": np.zeros((2, 4))}, path)
    with pytest.raises(InvalidSettings, match="not feasible"):
        read_published(path)
