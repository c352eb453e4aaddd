"""What was found in a model, as lines for a terminal: the essentials first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converter.inspection.delegate import Partitions

Found = Mapping[str, Any]


def lines(found: Found, tensors: bool = False) -> list[str]:
    """Of what `inspect_path` gives. `tensors`: every tensor or layer too. Names come out of files that anybody may have made: what would
    steer a terminal is shown as "?"."""
    told = _keras(found["keras"], tensors) if "keras" in found else _files(found, tensors)
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in told]


def _files(found: Found, tensors: bool) -> list[str]:
    out: list[str] = []
    if "task" in found:
        out.append(f"{found['name']} {found['version']}: {found['task']}, model id {found['model_id']}")
        out += [*_gate(found.get("gate")), *found["notes"]]
    for file in found["files"]:
        out += ["", *_file(file), *(_tensors(file) if tensors else [])]
    return out


def _gate(gate: Found | None) -> list[str]:
    if gate is None:
        return ["gate: no verdict in the manifest"]
    out = [f"gate: {'passed' if gate['passed'] else 'NOT PASSED' + (', written by --force' if gate['forced'] else '')}"]
    for file in gate["files"]:
        failed = [check for check in file["checks"] if not check["passed"]]
        seen = "labelled" if file["labelled"] else "unlabelled: agreement and output error only"
        out.append(f"  {file['name']}: {'passed' if file['passed'] else 'not passed'}, {len(file['checks'])} checks on "
                   f"{file['examples']:,} examples ({seen})")
        out += [f"    {check['metric']}: {check['text'] or check['figure']}" for check in failed]
    return out


def _file(file: Found) -> list[str]:
    out = [f"{file['file']}  {file['bytes']:,} bytes  sha256 {file['sha256'][:16]}"
           + (f"  {file['runtime']}" if "runtime" in file else "")]
    for side in ("inputs", "outputs"):
        for tensor in file.get(side, ()):
            quantum = f"  scale {tensor['scale']:.6g} zero {tensor['zero_point']}" if tensor["scale"] else ""
            out.append(f"  {side[:-1]:<7}{tensor['name']:<24}{_shape(tensor['shape']):<18}{tensor['dtype']}{quantum}")
    if "refused" in file:
        out.append(f"  not for the device: {file['refused']}")
    if "structure" in file:
        return [*out, f"  its operators cannot be shown: {file['structure']}"]
    signatures = file["signatures"]
    if len(signatures) != 1:
        out.append(f"  signatures: {', '.join(each['name'] for each in signatures) or 'none'}")
    uncounted = file["macs_uncounted"]
    out.append(f"  {count(file['macs'])} multiply-accumulates, {count(file['parameters'])} parameters in "
               f"{file['weight_bytes']:,} bytes of weights"
               + (f"; not counted: {_listed(uncounted)}" if uncounted else ""))
    if "delegate" in file:
        given = file["delegate"]
        told = Partitions(given["nodes"], given["delegated"], given["partitions"], tuple(given["breaking"]))
        out.append(f"  {told.sentence()}")
    if "speed" in file:
        out.append(f"  {file['speed']['median_ms']:.2f} ms, median of {file['speed']['runs']} runs on one thread of this machine; "
                   f"{file['memory_mb']:.1f} MB resident")
    beyond = file["beyond_tflite_runtime_2_14"]
    out.append("  loads under tflite-runtime 2.14 too" if not beyond else f"  not for tflite-runtime 2.14: {'; '.join(beyond)}")
    out.append(f"  operators: {', '.join(_operator(each) for each in file['operators'])}")
    return out


def _operator(each: Found) -> str:
    return f"{each['count']} {each['name']} v{each['version']}"


def _tensors(file: Found) -> list[str]:
    if "tensors" not in file:
        return []
    out = ["  tensors:"]
    for tensor in file["tensors"]:
        size = f"{tensor['bytes']:,} B" if tensor["bytes"] else ""
        out.append(f"  {tensor['index']:>5} {tensor['role']:<9}{_shape(tensor['shape']):<16}{tensor['dtype']:<8}{size:>12}  "
                   f"{_quantization(tensor):<44}  {_end(tensor['name'])}".rstrip())
    return out


def _end(name: str) -> str:
    return name if len(name) <= 60 else f"…{name[-59:]}"


def _quantization(tensor: Found) -> str:
    scales, zeros = tensor["scales"], tensor["zero_points"]
    if not scales:
        return "not quantized"
    if len(scales) == 1:
        return f"scale {scales[0]:.6g} zero {zeros[0] if zeros else 0}"
    return f"{len(scales)} scales of axis {tensor['axis']}, {min(scales):.3g} to {max(scales):.3g}"


def _keras(found: Found, layers: bool) -> list[str]:
    out = [f"{found['file']}: {found['kind']}, weights {found['weights_sha256'][:16]}"]
    for side in ("inputs", "outputs"):
        out += [f"  {side[:-1]:<7}{each['name']:<24}{_shape(each['shape']):<18}{each['dtype']}" for each in found[side]]
    record = found["record"]
    out.append("  no record of our trainer" if record is None
               else "  made by our trainer: " + ", ".join(f"{key} {value}" for key, value in record.items() if not isinstance(value, dict)))
    out += [f"  {sentence}" for sentence in found["said"]]
    if "layers" not in found:
        return [*out, "  a SavedModel has no layers: convert it, then inspect the bundle"]
    uncounted = found["macs_uncounted"]
    out.append(f"  {count(found['macs'])} multiply-accumulates, {count(found['parameters'])} parameters in {len(found['layers'])} layers"
               + (f"; not counted: {', '.join(uncounted)}" if uncounted else ""))
    kinds: dict[str, int] = {}
    for layer in found["layers"]:
        kinds[layer["kind"]] = kinds.get(layer["kind"], 0) + 1
    out.append(f"  layers: {_listed(kinds)}")
    if layers:
        out += [f"    {each['name']:<32}{each['kind']:<24}{_shape(each['output']):<16}{each['parameters']:>12,}"
                f"{'?' if each['macs'] is None else count(each['macs']):>12}" for each in found["layers"]]
    return out


def _shape(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return "several"
    return "x".join("?" if side is None or side < 0 else str(side) for side in shape) or "scalar"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def count(number: int) -> str:
    """1234567 as "1.23 M"."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**4)):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.3g} {unit}"
    return str(number)
