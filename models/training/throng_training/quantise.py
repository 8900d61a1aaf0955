"""Writes a model in 8-bit integers: what CPUs with VNNI and small accelerators multiply several times faster."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from .config import Config
from .data import Picture
from .evaluate import padded
from .train import load_sets

# Pictures that the ranges of activations are measured on, and as many others for the last layer; their longest side.
CALIBRATION_PICTURES = 48
CALIBRATION_SIDE_PX = 640
# What sees the pixels themselves stays in floating point. Its values reach as far as light and contrast do, and in 256
# steps of that all that is dull is gone: a third of a dense crowd.
IN_FLOATING_POINT = ("/network/down/stem/", "/network/down/stage4/stage4.0/")
# People of a cell that are added to its variance when the last layer is fitted: nobody is not known without error either.
SPREAD_PEOPLE = 0.02
# Weight of the last layer as it was, against what the pictures say.
RIDGE = 1e-3


class Pictures:
    """Training pictures, one after the other, as ONNX Runtime's calibration reads them."""

    def __init__(self, training: list[list[Picture]], seed: int):
        rng = random.Random(seed)
        pictures = [rng.choice(rng.choice([s for s in training if s])) for _ in range(CALIBRATION_PICTURES)]
        self._inputs = iter([self._input(p.rgb, rng) for p in pictures])

    @staticmethod
    def _input(rgb: np.ndarray, rng: random.Random) -> dict[str, np.ndarray]:
        high, wide = (max(0, side - CALIBRATION_SIDE_PX) for side in rgb.shape[:2])
        y, x = rng.randint(0, high), rng.randint(0, wide)
        part = padded(rgb[y : y + CALIBRATION_SIDE_PX, x : x + CALIBRATION_SIDE_PX])
        return {"image": np.ascontiguousarray(part.transpose(2, 0, 1)[None], np.float32)}

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, or None at the end."""
        return next(self._inputs, None)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self._inputs


def quantise(config: Config, data: Path, model: Path, out: Path) -> None:
    """Quantises all between the first layers and the last one of `model`, from which on it stays in floating point: its
    output is people. That one is fitted anew."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    training, _ = load_sets(config, data)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        nodes = list(onnx.load(str(prepared)).graph.node)
        last = max(at for at, node in enumerate(nodes) if node.op_type == "Conv")
        kept = [n.name for at, n in enumerate(nodes) if at >= last or n.name.startswith(IN_FLOATING_POINT)]
        quantize_static(
            str(prepared), str(out), Pictures(training, config.seed), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=kept,
            op_types_to_quantize=["Conv", "Sigmoid", "Mul", "Concat", "MaxPool", "Resize", "Add"],
            calibrate_method=CalibrationMethod.MinMax, extra_options={"CalibMovingAverage": True},
        )
        _fit_last(prepared, out, Pictures(training, config.seed + 1))
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def _fit_last(exact: Path, quantised: Path, pictures: Pictures) -> None:
    """Fits the last convolution of `quantised` to the output of that of `exact`, by least squares over all cells.

    Rounding pulls every layer's values a little to one side, and over a dense crowd that adds up: up to a tenth of the
    people, more or fewer by the pictures that the ranges came from. The last layer sees it all, and can take it out.
    """
    graph = onnx.load(str(quantised))
    weight, bias = _last(graph).input[1:]
    tensors = {t.name: t for t in graph.graph.initializer}
    before = np.append(numpy_helper.to_array(tensors[weight]).ravel(), numpy_helper.to_array(tensors[bias]))
    exact_graph = onnx.load(str(exact))
    seen_by, wanted_of = _values(graph, _last(graph).input[0]), _values(exact_graph, _last(exact_graph).output[0])
    normal, right = np.zeros((before.size, before.size)), np.zeros(before.size)
    for picture in pictures:
        seen = seen_by(picture)[0].reshape(before.size - 1, -1)
        seen = np.vstack([seen, np.ones(seen.shape[1])]).astype(float)
        wanted = wanted_of(picture).ravel().astype(float)
        # People are log(1 + exp(wanted)), of which this is the derivative; each cell counts by its Poisson spread.
        change = 1 / (1 + np.exp(-wanted))
        weighted = seen * (change**2 / (np.logaddexp(0, wanted) + SPREAD_PEOPLE))
        normal += weighted @ seen.T
        right += weighted @ wanted
    hold = RIDGE * np.trace(normal) / before.size
    fitted = np.linalg.solve(normal + hold * np.eye(before.size), right + hold * before).astype(np.float32)
    for name, values in ((weight, fitted[:-1]), (bias, fitted[-1:])):
        tensors[name].CopyFrom(numpy_helper.from_array(values.reshape(tuple(tensors[name].dims)), name))
    onnx.save(graph, str(quantised))


def _last(graph: onnx.ModelProto) -> onnx.NodeProto:
    return [node for node in graph.graph.node if node.op_type == "Conv"][-1]


def _values(graph: onnx.ModelProto, name: str):
    """What a graph computes under `name`, of one input."""
    import onnxruntime

    opened = onnx.ModelProto()
    opened.CopyFrom(graph)
    opened.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run([name], inputs)[0]
