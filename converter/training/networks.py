"""A recipe's [network] built: the kind looked up, the other keys checked against its builder."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from edge_face.errors import SettingsError


def _builders() -> dict[str, Callable[..., Any]]:
    from converter.training import embedder_net, glance_net

    builders: dict[str, Callable[..., Any]] = {"residual": embedder_net.build, "glance": glance_net.build}
    try:
        from converter.training.nets import NETWORKS
    except ImportError as error:
        if error.name != "converter.training.nets":
            raise
    else:
        builders.update(NETWORKS)
    return builders


def build_network(network: Mapping[str, Any]) -> Any:
    """The Keras model that `kind` (default "residual") and its builder's keys describe. Raises SettingsError."""
    builders = _builders()
    kind = network.get("kind", "residual")
    if kind not in builders:
        raise SettingsError(f"[network] kind is {kind!r}: known are {', '.join(builders)}")
    keys = {key: value for key, value in network.items() if key != "kind"}
    allowed = inspect.signature(builders[kind]).parameters
    if unknown := [key for key in keys if key not in allowed]:
        raise SettingsError(f"[network] {unknown[0]} is no key of {kind}: allowed are {', '.join(allowed)}")
    try:
        return builders[kind](**keys)
    except (ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SettingsError(f"[network] cannot be built as {kind}: {reason[:200]}") from error
