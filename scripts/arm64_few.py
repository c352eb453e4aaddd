"""A pytest plugin: property tests try few examples. Emulated, each costs thirty times as much, and it is the processor that is tested."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("few", max_examples=5, stateful_step_count=10, deadline=None, derandomize=True,
                          suppress_health_check=list(HealthCheck))
