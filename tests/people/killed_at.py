"""Runs a job in a child process that kills itself (SIGKILL) when the job reports a step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def killed_at(step: str, job: Callable[[Callable[[str], None]], object]) -> None:
    """Fails when the job ends in any other way: the step was never reached."""

    def tell(done: str) -> None:
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            job(tell)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"the job never came to '{step}'"
