"""What a picture must be as a network's input, said plainly: the reference that `preprocess.rs` is compared with.

    python3 reference.py WIDTH HEIGHT SCALED_WIDTH SCALED_HEIGHT INPUT_WIDTH INPUT_HEIGHT COLOUR RANGE PADDING

Reads the picture as RGB bytes, row after row, and writes the input `[channels, INPUT_HEIGHT, INPUT_WIDTH]` as 32-bit
floats, little-endian. COLOUR is rgb, bgr or grey, RANGE 255 or 1, PADDING edge or grey. Needs the standard library alone.

A scaled pixel is the mean over the area of the picture that it covers; where the picture grows, over one pixel around its
centre, which is linear interpolation.
"""

import struct
import sys

GREY_PADDING = 114.0  # what detectors of the YOLO family are padded with
LUMA = (0.299, 0.587, 0.114)  # BT.601


def covered(position, size, scaled_size):
    """The pixels along one axis that a scaled pixel covers: pairs of position and length, the lengths summing to 1."""
    step = size / scaled_size
    centre, half = (position + 0.5) * step, max(step, 1.0) / 2
    low, high = max(centre - half, 0.0), min(centre + half, float(size))
    lengths = [(at, min(high, at + 1) - max(low, at)) for at in range(size)]
    lengths = [(at, length) for at, length in lengths if length > 0]
    total = sum(length for _, length in lengths)
    return [(at, length / total) for at, length in lengths]


def scaled(picture, size, scaled_size):
    """`picture[y][x]`, three channels a pixel, made `scaled_size` (width, height)."""
    across = [covered(x, size[0], scaled_size[0]) for x in range(scaled_size[0])]
    down = [covered(y, size[1], scaled_size[1]) for y in range(scaled_size[1])]
    return [[[sum(h * w * picture[y][x][channel] for y, h in rows for x, w in columns) for channel in range(3)]
             for columns in across] for rows in down]


def channels(pixel, colour):
    """The channels of an RGB pixel as a network takes them."""
    if colour == "grey":
        return [sum(part * value for part, value in zip(LUMA, pixel))]
    return pixel[::-1] if colour == "bgr" else pixel


def main():
    width, height, scaled_width, scaled_height, input_width, input_height = map(int, sys.argv[1:7])
    colour, largest, padding = sys.argv[7], float(sys.argv[8]), sys.argv[9]
    values = iter(sys.stdin.buffer.read())
    picture = [[[next(values) for _ in range(3)] for _ in range(width)] for _ in range(height)]
    picture = scaled(picture, (width, height), (scaled_width, scaled_height))

    def pixel(x, y):
        if padding == "grey" and (x >= scaled_width or y >= scaled_height):
            return [GREY_PADDING] * (1 if colour == "grey" else 3)
        return channels(picture[min(y, scaled_height - 1)][min(x, scaled_width - 1)], colour)

    planes = zip(*(pixel(x, y) for y in range(input_height) for x in range(input_width)))
    for plane in planes:
        sys.stdout.buffer.write(struct.pack(f"<{len(plane)}f", *(value * largest / 255 for value in plane)))


main()
