"""When two times of a file are one: file systems keep them more or less exactly."""

CUT_NS = 2 * 10**9  # FAT
# Steps of FAT; HFS+, ext3 and ustar; exFAT; what copies through microseconds; NTFS.
_STEPS_NS = (CUT_NS, 10**9, 10**7, 10**3, 10**2)


def same_time(one_ns: int, other_ns: int) -> bool:
    """Whether two times are the same, or the one is the other as a file system with coarser steps keeps it.

    Two times that both lie between the steps are not, however near: a file that was written again within a second.
    """
    apart_ns = abs(one_ns - other_ns)
    if not apart_ns or apart_ns >= CUT_NS:
        return not apart_ns
    return any(apart_ns < step and not (one_ns % step and other_ns % step) for step in _STEPS_NS)
