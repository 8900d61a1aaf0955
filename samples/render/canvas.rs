//! The picture while it is painted: colours in floating point, and who owns each pixel.

/// Colour in 0..255, red, green, blue; values above 255 are light that the sensor will clip.
pub type Colour = [f32; 3];

/// Nobody: ground, sky, walls.
pub(crate) const NOBODY: u32 = 0;

/// A picture under the brush.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Pixels across.
    pub width_px: usize,
    /// Pixels down.
    pub height_px: usize,
    /// Row-major colours.
    pub colours: Vec<Colour>,
    /// Row-major marks: 0, or `1 + index` of the person whose head shows there.
    pub(crate) head_owner: Vec<u32>,
}

impl Canvas {
    /// A black picture.
    pub fn new(width_px: usize, height_px: usize) -> Self {
        let n = width_px * height_px;
        Self { width_px, height_px, colours: vec![[0.0; 3]; n], head_owner: vec![NOBODY; n] }
    }

    /// Takes over another picture of the same size without allocating.
    pub fn copy_from(&mut self, other: &Self) {
        self.colours.copy_from_slice(&other.colours);
        self.head_owner.copy_from_slice(&other.head_owner);
    }

    /// Lays `colour` over a pixel with `cover` in 0..1; whoever covers more than half owns it.
    pub(crate) fn blend(&mut self, at: usize, colour: Colour, cover: f32, owner: u32) {
        let pixel = &mut self.colours[at];
        for (below, above) in pixel.iter_mut().zip(colour) {
            *below += (above - *below) * cover;
        }
        if cover > 0.5 {
            self.head_owner[at] = owner;
        }
    }
}

/// `colour` times `factor`.
pub(crate) fn lit(colour: Colour, factor: f32) -> Colour {
    [colour[0] * factor, colour[1] * factor, colour[2] * factor]
}

/// From `a` to `b` by `share` in 0..1.
pub(crate) fn mixed(a: Colour, b: Colour, share: f32) -> Colour {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}
