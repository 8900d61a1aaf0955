"""A trained counter whose map is learned beside the truth."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from .config import Config
from .initial import load
from .network import SHAPES, Counter

Teacher = Callable[[Tensor], Tensor]


def teacher_of(config: Config, device: torch.device) -> Teacher | None:
    """Density `[N, 1, H/8, W/8]` of pictures `[N, 3, H, W]` by the configured teacher; None where there is none."""
    if not config.teacher:
        return None
    if config.teacher.endswith(".onnx") and device.type == "cpu":
        return _exported(Path(config.teacher))
    network = Counter(SHAPES[config.teacher_network])
    load(network, Path(config.teacher))
    return network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def _exported(model: Path) -> Teacher:
    """By ONNX Runtime, which is more than twice as fast as torch on a CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Its threads must not wait busily while torch's work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda image: torch.from_numpy(session.run(["density"], {"image": image.contiguous().numpy()})[0])
