"""Where work is done: here, on all cores, or on a dask cluster. Whoever maps over observations takes the result."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from skyfold.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from distributed import Client

# Each process does the arithmetic of one observation: threads of a linear-algebra library would only get in the way.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def processes(jobs: int) -> Iterator[Executor | None]:
    """An executor of `jobs` processes; None, work in this process, for one.

    Processes are started afresh (not forked), so that they are the same on every system and inherit no open files.

    Raises
    ------
    ConfigError
        The number of jobs is not positive.
    """
    if jobs < 1:
        raise ConfigError(f"jobs: wanted a number of processes from 1 on, found {jobs}")
    if jobs == 1:
        yield None
        return
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    executor = ProcessPoolExecutor(jobs, get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)  # after an error nobody waits for the rest
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@contextmanager
def dask_cluster(address: "str | Client") -> Iterator[Executor]:
    """The executor of a dask cluster, by the address of its scheduler or by a client.

    Raises
    ------
    MissingExtra
        dask is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra("dask", "work on a dask cluster") from error
    if isinstance(address, Client):
        yield address.get_executor()
        return
    with Client(address) as client:
        yield client.get_executor()
