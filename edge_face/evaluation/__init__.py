"""Figures that a user can reproduce: speed, memory, leaks."""
