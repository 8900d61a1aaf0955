"""Derives the person detector that measures heads from YOLOX-nano (Apache-2.0, COCO).

Of 80 classes the person stays; it takes RGB instead of BGR and any size that is a multiple of 32.
"""

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLUMNS_BEFORE_CLASSES = 5
PERSON = 0


CARD = """# Written by `python -m throng_training detector`.
name = "throng-people"
version = "0.1.0"
file = "{file}"
sha256 = "{sha256}"
licence = "Apache-2.0; trained on COCO"
source = "Ge et al., YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430 (YOLOX-nano 0.1.1), its class person, for RGB pictures of any size"

[input]
name = "image"
colour = "rgb"
range = "0..255"
multiple_of_px = 32
max_side_px = 1280
head_size_range_px = [4.0, 64.0]
padding = "grey"

[output]
kind = "boxes"
name = "boxes"
stride_px = 8

[output.boxes]
strides_px = [8, 16, 32]
classes = 1
person_class = 0
score_min = 0.3
iou_max = 0.45

[[training_data]]
name = "COCO 2017, train"
images = 118287
licence = "CC BY 4.0 (annotations), Flickr terms (pictures)"

[notes]
limits = "Tells how large heads are; it counts no crowds, because people who hide one another are missed."
"""


def derive(source: Path, target: Path) -> None:
    """Reads `yolox_nano.onnx`, writes the person detector and its card beside it."""
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
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_suffix(".toml").write_text(CARD.format(file=target.name, sha256=sha256))
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")


def _rename(graph, names: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for side in (node.input, node.output):
            side[:] = [names.get(name, name) for name in side]
