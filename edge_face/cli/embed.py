"""`edge-face embed`: the main face of every picture as an embedding."""

from __future__ import annotations

import argparse

DESCRIPTION = ("Turns the main face of every picture (the largest and most central one) into an embedding: a unit vector whose products "
               "are cosine similarities. Embeddings are biometric data: the file is readable by its owner only.")
EXAMPLES = """
  edge-face embed people/ --out people.npz
  edge-face embed ana.jpg ben.jpg --out faces.jsonl --precision float32
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models

    parser.add_argument("inputs", nargs="+", metavar="IN", help="pictures, and folders with all their folders")
    parser.add_argument("--out", required=True, metavar="FILE", help=".npz (numpy) or .jsonl (JSON lines)")
    add_models(parser)
    parser.add_argument("--strict", action="store_true", help="write nothing when a picture gave no embedding")


def run(args: argparse.Namespace) -> int:
    import sys
    from pathlib import Path

    from edge_face.cli.eval_common import check_usage, models_of
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import MediaError
    from edge_face.evaluation.embedding_run import embed_pictures
    from edge_face.evaluation.embeddings_file import check_kind, write_embeddings
    from edge_face.media import Kind, kind_of, media_in
    from edge_face.media.paths import require_file, shown

    check_usage(args)
    check_kind(args.out)
    files: dict[Path, None] = {}
    for name in args.inputs:
        path = Path(name)
        if not path.is_dir():
            files[require_file(name, "picture or folder")] = None
            continue
        found = [file for file in media_in(path).media if kind_of(file) is Kind.PICTURE]
        if not found:
            raise MediaError(f"there is no picture in the folder '{shown(name)}'")
        files.update(dict.fromkeys(found))
    models = models_of(args)
    with ProgressLine("pictures") as line:
        readings = embed_pictures(list(files), models.recogniser, jobs=args.jobs, progress=line.step)
    names = [str(file) for file in files]
    failed = [(name, reading.failure) for name, reading in zip(names, readings, strict=True) if reading.embedding is None]
    for name, why in failed:
        print(f"no embedding: {shown(name)}: {why}", file=sys.stderr)
    if len(failed) == len(names) or (failed and args.strict):
        raise MediaError(f"{len(failed)} of {len(names)} pictures gave no embedding: nothing is written")
    write_embeddings(args.out, names, readings, models.about())
    print(f"{shown(args.out)}: {len(names) - len(failed)} embeddings of {models.embedder.model_id}"
          + (f", {len(failed)} pictures without one" if failed else ""))
    return 0
