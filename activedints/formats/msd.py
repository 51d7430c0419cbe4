"""Medical Segmentation Decathlon layout: dataset.json next to imagesTr, labelsTr and imagesTs.

Channels are named by ``modality`` (the Decathlon, Simpson et al. 2019, arXiv:1902.09063) or ``channel_names``;
labels by value -> name, or name -> value as newer writers do. Nothing here knows which channels or labels there are.
"""

import json
from pathlib import Path
from typing import Any

from activedints.core.errors import ActiveDintsError, InvalidChannels, InvalidFile, InvalidLabels
from activedints.core.settings import LabelSet
from activedints.formats.case import CaseSource, Listing
from activedints.formats.header import open_regular
from activedints.formats.names import check_channel_names, inside, shown, stem

MOST_JSON_BYTES = 64 * 2**20


def list_cases(path: Path) -> Listing:
    """Candidates named by dataset.json under ``training`` and ``test``; ``._*`` files are skipped."""
    file = path if path.name == "dataset.json" else path / "dataset.json"
    facts = read_json(file)
    channels = read_channels(facts, file)
    labels = _labels(facts, file)
    cases: list[CaseSource] = []
    problems: dict[str, str] = {}
    for part in ("training", "test"):
        entries = facts.get(part) or []
        if not isinstance(entries, list):
            raise InvalidFile(
                f"{shown(file)}: {part!r} must be a list of files; it is {str(entries)[:60]}: correct it."
            )
        for number, entry in enumerate(entries):
            try:
                if case := _case(file.parent, entry, channels):
                    cases.append(case)
            except ActiveDintsError as fault:
                problems[f"{part}[{number}]"] = str(fault)
    if not cases and not problems:
        raise InvalidFile(f"{shown(file)} must list cases under 'training' or 'test'; it lists none: add them.")
    return Listing(tuple(cases), labels, channels, problems, facts.get("simulated") is True)


def read_json(file: Path) -> dict[str, Any]:
    """The object that ``file`` holds; InvalidFile for anything else."""
    try:
        with open_regular(file) as stream:
            if (size := file.stat().st_size) > MOST_JSON_BYTES:
                raise ValueError(f"it has {size // 2**20} MiB, the limit is {MOST_JSON_BYTES // 2**20}")
            facts = json.loads(stream.read())
        if not isinstance(facts, dict):
            raise ValueError(f"it holds a {type(facts).__name__}")
    except (ValueError, RecursionError) as fault:
        raise InvalidFile(f"{shown(file)} must be a JSON object ({fault}): correct it or download it again.") from None
    return facts


def read_channels(facts: dict[str, Any], file: Path) -> tuple[str, ...]:
    """Channel names from ``modality`` or ``channel_names``; InvalidChannels if they are not numbered 0, 1, ..."""
    named = facts.get("modality") or facts.get("channel_names")
    try:
        if isinstance(named, list):
            named = dict(enumerate(named))
        by_index = {int(key): str(value).strip() for key, value in named.items()}
        channels = tuple(by_index[i] for i in range(len(by_index)))
    except (AttributeError, KeyError, ValueError, TypeError):
        raise InvalidChannels(
            f"{shown(file)} must number its channels 0, 1, ... under 'modality' or 'channel_names'; it has "
            f"{str(named)[:80]}: add them."
        ) from None
    check_channel_names(channels, shown(file))
    return channels


def _labels(facts: dict[str, Any], file: Path) -> LabelSet | None:
    named = facts.get("labels")
    if not named:
        return None
    try:
        pairs = [(k, v) if str(k).strip().isdecimal() else (v, k) for k, v in named.items()]
        values = {int(value): str(name).strip() for value, name in pairs}
        if len(values) != len(pairs):
            raise ValueError("a value occurs twice")
    except (AttributeError, ValueError, TypeError) as fault:
        raise InvalidLabels(
            f"{shown(file)} must map label numbers to names under 'labels' ({fault}); it has {str(named)[:80]}: "
            'write for example {"0": "background", "1": "lesion"}.'
        ) from None
    values.pop(255, None)  # nnU-Net lists its ignore label; it is never a class
    values.setdefault(0, "background")
    ordered = sorted(values)
    if min(ordered) < 0 or max(ordered) > 254 or len(ordered) < 2:
        raise InvalidLabels(
            f"{shown(file)} must name 0 (background) and at least one label of 1 to 254; it has {ordered[:8]}: "
            "correct it."
        )
    return LabelSet(tuple(ordered), tuple(values[v] for v in ordered))


def _case(root: Path, entry: Any, channels: tuple[str, ...]) -> CaseSource | None:
    """One entry: ``"./imagesTs/x.nii.gz"`` or ``{"image": ..., "label": ..., "name": ..., "brain": ...}``."""
    fields = {"image": entry} if isinstance(entry, str) else entry
    image = fields.get("image") if isinstance(fields, dict) else None
    images = [image] if isinstance(image, str) else image
    if not isinstance(images, list) or not images or not all(isinstance(i, str) for i in images):
        raise InvalidFile(f"dataset.json must name an image per case; an entry is {str(entry)[:80]}: correct it.")
    if any(Path(i).name.startswith("._") for i in images):
        return None
    for key in ("label", "brain", "name"):
        if not isinstance(fields.get(key, ""), str):
            raise InvalidFile(f"dataset.json must give {key} as text; it is {str(fields[key])[:60]}: correct it.")
    label, brain = fields.get("label"), fields.get("brain")
    return CaseSource(
        name=fields.get("name") or stem(images[0]),
        images=tuple(inside(root, i, "dataset.json") for i in images),
        channels=channels,
        label=inside(root, label, "dataset.json") if label else None,
        brain=inside(root, brain, "dataset.json") if brain else None,
    )
