"""From a float model to TFLite files: engines, calibration, mixed precision, damage by layer, fine-tuning for int8."""

from converter.conversion.choose import choose_float
from converter.conversion.convert import Conversion, convert
from converter.conversion.damage import damage
from converter.conversion.finetune import finetune

__all__ = ["Conversion", "choose_float", "convert", "damage", "finetune"]
