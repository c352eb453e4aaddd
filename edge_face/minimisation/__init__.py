"""What is kept, and how it goes: the table of everything that edge-face keeps, held against the disk; what is looked for after somebody
was erased; the door's notice and the draft of an impact assessment, filled from the settings."""

from __future__ import annotations

from edge_face.minimisation.disk import Found, unnamed, walk
from edge_face.minimisation.table import table

__all__ = ["Found", "table", "unnamed", "walk"]
