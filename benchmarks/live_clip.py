"""`edge-face` whose films and folders are captured as a camera's pictures are: by the capture process, through shared memory.

    python benchmarks/live_clip.py run --source file:clip.mp4 --fast --pins mock --set camera.loop=true

For measuring what a live camera costs where there is none; `benchmarks/soak.py --live` uses it.
"""

from __future__ import annotations

import os
import sys

# As `edge-face run` does before it loads anything: what is patched below loads NumPy.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from edge_face.cli.main import main
from edge_face.service import daemon, frames

if __name__ == "__main__":
    daemon.open_feed = lambda settings, clock: frames.CameraFeed(settings)  # type: ignore[attr-defined]
    sys.exit(main())
