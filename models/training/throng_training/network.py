"""The counters: a trunk that looks at ever larger parts of the picture, a path back up, and a density head at stride 8.
The trunk of the compact one is YOLOX-nano's, that of the accurate one EfficientNet-Lite2's.

Input `[N, 3, H, W]`, RGB 0..255, H and W multiples of 32; output `[N, 1, H/8, W/8]`, people per cell, >= 0.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .efficient import EfficientTrunk

STRIDE_PX = 8
MULTIPLE_PX = 32


class Linear(nn.Module):
    """Convolution and batch normalisation; exported as one convolution."""

    def __init__(self, inside: int, outside: int, size: int = 1, stride: int = 1, groups: int = 1, dilation: int = 1):
        super().__init__()
        pad = (size - 1) // 2 * dilation
        self.conv = nn.Conv2d(inside, outside, size, stride, pad, dilation, groups, bias=False)
        self.norm = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class Conv(Linear):
    """Convolution, batch normalisation and SiLU."""

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(super().forward(x))


def spread(inside: int, outside: int, stride: int = 1, separable: bool = True) -> nn.Module:
    """A 3x3 convolution: of each channel, then a 1x1 across channels; or of all channels at once."""
    if separable:
        return nn.Sequential(Conv(inside, inside, 3, stride, inside), Conv(inside, outside))
    return Conv(inside, outside, 3, stride)


class Bottleneck(nn.Module):
    """1x1, then a 3x3, with an optional short cut."""

    def __init__(self, channels: int, add: bool):
        super().__init__()
        self.narrow, self.wide, self.add = Conv(channels, channels), spread(channels, channels), add

    def forward(self, x: Tensor) -> Tensor:
        y = self.wide(self.narrow(x))
        return x + y if self.add else y


class Residual(nn.Module):
    """A full 3x3 convolution beside the short cut: small heads close together need every channel's neighbours."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.change = Linear(channels, channels, 3, dilation=dilation)
        nn.init.zeros_(self.change.norm.weight)  # begins as the short cut alone

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.change(x))


class CrossStage(nn.Module):
    """Half of the channels go through bottlenecks, half go past them."""

    def __init__(self, inside: int, outside: int, depth: int, add: bool = True):
        super().__init__()
        half = outside // 2
        self.through, self.past = Conv(inside, half), Conv(inside, half)
        self.blocks = nn.Sequential(*[Bottleneck(half, add) for _ in range(depth)])
        self.join = Conv(2 * half, outside)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat((self.blocks(self.through(x)), self.past(x)), 1))


class Pyramid(nn.Module):
    """Maxima over growing windows: what is around a cell, out to 13 cells of stride 32."""

    def __init__(self, channels: int):
        super().__init__()
        self.narrow, self.join = Conv(channels, channels // 2), Conv(channels * 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(x)
        return self.join(torch.cat([x] + [F.max_pool2d(x, size, 1, size // 2) for size in (5, 9, 13)], 1))


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


@dataclass(frozen=True)
class Shape:
    """How large a counter is."""

    widths: tuple[int, int, int, int, int]  # channels at strides 2, 4, 8, 16 and 32
    depths: tuple[int, int, int, int]  # bottlenecks at strides 4, 8, 16 and 32; 0 at stride 4: one step from 2 to 4
    head: int  # channels of the density head
    dilations: tuple[int, ...]  # of the head's full 3x3 convolutions: 1 for neighbours, 2 for every second; (): a bottleneck
    fine: bool  # whether stride 4 has a full convolution of its own for small heads
    efficient: bool = False  # the trunk of EfficientNet-Lite2 instead; widths are those of the path back up


SHAPES = {
    # YOLOX-nano's trunk: widths and depths must not change, or its weights do not fit.
    "compact": Shape((16, 32, 64, 128, 256), (1, 3, 3, 1), 64, (2, 1), True),
    # Widths whose halves are multiples of 8 or 16: others are much slower on CPUs for the same work.
    "nano": Shape((8, 16, 32, 64, 96), (0, 2, 2, 1), 48, (2, 1), False),
    "accurate": Shape((0, 0, 128, 192, 0), (0, 0, 0, 0), 160, (1, 2, 3, 2, 1), True, efficient=True),
}


# Side of the neighbourhood in cells, and the people in it below which it is taken for empty: see README.md.
SPECK_CELLS = 5
SPECK_PEOPLE = 0.35


def without_specks(density: Tensor) -> Tensor:
    """Empties each cell `[N, 1, h, w]` all of whose neighbourhoods hold clearly less than one person.

    A mean that is right over many scenes leaves a little of a person on each lamp, cone and trunk of one scene, and over
    a wide picture those add up. A head gives about 1 to its neighbourhood wherever it stands.
    """
    near = F.avg_pool2d(density, SPECK_CELLS, 1, SPECK_CELLS // 2) * SPECK_CELLS**2
    return density * (F.max_pool2d(near, SPECK_CELLS, 1, SPECK_CELLS // 2) > SPECK_PEOPLE)


def shrunk(density: Tensor, beyond: float, slope: float) -> Tensor:
    """What a cell `[N, 1, h, w]` holds beyond `beyond` people counts by `slope` only.

    The densest cells of a new scene are dense in part because the network is wrong there, which it never is on scenes
    that it has learned by heart. `beyond` and `slope` come from held-out pictures: see README.md. A slope of 1: as seen.
    """
    if slope == 1:
        return density
    return density.clamp(max=beyond) + slope * F.relu(density - beyond)


class CrossStageTrunk(nn.Module):
    """Features `[N, C, H/s, W/s]` at the strides s of 4, 8, 16 and 32 of a picture `[N, 3, H, W]`, RGB 0..255."""

    def __init__(self, shape: Shape):
        super().__init__()
        at2, at4, at8, at16, at32 = shape.widths
        deep4, deep8, deep16, deep32 = shape.depths
        self.channels = shape.widths[1:]

        def stage(inside: int, outside: int, depth: int) -> nn.Module:
            return nn.Sequential(spread(inside, outside, 2), CrossStage(outside, outside, depth))

        # 3x3 blocks of 2x2 pixels.
        self.stem = Conv(3, at2, 6, 2) if deep4 else Conv(3, at4, 6, 4)
        self.stage4 = stage(at2, at4, deep4) if deep4 else nn.Identity()
        self.stage8, self.stage16 = stage(at4, at8, deep8), stage(at8, at16, deep16)
        self.stage32 = nn.Sequential(spread(at16, at32, 2), Pyramid(at32), CrossStage(at32, at32, deep32, add=False))

    def forward(self, image: Tensor) -> list[Tensor]:
        at4 = self.stage4(self.stem(image))
        at8 = self.stage8(at4)
        at16 = self.stage16(at8)
        return [at4, at8, at16, self.stage32(at16)]


class Counter(nn.Module):
    """Trunk down to stride 32, back up to stride 8, joined with fine detail of stride 4, then the density head."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.down = EfficientTrunk() if shape.efficient else CrossStageTrunk(shape)
        in4, in8, in16, in32 = self.down.channels
        at8, at16 = shape.widths[2:4]
        self.narrow32, self.up16 = Conv(in32, at16), CrossStage(at16 + in16, at16, 1, add=False)
        self.narrow16, self.up8 = Conv(at16, at8), CrossStage(at8 + in8, at8, 1, add=False)
        detail = shape.head if shape.fine else in4
        self.fine = nn.Sequential(*([Residual(in4)] if shape.fine else []), spread(in4, detail, 2, not shape.fine))
        self.mix = spread(at8 + detail, shape.head, 1, not shape.fine)
        self.around = (nn.Sequential(*[Residual(shape.head, dilation) for dilation in shape.dilations])
                       or Bottleneck(shape.head, add=True))
        self.density = nn.Conv2d(shape.head, 1, 1)
        nn.init.normal_(self.density.weight, std=0.02)
        nn.init.constant_(self.density.bias, -4.0)  # softplus(-4) = 0.02 people a cell: begin near empty

    def trunk(self) -> list[nn.Module]:
        """The parts that initial weights exist for; of the cross-stage ones in the order of YOLOX' convolutions."""
        whole = isinstance(self.down, CrossStageTrunk)
        return [self.down, self.narrow32, self.up16, self.narrow16, self.up8] if whole else [self.down]

    def forward(self, image: Tensor) -> Tensor:
        at4, at8, at16, at32 = self.down(image)
        at16 = self.narrow16(self.up16(torch.cat((_double(self.narrow32(at32)), at16), 1)))
        at8 = self.up8(torch.cat((_double(at16), at8), 1))
        y = self.around(self.mix(torch.cat((at8, self.fine(at4)), 1)))
        return F.softplus(self.density(y).float())
