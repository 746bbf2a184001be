"""When two times of a file are one: what pyactivity goes by, too."""

from pyactivity.times import same_time

__all__ = ["same_time"]
