"""How much of a model stays on the XNNPACK delegate, and which operators break it up.

What is asked is the interpreter itself, after its tensors are allocated. Both runtimes list the file's nodes in order and behind
them one node named DELEGATE for each stretch that the delegate took over, with the tensors that enter and leave it; which nodes
lie inside is followed back from there (ai-edge-litert 2.3.0 and tflite-runtime 2.14.0 agree in this form; an interpreter without
delegates lists the file's nodes alone). The answer is true of the runtime that is installed: tflite-runtime's wheel delegates
floating point only, so that an int8 file has no stretch at all there, while LiteRT delegates both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DELEGATE = "DELEGATE"
Node = tuple[str, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Partitions:
    """`nodes` of the file, how many of them are `delegated`, in how many stretches (`partitions`), and the operators that are not,
    the most frequent first, such as ("34 PRELU", "1 RESIZE_NEAREST_NEIGHBOR")."""

    nodes: int
    delegated: int
    partitions: int
    breaking: tuple[str, ...]

    def sentence(self) -> str:
        """One line for people."""
        if self.delegated == self.nodes:
            return f"all {self.nodes} nodes run on the XNNPACK delegate" + (
                "" if self.partitions == 1 else f", in {self.partitions} stretches")
        if not self.delegated:
            return f"none of {self.nodes} nodes runs on the XNNPACK delegate"
        return (f"{self.delegated} of {self.nodes} nodes run on the XNNPACK delegate, in {self.partitions} "
                f"stretch{'es' if self.partitions > 1 else ''}; not delegated: {', '.join(self.breaking)}")


def partitions(content: bytes) -> Partitions:
    """Loads a .tflite file whose structure is sound and asks the interpreter. Raises ModelError, MissingRuntimeError."""
    from edge_face.vision.runtime import Interpreter

    return partitions_of(Interpreter(content).nodes())


def partitions_of(nodes: Sequence[Node]) -> Partitions:
    """The same from the interpreter's nodes."""
    # Delegates' nodes stand behind all others.
    own = next((i for i, node in enumerate(nodes) if node[0] == DELEGATE), len(nodes))
    maker = {tensor: i for i, node in enumerate(nodes[:own]) for tensor in node[2]}
    inside: set[int] = set()
    for _, entering, leaving in nodes[own:]:
        border, waiting = set(entering), list(leaving)
        while waiting:
            index = maker.get(waiting.pop())
            if index is not None and index not in inside:
                inside.add(index)
                waiting += [tensor for tensor in nodes[index][1] if tensor not in border]
    left = Counter(nodes[i][0] for i in range(own) if i not in inside)
    return Partitions(own, len(inside), len(nodes) - own, tuple(f"{count} {name}" for name, count in left.most_common()))
