"""Writes a model in 8-bit integers: what CPUs with VNNI and small accelerators multiply several times faster."""

import random
import tempfile
from pathlib import Path

import numpy as np
import onnx

from .config import Config
from .evaluate import padded
from .train import load_sets

# Pictures that the ranges of activations are measured on, and their longest side: enough of every kind of scene.
CALIBRATION_PICTURES = 48
CALIBRATION_SIDE_PX = 640


class Pictures:
    """Training pictures, one after the other, as ONNX Runtime's calibration reads them."""

    def __init__(self, config: Config, data: Path):
        training, _ = load_sets(config, data)
        rng = random.Random(config.seed)
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


def quantise(config: Config, data: Path, model: Path, out: Path) -> None:
    """Quantises the convolutions of `model`; from the last one on, whose output is people, it stays in floating point."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        nodes = list(onnx.load(str(prepared)).graph.node)
        last = max(at for at, node in enumerate(nodes) if node.op_type == "Conv")
        quantize_static(
            str(prepared), str(out), Pictures(config, data), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=[node.name for node in nodes[last:]],
            op_types_to_quantize=["Conv", "Sigmoid", "Mul", "Concat", "MaxPool", "Resize", "Add"],
            calibrate_method=CalibrationMethod.MinMax,
        )
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")
