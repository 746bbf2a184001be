"""The functions that the package `pybackup` offers: one for each verb; the package loads this when one is used.

What may be asked of each is in `pybackup.options`, from which its parameters and their description are made. Which
names are offered is said once, by ``__all__`` of the package.
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
