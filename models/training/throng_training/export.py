"""Writes the averaged weights as ONNX and proves that ONNX Runtime computes what torch does."""

from pathlib import Path

import numpy as np
import torch

from .config import Config
from .evaluate import onnx_counter
from .network import MULTIPLE_PX, SHAPES, Counter, shrunk, without_specks

OPSET = 17
TOLERANCE = 1e-3


class Shipped(torch.nn.Module):
    """What is exported: the network as trained, its specks taken out, and what it sees too much of in dense cells."""

    def __init__(self, network: Counter, config: Config):
        super().__init__()
        self.network = network
        self.beyond, self.slope = config.dense_beyond, config.dense_slope

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return shrunk(without_specks(self.network(image)), self.beyond, self.slope)


def export(checkpoint: Path, model: Path, config: Config) -> None:
    """Exports with free batch, height and width."""
    network = Counter(SHAPES[config.network])
    network.load_state_dict(torch.load(checkpoint, map_location="cpu")["average"])
    export_network(Shipped(network, config).eval(), model)


def export_network(network: Shipped, model: Path) -> None:
    """Exports a network and checks it."""
    model.parent.mkdir(parents=True, exist_ok=True)
    size = 4 * MULTIPLE_PX
    torch.onnx.export(
        network, (torch.zeros(1, 3, size, size),), str(model), opset_version=OPSET, dynamo=False,
        input_names=["image"], output_names=["density"],
        dynamic_axes={"image": {0: "n", 2: "h", 3: "w"}, "density": {0: "n", 2: "h8", 3: "w8"}},
    )
    print(f"{model}: {model.stat().st_size / 1e6:.2f} MB, {sum(p.numel() for p in network.parameters())} parameters, "
          f"differs from torch by at most {check(network, model):.2e} people a cell")


def check(network: Shipped, model: Path, seed: int = 1) -> float:
    """Largest difference over pictures of random sizes, in people a cell; an error above the tolerance."""
    rng = np.random.default_rng(seed)
    density_of, worst = onnx_counter(model), 0.0
    for _ in range(6):
        high, wide = rng.integers(1, 25, 2) * MULTIPLE_PX
        rgb = rng.integers(0, 256, (high, wide, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = network(torch.from_numpy(rgb.transpose(2, 0, 1)[None].copy()).float())[0, 0].numpy()
        worst = max(worst, float(np.abs(density_of(rgb) - expected).max()))
    if not worst <= TOLERANCE:
        raise SystemExit(f"{model}: ONNX Runtime differs from torch by {worst:.2e} people a cell, over {TOLERANCE}")
    return worst
