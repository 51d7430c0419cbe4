"""Numbers and states as people say them, the same on every screen."""


def duration(seconds: float | None) -> str:
    """A span of time in the two units that matter.

    >>> duration(8.2), duration(75), duration(3720), duration(None)
    ('8 s', '1 min 15 s', '1 h 2 min', 'not known yet')
    """
    if seconds is None:
        return "not known yet"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def when(iso: str | None) -> str:
    """A moment to the minute, in UTC.

    >>> when("2026-03-01T10:20:30.123+00:00"), when(None)
    ('2026-03-01 10:20 UTC', '')
    """
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else ""


def figure(value: float | None, n: int, unit: str = "") -> str:
    """A mean with its n, or that there is none.

    >>> figure(0.7316, 4), figure(2.25, 4, "mm"), figure(None, 0)
    ('0.732 (n = 4)', '2.25 mm (n = 4)', 'none yet')
    """
    if value is None:
        return "none yet"
    number = f"{value:.3f}" if not unit else f"{value:.2f} {unit}"
    return f"{number} (n = {n})"


def count(number: int, one: str, many: str | None = None) -> str:
    """
    >>> count(1, "case"), count(3, "case"), count(2, "query", "queries")
    ('1 case', '3 cases', '2 queries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
