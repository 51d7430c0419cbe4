"""Rules of a label set about what lies where, such as "the enhancing part lies in the core"."""

from dataclasses import dataclass

from activedints.core.settings import LabelSet


@dataclass(frozen=True)
class NestedRule:
    """Every island of label ``inner`` touches one of the labels ``outer`` (26 neighbours).

    Label maps hold one label a voxel, so "lies in" can only mean this: an island of the inner label with none of the
    outer ones about it is most likely a vessel, or a slip of the hand. A rule is a warning, never a refusal.
    """

    inner: str
    outer: tuple[str, ...]


def usual_rules(labels: LabelSet) -> tuple[NestedRule, ...]:
    """The rules that hold for gliomas, for the labels that are told by their names; none for other label sets.

    >>> usual_rules(LabelSet((0, 1, 2, 3), ("background", "edema", "non-enhancing tumor", "enhancing tumour")))
    (NestedRule(inner='enhancing tumour', outer=('edema', 'non-enhancing tumor')),)
    """
    enhancing = [name for name in labels.foreground if "enhanc" in name.lower() and not _negated(name)]
    about = [name for name in labels.foreground if name not in enhancing and _belongs(name)]
    return tuple(NestedRule(name, tuple(about)) for name in enhancing if about)


def _negated(name: str) -> bool:
    return any(part in name.lower() for part in ("non-", "non ", "nonenh", "not "))


def _belongs(name: str) -> bool:
    return any(part in name.lower() for part in ("edema", "oedema", "core", "necro", "non", "tumor", "tumour", "flair"))
