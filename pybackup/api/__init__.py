"""The functions of the package `pybackup`, one for each verb; they are loaded when one of them is first used.

Their parameters, and the description of these, are made from the dataclasses in `pybackup.options`. The public names
are listed in one place, ``pybackup.__all__``.
"""

from pybackup.compress.methods import *
from pybackup.host.store import *
from pybackup.model.problem import *
from pybackup.monitor import *

from .asked import *
from .checking import *
from .discs import *
from .exporting import *
from .making import *
from .mending import *
from .reading import *
from .restoring import *
from .snapshots import *
from .stages import *
from .storing import *
