"""Workers on other machines: an executor of a Dask cluster, by the address of its scheduler (the extra ``[dask]``)."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from pybackup.errors import EnvironmentFailed, UsageError

_SCHEME = "dask://"
_SECONDS = 10


@contextmanager
def remote_executor(address: str, same: Callable[[], str]) -> Iterator[tuple[Executor, int]]:
    """Connect to a cluster; give its executor, and how many tasks it runs at a time.

    Tasks of a worker that dies are run by the others. Whoever reaches a scheduler runs what he likes on its workers: it
    is for networks that are trusted.

    Parameters
    ----------
    address
        ``dask://HOST:PORT``.
    same
        A function of a module that the workers have, too: what it returns must be the same there and here.

    Raises
    ------
    UsageError
        The address is none, or Dask is not installed.
    EnvironmentFailed
        No scheduler answers there, or it has no workers, or they do not have the same.
    """
    host, separator, port = address.removeprefix(_SCHEME).rpartition(":")
    if not address.startswith(_SCHEME) or not separator or not host or not port.isdigit() or "/" in host:
        raise UsageError(f"{address!r} is no address of a scheduler", option="executor", hint="dask://HOST:PORT")
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        hint = "the extra [dask] brings it"
        raise UsageError("needs Dask, which is not installed", option="executor", hint=hint) from error
    # What it has to say of a connection comes as an error, and is told by whoever calls us.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(f"tcp://{host}:{port}", timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EnvironmentFailed(f"no Dask scheduler answers at {host}:{port}", option="executor") from error
    with client:
        yield _Tasks(client), _slots(client, same)


def _slots(client: Any, same: Callable[[], str]) -> int:
    """How many tasks run at a time; raises where there are none, or workers differ from us."""
    threads = client.nthreads()
    if not threads:
        raise EnvironmentFailed("the Dask scheduler has no workers", option="executor")
    try:
        found = client.run(same)
    except Exception as error:  # whatever the workers raised: a module that is not there, or another version of it
        raise EnvironmentFailed(f"the Dask workers do not have this pybackup: {error}", option="executor") from error
    for worker, said in found.items():
        if said != same():
            raise EnvironmentFailed(
                f"the Dask worker {worker} has {said}, and here is {same()}: the archive would depend on who did what",
                option="executor",
            )
    return sum(threads.values())


class _Tasks(Executor):
    """Runs tasks on the cluster; one that it gives up ends in `EnvironmentFailed`."""

    def __init__(self, client: Any) -> None:
        self._inner: Executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task somewhere."""
        outer: Future[Any] = Future()
        self._inner.submit(fn, *args, **kwargs).add_done_callback(lambda inner: _pass_on(inner, outer))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what is under way; the workers go on to be there for others."""
        self._inner.shutdown(wait=wait)


def _pass_on(inner: Future[Any], outer: Future[Any]) -> None:
    if not outer.set_running_or_notify_cancel():
        return
    error = None if inner.cancelled() else inner.exception()
    if error is None and not inner.cancelled():
        outer.set_result(inner.result())
        return
    if error is not None and not type(error).__module__.startswith("distributed"):
        outer.set_exception(error)
        return
    lost = EnvironmentFailed("the Dask cluster was lost, or its workers died time and again", option="executor")
    lost.__cause__ = error
    outer.set_exception(lost)
