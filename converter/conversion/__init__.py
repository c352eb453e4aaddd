"""From a float model to TFLite files: engines, calibration, mixed precision, damage by layer, fine-tuning for int8."""
