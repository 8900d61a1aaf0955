"""Derives the detector of scattered people from YOLOX-nano (Apache-2.0, COCO): what a density map does worst.

Of 80 classes the person stays; it takes RGB instead of BGR and any size that is a multiple of 32, so that it looks at the
very input that the density counter was given.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLUMNS_BEFORE_CLASSES = 5
PERSON = 0


def derive(source: Path, target: Path) -> None:
    """Reads `yolox_nano.onnx` and writes the person detector."""
    model = onnx.load(str(source))
    graph = model.graph
    tensors = {t.name: t for t in graph.initializer}

    def change(name: str, value: np.ndarray) -> None:
        tensors[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))

    stem = next(node for node in graph.node if node.op_type == "Conv")
    weight = numpy_helper.to_array(tensors[stem.input[1]])
    channels = len(weight)
    change(stem.input[1], weight.reshape(channels, 4, 3, 3, 3)[:, :, ::-1].reshape(weight.shape))
    for node in graph.node:
        if node.op_type == "Conv" and ".cls_preds." in node.input[1]:
            for name in node.input[1:]:
                change(name, numpy_helper.to_array(tensors[name])[PERSON : PERSON + 1])
        elif node.op_type == "Reshape":  # [N, columns, rows] with the size left open
            change(node.input[1], np.array([0, COLUMNS_BEFORE_CLASSES + 1, -1]))
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"]))
    graph.output.append(helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", "rows", COLUMNS_BEFORE_CLASSES + 1]))
    _rename(graph, {"images": "image", "output": "boxes"})
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _rename(graph, names: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
