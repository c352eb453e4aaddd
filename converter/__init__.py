"""Workstation side: trains, quantizes and proves the models that the device runs. Never imported by
`edge_face`."""
