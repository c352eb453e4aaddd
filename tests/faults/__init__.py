"""Faults proven harmless: kills, power cuts, dead cameras, full disks, mad clocks, hostile bytes. `python -m tests.faults --help`."""
