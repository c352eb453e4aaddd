"""What is wrong with this installation, and the command that mends it."""

from edge_face.doctor.check import Finding, Host, Status, examine

__all__ = ["Finding", "Host", "Status", "examine"]
