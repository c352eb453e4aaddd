"""The audit log: who decided what at this door, append-only, hash-chained, without names."""
