"""The bundled synthetic people and clips (CC0, see PROVENANCE.md)."""
