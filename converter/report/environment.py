"""What a conversion ran on, and its command line without the user's folders."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

PACKAGES = ("edge-face", "tensorflow", "tensorflow-cpu", "keras", "ai-edge-quantizer", "ai-edge-litert", "tflite-runtime", "numpy",
            "opencv-python-headless", "opencv-python")


def environment(runtime: str = "") -> dict[str, str]:
    """Python, system, processor and the installed versions of what takes part. `runtime`: the one that the gate ran on."""
    found = {"Python": platform.python_version(), "System": f"{platform.system()} {platform.machine()}", "Processor": cpu_model(),
             "Cores": str(os.cpu_count() or "unknown")}
    if runtime:
        found["Runtime"] = runtime
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo"), board: Path = Path("/proc/device-tree/model")) -> str:
    """The processor's or the board's own name, "unknown" where nothing tells it."""
    for path, key in ((board, ""), (cpuinfo, "model name")):
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        if not key and text.strip("\0 \n"):
            return text.strip("\0 \n")
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if key and name.strip() == key and value.strip():
                return value.strip()
    return platform.processor() or "unknown"


def command_line(arguments: Sequence[str]) -> str:
    """The command as it was typed, every absolute or home path cut to its last name, words with blanks in quotes."""
    return " ".join(_quoted(_nameless(word)) for word in arguments)


def _nameless(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    if value.startswith("~") or PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute():
        value = PureWindowsPath(value).name or "/"
    return option + equals + value


def _quoted(word: str) -> str:
    plain = word and all(letter.isalnum() or letter in "-_./=,:+@%" for letter in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
