"""The errors pyactivity raises; what hurts one directory or file is a `Problem` of the scan instead.

ActivityError
├── BadValue (also a ValueError)    a radius, a date or an array that is not one
└── EnvironmentFailed               the results could not be delivered
"""


class ActivityError(Exception):
    """Root of everything this package raises on purpose."""


class BadValue(ActivityError, ValueError):
    """A value handed in has no meaning here; the message names it."""


class EnvironmentFailed(ActivityError):
    """The machine, not the request, stopped the run; the message says what it refused."""
