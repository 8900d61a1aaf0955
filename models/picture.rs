//! A borrowed RGB picture: the one thing every counter takes in.

/// Packed 8-bit RGB pixels in memory that belongs to someone else (a decoder's buffer, a still).
#[derive(Clone, Copy, Debug)]
pub struct RgbView<'a> {
    data: &'a [u8],
    width_px: usize,
    height_px: usize,
    stride_bytes: usize,
}

impl<'a> RgbView<'a> {
    /// A view of `height_px` rows of `width_px` RGB triples, rows `stride_bytes` apart.
    /// `None` where `data` is too short for that, a row does not fit its stride, or the picture is empty.
    pub fn new(data: &'a [u8], width_px: usize, height_px: usize, stride_bytes: usize) -> Option<Self> {
        let row_bytes = width_px.checked_mul(3)?;
        let last_row_at = stride_bytes.checked_mul(height_px.checked_sub(1)?)?;
        let fits =
            width_px > 0 && row_bytes <= stride_bytes && last_row_at.checked_add(row_bytes)? <= data.len();
        fits.then_some(Self { data, width_px, height_px, stride_bytes })
    }

    /// Width in pixels.
    pub fn width_px(&self) -> usize {
        self.width_px
    }

    /// Height in pixels.
    pub fn height_px(&self) -> usize {
        self.height_px
    }

    /// Bytes from one row's start to the next.
    pub fn stride_bytes(&self) -> usize {
        self.stride_bytes
    }

    /// Row `y` as `3 * width_px` bytes, R G B R G B ...; empty past the last row.
    pub fn row(&self, y: usize) -> &'a [u8] {
        if y >= self.height_px {
            return &[];
        }
        let start = y * self.stride_bytes;
        &self.data[start..start + 3 * self.width_px]
    }
}
