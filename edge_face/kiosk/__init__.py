"""The pages: one beside the door, and the owner's. A process of its own, without keys, people or pins: it asks the daemon."""
