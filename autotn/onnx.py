"""``onnx``: models are not exported."""

from __future__ import annotations

from typing import Any, NoReturn


def export(model: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is no ONNX exporter."""
    raise NotImplementedError(
        "onnx.export: models are not exported to ONNX; save the weights with "
        "tn.save(model.state_dict(), 'model.pt'), load them into the same model in PyTorch and export there"
    )


dynamo_export = export


def is_in_onnx_export() -> bool:
    """False."""
    return False
