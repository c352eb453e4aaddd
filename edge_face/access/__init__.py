"""May the door open: facts in, decisions with their reasons out. Pure: no clock, no pin, no disk."""

from edge_face.access.decision import DoorState, decide
from edge_face.access.facts import FaceFact, Facts, facts_of
from edge_face.access.inputs import CodeFact, Command, Contact, Inputs, Order
from edge_face.access.outcomes import Alarm, Authority, Decision, Kind
from edge_face.access.policy import LockTraits, Mode, PolicyRules, PolicyState, Release, step
from edge_face.access.reasons import Reason
from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.rules import Rules

__all__ = ["Alarm", "Authority", "Calendar", "CodeFact", "Command", "Contact", "Decision", "DoorState", "FaceFact", "Facts", "Inputs",
           "Kind", "LockTraits", "Mode", "Order", "PolicyRules", "PolicyState", "Reason", "Release", "Rights", "Rules", "Window", "decide",
           "facts_of", "step"]
