"""Workers of a Dask scheduler, from the extra [cluster]."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from typing import Any

from escalation.cli.asking import say_beside
from escalation.errors import EscalationError, InputError, printable
from simulations.sweeps.run import Workers

__all__ = ["ClusterError", "cluster_workers"]

PATIENCE = 5  # seconds until a scheduler that does not answer is named
_AHEAD = 2  # blocks for each thread of a worker, so that none waits for the next


class ClusterError(EscalationError):
    """A scheduler that cannot be reached, or has gone."""


@contextlib.contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
    """Connect to a scheduler, and give its workers.

    Raises
    ------
    InputError
        Without the extra [cluster].
    ClusterError
        If the scheduler cannot be reached, or is lost.
    """
    try:
        distributed: Any = importlib.import_module("distributed")  # the extra [cluster]
    except ImportError as error:
        raise InputError("--scheduler needs Dask: pip install 'escalation[cluster]'") from error
    shown = printable(address)
    logging.disable()  # Dask's own words, to the end of the command: what matters is said below
    try:
        asyncio.run(_knock(distributed, address))
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # what a server of another kind says can be anything
        raise ClusterError(
            f"no Dask scheduler answers at {shown}; start one by dask scheduler, and give the "
            "address that it prints, such as tcp://10.0.0.5:8786"
        ) from error
    with client:
        if not client.nthreads():
            say_beside(f"{shown}: no worker yet; join some by dask worker {shown}")
        try:
            yield Workers(
                opened=lambda: _executor(client),
                number=lambda executor: _AHEAD * max(1, sum(client.nthreads().values())),
                has_died=lambda error: isinstance(error, distributed.scheduler.KilledWorker),
            )
        except (CancelledError, distributed.comm.CommClosedError, TimeoutError) as error:
            raise ClusterError(f"the scheduler at {shown} has gone") from error
        except ModuleNotFoundError as error:
            raise ClusterError(
                f"the workers at {shown} cannot calculate: {error}; install escalation where they "
                "run, in the same version"
            ) from error


async def _knock(distributed: Any, address: str) -> None:
    """Wait for an answer, which a client itself would do for ever at a server of another kind."""
    connecting = distributed.comm.connect(address, timeout=PATIENCE)
    comm = await asyncio.wait_for(connecting, PATIENCE)
    await comm.close()


@contextlib.contextmanager
def _executor(client: Any) -> Iterator[Executor]:
    """Give the scheduler as an executor; what has not begun is forgotten at the end."""
    executor: Executor = client.get_executor(pure=False)
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)
