"""Counts annotated pictures with a model and sums up the errors."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .augment import ignore_mask
from .data import Picture
from .network import MULTIPLE_PX

# A counter maps `[H, W, 3] uint8`, H and W multiples of 32, to `[H/8, W/8]` people per cell.
DensityOf = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Errors:
    """Counts of a set of pictures and what follows from them, in people."""

    predicted: list[float]
    true: list[int]

    @property
    def mae(self) -> float:
        """Mean absolute error."""
        return statistics.fmean(abs(p - t) for p, t in zip(self.predicted, self.true))

    @property
    def rmse(self) -> float:
        """Root of the mean squared error."""
        return statistics.fmean((p - t) ** 2 for p, t in zip(self.predicted, self.true)) ** 0.5

    @property
    def bias(self) -> float:
        """Mean of predicted minus true."""
        return statistics.fmean(p - t for p, t in zip(self.predicted, self.true))

    def summary(self) -> dict[str, float]:
        """The figures of one row of a report."""
        return {"images": len(self.true), "people": round(statistics.fmean(self.true), 2), "mae": round(self.mae, 2),
                "rmse": round(self.rmse, 2), "bias": round(self.bias, 2)}


def padded(rgb: np.ndarray) -> np.ndarray:
    """Repeats the last row and column up to the next multiple of the network, as the program does."""
    high, wide = rgb.shape[:2]
    return np.pad(rgb, ((0, -high % MULTIPLE_PX), (0, -wide % MULTIPLE_PX), (0, 0)), mode="edge")


def masked_density(density_of: DensityOf, picture: Picture) -> np.ndarray:
    """People per cell `[H/8, W/8]` of a picture at its own size; regions without truth count as empty."""
    density = density_of(padded(picture.rgb))
    boxes = picture.ignore_in_image
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
    return density * ignore_mask(corners, *density.shape)


def count_errors(density_of: DensityOf, pictures: list[Picture]) -> Errors:
    """Counts every picture."""
    return Errors([float(masked_density(density_of, p).sum()) for p in pictures], [len(p.heads_in_image) for p in pictures])


def onnx_counter(model: Path, threads: int = 2) -> DensityOf:
    """A counter that runs an exported model by ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def density_of(rgb: np.ndarray) -> np.ndarray:
        image = np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32)
        return session.run(["density"], {"image": image})[0][0, 0]

    return density_of


def torch_counter(network, device) -> DensityOf:
    """A counter that runs a network in training on its device, in bfloat16 as it is trained."""
    import torch

    network.eval()

    def density_of(rgb: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(rgb.transpose(2, 0, 1)[None].copy()).to(device).float()
        with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
            return network(image.contiguous(memory_format=torch.channels_last))[0, 0].float().cpu().numpy()

    return density_of
