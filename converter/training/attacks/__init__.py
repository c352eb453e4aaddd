"""Simulated presentation attacks: pure numpy and OpenCV, for training, calibration and figures that are called simulated."""

from converter.training.attacks.present import SPECIES, Picture, Presentation, Species, present, present_track

__all__ = ["SPECIES", "Picture", "Presentation", "Species", "present", "present_track"]
