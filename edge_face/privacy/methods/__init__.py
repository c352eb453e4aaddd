"""One file a method; `edge_face.privacy.registry` finds them by name."""
