//! Value noise on the plane, for ground, walls and cloth.

/// A repeatable number in 0..1 for a lattice point.
pub(crate) fn hash01(x: i32, y: i32, salt: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x85EB_CA6B) ^ (y as u32).wrapping_mul(0xC2B2_AE35) ^ salt;
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    (h & 0x00FF_FFFF) as f32 / 16_777_216.0
}

/// `x` rounded down; much cheaper than the library's on processors without a rounding instruction.
pub(crate) fn floor(x: f32) -> i32 {
    let toward_zero = x as i32;
    toward_zero - i32::from(x < toward_zero as f32)
}

/// Smooth noise in 0..1 with lattice spacing 1.
pub(crate) fn value(x: f32, y: f32, salt: u32) -> f32 {
    let (xi, yi) = (floor(x), floor(y));
    let (fx, fy) = (x - xi as f32, y - yi as f32);
    let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
    let row = |y: i32| {
        let left = hash01(xi, y, salt);
        left + (hash01(xi.wrapping_add(1), y, salt) - left) * sx
    };
    let top = row(yi);
    top + (row(yi.wrapping_add(1)) - top) * sy
}

/// Four octaves of [`value`], in about 0..1.
pub(crate) fn fractal(x: f32, y: f32, salt: u32) -> f32 {
    let mut sum = 0.0;
    let (mut weight, mut step) = (0.5, 1.0);
    for octave in 0..4_u32 {
        sum += weight * value(x * step, y * step, salt.wrapping_add(octave * 101));
        weight *= 0.5;
        step *= 2.1;
    }
    sum / 0.9375
}
