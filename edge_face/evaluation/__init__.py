"""Numbers that a user can reproduce: recognition and detection on pictures of theirs (docs/evaluation.md), leaks, speed, memory."""
