"""Asks the runtime about a file in a process of its own: what LiteRT does with a file that somebody damaged on purpose is a crash.

`python -m converter.inspection.child RUNS` reads the file from standard input and writes its answer as JSON to standard output.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from edge_face.errors import EdgeFaceError, ModelError

PATIENCE = 300.0


def ask(content: bytes, name: str, runs: int = 0) -> dict[str, Any]:
    """{"runtime", "inputs", "outputs", "delegate", and with `runs` > 0 "speed" and "memory_mb"}, or {"refused"}: why the
    device's runtime does not take the file though it is sound. Raises ModelError when it is damaged."""
    command = [sys.executable, "-m", "converter.inspection.child", str(runs)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise ModelError(f"{name} is damaged or far too large: the runtime did not answer in {PATIENCE:.0f} s") from None
    except OSError as error:
        raise ModelError(f"{name} cannot be looked into: no process can be started ({error.strerror})") from error
    if done.returncode != 0:
        reason = f"the runtime crashed on it, {_signal(-done.returncode)}" if done.returncode < 0 else _last_line(done.stderr)
        raise ModelError(f"{name} is damaged or no TFLite model ({reason}): copy or convert it again")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "damaged" in answer:
        raise ModelError(str(answer["damaged"]).replace("the model", name, 1))
    return answer


def answer(content: bytes, runs: int) -> dict[str, Any]:
    """What `ask` gives, found in this process; {"damaged"} where the runtime does not load it."""
    from converter.inspection.delegate import partitions_of
    from edge_face.evaluation.process import memory_mb
    from edge_face.vision.runtime import Interpreter, runtime_name

    runtime, before = runtime_name(), memory_mb().get("resident", 0.0)
    try:
        interpreter = Interpreter(content)
    except ModelError as error:
        return {"damaged" if error.__cause__ is not None else "refused": str(error)}
    found: dict[str, Any] = {
        "runtime": runtime, "delegate": asdict(partitions_of(interpreter.nodes())),
        "inputs": [tensor_facts(tensor) for tensor in interpreter.inputs],
        "outputs": [tensor_facts(tensor) for tensor in interpreter.outputs]}
    if runs > 0:
        from converter.inspection.speed import median_ms, runner

        runner(interpreter)()
        found["memory_mb"] = round(memory_mb().get("resident", 0.0) - before, 1)
        found["speed"] = {"median_ms": round(median_ms(content, runs), 4), "runs": runs}
    return found


def tensor_facts(tensor: Any) -> dict[str, Any]:
    """An input or output of edge_face.vision.runtime as plain data."""
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype.name,
            "scale": tensor.scale, "zero_point": tensor.zero_point}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:160] if lines else "the runtime gave up on it"


def main() -> int:
    """The child's side."""
    content = sys.stdin.buffer.read()
    try:
        found = answer(content, int(sys.argv[1]))
    except EdgeFaceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
