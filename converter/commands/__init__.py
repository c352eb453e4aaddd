"""The commands of `edge-face-convert`: one short module each, heavy imports inside `run`."""
