"""The image teacher: MobileNetV2 (Sandler et al. 2018), read from its quantised TFLite file.

A TFLite interpreter runs one picture at a time on a CPU. Distilling on augmented crops wants
thousands a second, on a GPU too, so the file's integers are turned back into float32 weights
(``scale * (q - zero_point)``) and its list of operations is replayed in torch. The activations
stay in float32; the interpreter rounds them to 8 bits, so both agree up to that rounding.

The teacher is a development tool: nothing of it is shipped, and no tower starts from its weights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from binocle.types import Float32Array

_Kind: TypeAlias = Literal["conv", "depthwise", "add", "pool"]
_KINDS: dict[str, _Kind] = {
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise",
    "ADD": "add",
    "AVERAGE_POOL_2D": "pool",
}
FEATURE_WIDTH = 1280
INPUT_SIZE = 224


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of the network.

    Attributes:
        kind: What it does.
        inputs: The tensors it reads; 0 is the picture.
        output: The tensor it writes.
        weight: ``(out, in / groups, height, width)`` float32, of a convolution.
        bias: ``(out,)`` float32, of a convolution.
        stride: Of a convolution.
        is_clipped: Whether ReLU6 follows.
    """

    kind: _Kind
    inputs: tuple[int, ...]
    output: int
    weight: Float32Array | None = None
    bias: Float32Array | None = None
    stride: int = 1
    is_clipped: bool = False


def read_tflite(path: Path) -> list[Operation]:
    """Read the operations up to the logits (``ai-edge-litert`` must be installed).

    Returns:
        The operations in order; the last two are the pooled features and the logits.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}

    operations = []
    for one in interpreter._get_ops_details():  # noqa: SLF001 - the only list of operations
        kind = _KINDS.get(one["op_name"])
        if kind is None:
            break  # softmax and what the interpreter adds for itself
        inputs, output = [int(index) for index in one["inputs"]], int(one["outputs"][0])
        if kind in {"add", "pool"}:
            operations.append(Operation(kind, tuple(inputs), output))
            continue
        weight = _floats(interpreter, tensors[inputs[1]])
        weight = weight.transpose((3, 0, 1, 2) if kind == "depthwise" else (0, 3, 1, 2))
        before, after = tensors[inputs[0]]["shape"], tensors[output]["shape"]
        scale, zero = tensors[output]["quantization"]
        operations.append(
            Operation(
                kind,
                (inputs[0],),
                output,
                np.ascontiguousarray(weight),
                _floats(interpreter, tensors[inputs[2]]),
                stride=int(before[1]) // int(after[1]),
                is_clipped=zero == 0 and abs(scale * 255 - 6) < 0.1,
            )
        )
        if weight.shape[0] == 1001:
            break
    return operations


def _floats(interpreter: Any, tensor: dict[str, Any]) -> Float32Array:
    """Return a quantised tensor's numbers."""
    scale, zero = tensor["quantization"]
    whole = interpreter.get_tensor(tensor["index"]).astype(np.float32)
    return cast("Float32Array", (whole - zero) * np.float32(scale))


class Teacher(nn.Module):
    """The network of ``read_tflite`` in torch."""

    def __init__(self, operations: list[Operation]) -> None:
        """Take the weights over; they are buffers, never trained."""
        super().__init__()
        self._operations = operations
        for one in operations:
            if one.weight is not None:
                self.register_buffer(f"weight{one.output}", torch.from_numpy(one.weight))
                self.register_buffer(f"bias{one.output}", torch.from_numpy(one.bias))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embed pictures.

        Args:
            pixels: ``(n, 3, 224, 224)`` RGB in 0 to 255.

        Returns:
            ``(n, 1280)`` pooled features, not negative, and ``(n, 1001)`` logits (0 is
            "background", then ImageNet's classes in order).
        """
        # uint8 to the interpreter's own range: scale 1/128, zero point 128
        known: dict[int, torch.Tensor] = {0: (pixels - 128) / 128}
        features = known[0]
        for one in self._operations:
            known[one.output] = self._step(one, *(known[index] for index in one.inputs))
            if one.kind == "pool":
                features = known[one.output].flatten(1)
        return features, known[self._operations[-1].output].flatten(1)

    def _step(self, one: Operation, *inputs: torch.Tensor) -> torch.Tensor:
        if one.kind == "add":
            return inputs[0] + inputs[1]
        rows = inputs[0]
        if one.kind == "pool":
            return rows.mean((2, 3), keepdim=True)
        weight = self.get_buffer(f"weight{one.output}")
        side = weight.shape[-1]
        # TensorFlow's SAME padding: what is odd goes to the right and the bottom
        total = max(side - one.stride, 0) if rows.shape[-1] % one.stride == 0 else side - 1
        before, after = total // 2, total - total // 2
        if total:
            rows = functional.pad(rows, (before, after, before, after))
        groups = rows.shape[1] if one.kind == "depthwise" else 1
        rows = functional.conv2d(
            rows, weight, self.get_buffer(f"bias{one.output}"), one.stride, groups=groups
        )
        return rows.clamp(0, 6) if one.is_clipped else rows


def save_operations(operations: list[Operation], path: Path) -> None:
    """Write the operations to a file that is read without TFLite."""
    table: dict[str, Any] = {"count": np.array(len(operations))}
    for number, one in enumerate(operations):
        facts = [one.output, one.stride, int(one.is_clipped), *one.inputs]
        table[f"{number}.{one.kind}"] = np.array(facts)
        if one.weight is not None:
            table[f"{number}.weight"], table[f"{number}.bias"] = one.weight, one.bias
    np.savez_compressed(path, **table)


def load_operations(path: Path) -> list[Operation]:
    """Read what ``save_operations`` wrote."""
    operations = []
    with np.load(path) as table:
        for number in range(int(table["count"])):
            kinds: tuple[_Kind, ...] = ("conv", "depthwise", "add", "pool")
            kind = next(kind for kind in kinds if f"{number}.{kind}" in table)
            output, stride, clipped, *inputs = (int(fact) for fact in table[f"{number}.{kind}"])
            has_weight = f"{number}.weight" in table
            operations.append(
                Operation(
                    kind,
                    tuple(inputs),
                    output,
                    table[f"{number}.weight"] if has_weight else None,
                    table[f"{number}.bias"] if has_weight else None,
                    stride,
                    bool(clipped),
                )
            )
    return operations
