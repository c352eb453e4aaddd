"""May the door open: facts in, decisions with their reasons out. Pure: no clock, no pin, no disk."""

from edge_face.access.decision import Decision, DoorState, Kind, Release, decide
from edge_face.access.facts import FaceFact, Facts, facts_of
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules

__all__ = ["Decision", "DoorState", "FaceFact", "Facts", "Kind", "Reason", "Release", "Rules", "decide", "facts_of"]
