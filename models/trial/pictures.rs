//! Made-up RGB pictures that no guard refuses: the same on every machine, and nobody's data.

/// Blocks of changing brightness, like houses and a street from far away.
pub fn street([width_px, height_px]: [usize; 2]) -> Vec<u8> {
    painted([width_px, height_px], |x, y| {
        let block = (x / 13 * 7 + y / 17 * 29) % 97;
        [block * 2, block + 40, 200 - block].map(|value| value as u8)
    })
}

/// Grains of 4 pixels in random colours, by `seed`: every cell of the network has something else to say.
pub fn grains([width_px, height_px]: [usize; 2], seed: u64) -> Vec<u8> {
    painted([width_px, height_px], |x, y| {
        let [red, green, blue, ..] =
            scrambled(seed ^ (((y as u64 / 4) << 32) | (x as u64 / 4))).to_le_bytes();
        [red, green, blue]
    })
}

/// Dark heads over bright shoulders on a ground that grows lighter downwards; where they stand follows from `seed`.
pub fn crowd([width_px, height_px]: [usize; 2], seed: u64) -> Vec<u8> {
    /// Side of the square that each person has, and radius of a head, pixels.
    const ROOM_PX: usize = 24;
    const HEAD_PX: usize = 6;
    painted([width_px, height_px], |x, y| {
        let ground = 90 + (80 * y / height_px.max(1)) as u8;
        let random = scrambled(seed ^ ((((y / ROOM_PX) as u64) << 32) | (x / ROOM_PX) as u64)) as usize;
        let (head_x, head_y) = (HEAD_PX + random % 12, HEAD_PX + random / 12 % 6);
        let apart = |at: usize, head: usize| (at % ROOM_PX).abs_diff(head);
        let (across, down) = (apart(x, head_x), apart(y, head_y));
        let is_below = y % ROOM_PX > head_y;
        if across * across + down * down <= HEAD_PX * HEAD_PX {
            [45, 35, 30]
        } else if is_below && across <= HEAD_PX {
            [random >> 8, random >> 16, random >> 24].map(|shade| 100 + (shade % 140) as u8)
        } else {
            [ground; 3]
        }
    })
}

fn painted([width_px, height_px]: [usize; 2], colour: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
    (0..height_px).flat_map(|y| (0..width_px).flat_map(|x| colour(x, y)).collect::<Vec<u8>>()).collect()
}

/// A number without visible relation to `value` (Steele, Lea and Flood 2014, `SplitMix64`).
fn scrambled(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{guard, picture::RgbView};

    #[test]
    fn no_guard_refuses_them_and_the_seed_decides() {
        let size_px = [640, 360];
        for picture in [street(size_px), grains(size_px, 1), crowd(size_px, 1)] {
            let view = RgbView::new(&picture, 640, 360, 3 * 640).unwrap();
            assert_eq!(guard::reason_not_to_count(view), None);
        }
        assert_eq!(grains(size_px, 7), grains(size_px, 7));
        assert_ne!(grains(size_px, 7), grains(size_px, 8));
        assert_ne!(crowd(size_px, 7), crowd(size_px, 8));
    }
}
