//! A day of windows in one row: what a report needs of each of them, and all of them in one.
//!
//! A report over a year of 200 zones asks for 1.75 million windows of an hour, and of each only how many people there were
//! and how dense it was. As rows of their own they cost two microseconds each, as parts of a packed day some nanoseconds.
//! Days are those of UTC, so that a report by any clock can be made of them. A packed day is never older than its windows:
//! a trigger takes it away in the transaction that writes one (`store/days.rs`), and later it is packed anew.
//! Where a day is not packed, its windows are read.

use crate::{
    error::HistoryError,
    resolution::Resolution,
    rollup::{LineRollup, Mean, Rollup, ZoneRollup},
    store::{SeriesKind, Store, columns},
};

/// Length of a day, seconds.
pub(crate) const DAY_SECS: i64 = 86_400;
/// Windows of these lengths are packed: those that reports are made of.
pub(crate) const PACKED: [Resolution; 2] = [Resolution::QuarterHour, Resolution::Hour];

/// What a report needs of a window of a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Crowd {
    pub(crate) people: Mean,
    pub(crate) density: Mean,
    /// Highest local density, people/m2.
    pub(crate) density_max: Option<f64>,
}

/// A series over a period: all of it in one, and what a report needs of each window by its start, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Course<R: Packed> {
    pub(crate) whole: R,
    pub(crate) windows: Vec<(i64, R::Part)>,
}

/// Windows that can be packed.
pub(crate) trait Packed: Rollup {
    /// What a report needs of one.
    type Part: Clone + std::fmt::Debug + PartialEq;
    /// What they are of.
    const KIND: SeriesKind;

    /// What a report needs of this one.
    fn part(&self) -> Self::Part;
    /// Reads them.
    fn read(
        store: &mut dyn Store,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Self)>, HistoryError>;
    /// Writes what all of them come to.
    fn write_whole(&self, bytes: &mut Vec<u8>);
    /// Adds it; `None` where the bytes are damaged.
    fn merge_whole(&mut self, bytes: &mut &[u8]) -> Option<()>;
    /// Writes a part.
    fn write_part(part: &Self::Part, window_secs: f64, bytes: &mut Vec<u8>);
    /// Reads a part, and adds it where no whole was written; `None` where the bytes are damaged.
    fn read_part(&mut self, window_secs: f64, bytes: &mut &[u8]) -> Option<Self::Part>;
}

impl Packed for ZoneRollup {
    type Part = Crowd;
    const KIND: SeriesKind = SeriesKind::Zone;

    fn part(&self) -> Crowd {
        Crowd { people: self.people, density: self.density, density_max: self.density_max }
    }

    fn read(
        store: &mut dyn Store,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Self)>, HistoryError> {
        store.zone_windows(resolution, series, from, to)
    }

    fn write_whole(&self, bytes: &mut Vec<u8>) {
        write_numbers(&columns::zone_numbers(self), f64::NAN, bytes);
        let bins = self.density_bins.to_bytes();
        // 161 bins of at most 10 bytes each.
        bytes.extend((bins.len() as u16).to_le_bytes());
        bytes.extend(bins);
    }

    fn merge_whole(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let numbers = read_numbers(f64::NAN, bytes)?;
        let length = u16::from_le_bytes(*bytes.split_off(..2)?.first_chunk()?);
        let bins = bytes.split_off(..usize::from(length))?;
        self.merge(&columns::zone_of(&numbers, &[]));
        self.density_bins.merge_bytes(bins);
        Some(())
    }

    fn write_part(part: &Crowd, window_secs: f64, bytes: &mut Vec<u8>) {
        let [people, people_secs] = columns::known(part.people);
        let [density, density_secs] = columns::known(part.density);
        write_numbers(&[people, people_secs, density, density_secs, part.density_max], window_secs, bytes);
    }

    fn read_part(&mut self, window_secs: f64, bytes: &mut &[u8]) -> Option<Crowd> {
        let [people, people_secs, density, density_secs, density_max] = read_numbers(window_secs, bytes)?;
        let (people, density) = (Mean::of(people, people_secs), Mean::of(density, density_secs));
        Some(Crowd { people, density, density_max })
    }
}

impl Packed for LineRollup {
    type Part = Self;
    const KIND: SeriesKind = SeriesKind::Line;

    fn part(&self) -> Self {
        *self
    }

    fn read(
        store: &mut dyn Store,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, Self)>, HistoryError> {
        store.line_windows(resolution, series, from, to)
    }

    // A line's windows are whole in its parts.
    fn write_whole(&self, _bytes: &mut Vec<u8>) {}

    fn merge_whole(&mut self, _bytes: &mut &[u8]) -> Option<()> {
        Some(())
    }

    fn write_part(part: &Self, window_secs: f64, bytes: &mut Vec<u8>) {
        write_numbers(&columns::line_numbers(part), window_secs, bytes);
    }

    fn read_part(&mut self, window_secs: f64, bytes: &mut &[u8]) -> Option<Self> {
        let part = columns::line_of(&read_numbers(window_secs, bytes)?);
        self.merge(&part);
        Some(part)
    }
}

impl<R: Packed> Course<R> {
    /// Reads a series from a time to another, seconds since the Unix epoch: packed days where there are, windows elsewhere.
    pub(crate) fn read(
        store: &mut dyn Store,
        resolution: Resolution,
        series: i64,
        from: i64,
        to: i64,
    ) -> Result<Self, HistoryError> {
        let count = usize::try_from((to - from) / resolution.secs()).unwrap_or_default();
        let mut course = Self { whole: R::default(), windows: Vec::with_capacity(count) };
        let first_day = from + (-from).rem_euclid(DAY_SECS);
        let mut missing = Vec::new();
        let mut at = from;
        store.packed_days(R::KIND, resolution, series, first_day, to, &mut |day, bytes| {
            if at < day {
                missing.push((at, day));
            }
            at = day + DAY_SECS;
            course.unpack(day, resolution, bytes)
        })?;
        if at < to {
            missing.push((at, to));
        }
        for (from, to) in missing {
            for (start, window) in R::read(store, resolution, series, from, to)? {
                course.whole.merge(&window);
                course.windows.push((start, window.part()));
            }
        }
        course.windows.sort_by_key(|(start, _)| *start);
        Ok(course)
    }

    /// Adds a day in bytes: all in one, and each window by its place in the day; `None` where they are damaged.
    fn unpack(&mut self, day: i64, resolution: Resolution, mut bytes: &[u8]) -> Option<()> {
        if bytes.is_empty() {
            return Some(());
        }
        self.whole.merge_whole(&mut bytes)?;
        while let Some(place) = bytes.split_off_first() {
            let part = self.whole.read_part(resolution.secs() as f64, &mut bytes)?;
            self.windows.push((day + i64::from(*place) * resolution.secs(), part));
        }
        Some(())
    }
}

/// Packs days that are over and are not packed, at most `count` of each table, in one transaction; says how many.
///
/// A day is left alone for an hour after its end: its last windows come late.
pub(crate) fn pack_days(
    store: &mut dyn Store,
    now_unix_secs: i64,
    count: usize,
) -> Result<usize, HistoryError> {
    let before = now_unix_secs - Resolution::Hour.secs();
    store.begin()?;
    let packed = pack_before(store, before, count).and_then(|packed| store.commit().map(|()| packed));
    if packed.is_err() {
        // The first error is the one to tell.
        drop(store.rollback());
    }
    packed
}

fn pack_before(store: &mut dyn Store, before: i64, count: usize) -> Result<usize, HistoryError> {
    let mut packed = 0;
    for resolution in PACKED {
        packed += pack_kind::<ZoneRollup>(store, resolution, before, count)?;
        packed += pack_kind::<LineRollup>(store, resolution, before, count)?;
    }
    Ok(packed)
}

fn pack_kind<R: Packed>(
    store: &mut dyn Store,
    resolution: Resolution,
    before: i64,
    count: usize,
) -> Result<usize, HistoryError> {
    let days = store.unpacked_days(R::KIND, resolution, before, count)?;
    for (series, day) in &days {
        let windows = R::read(store, resolution, *series, *day, day + DAY_SECS)?;
        store.put_packed_day(R::KIND, resolution, *series, *day, &pack(*day, resolution, &windows))?;
    }
    Ok(days.len())
}

/// The windows of a day in bytes; none at all are no bytes.
fn pack<R: Packed>(day: i64, resolution: Resolution, windows: &[(i64, R)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if windows.is_empty() {
        return bytes;
    }
    let mut whole = R::default();
    for (_, window) in windows {
        whole.merge(window);
    }
    whole.write_whole(&mut bytes);
    for (start, window) in windows {
        // At most 96 windows of a quarter of an hour.
        bytes.push(((start - day) / resolution.secs()) as u8);
        R::write_part(&window.part(), resolution.secs() as f64, &mut bytes);
    }
    bytes
}

/// Numbers: which are known, which are the `usual` one, and the others.
fn write_numbers<const N: usize>(numbers: &[Option<f64>; N], usual: f64, bytes: &mut Vec<u8>) {
    let is_usual = |number: &f64| number.to_bits() == usual.to_bits();
    for mask in [false, true] {
        let bits = numbers.iter().enumerate().fold(0_u32, |bits, (place, number)| {
            bits | u32::from(number.is_some_and(|number| !mask || is_usual(&number))) << place
        });
        bytes.extend(&bits.to_le_bytes()[..N.div_ceil(8)]);
    }
    for number in numbers.iter().flatten().filter(|number| !is_usual(number)) {
        bytes.extend(number.to_le_bytes());
    }
}

/// What [`write_numbers`] wrote; `None` where it is cut off.
fn read_numbers<const N: usize>(usual: f64, bytes: &mut &[u8]) -> Option<[Option<f64>; N]> {
    let mut masks = [[0_u8; 4]; 2];
    for mask in &mut masks {
        mask.get_mut(..N.div_ceil(8))?.copy_from_slice(bytes.split_off(..N.div_ceil(8))?);
    }
    let [is_known, is_usual] = masks.map(u32::from_le_bytes);
    let mut numbers = [None; N];
    for (place, number) in numbers.iter_mut().enumerate() {
        if is_usual >> place & 1 == 1 {
            *number = Some(usual);
        } else if is_known >> place & 1 == 1 {
            *number = Some(f64::from_le_bytes(*bytes.split_off(..8)?.first_chunk()?));
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &[u8]) -> Option<Course<LineRollup>> {
        let mut course = Course { whole: LineRollup::default(), windows: Vec::new() };
        course.unpack(DAY_SECS, Resolution::Hour, bytes).map(|()| course)
    }

    #[test]
    fn a_packed_day_holds_what_is_known_and_nothing_else() {
        let full = LineRollup { in_people: 7.0, in_secs: 3600.0, out_people: 0.0, out_secs: 3600.0 };
        let half = LineRollup { in_people: 2.5, in_secs: 1800.0, ..LineRollup::default() };
        let windows = [(DAY_SECS, full), (DAY_SECS + 23 * 3600, half)];
        let bytes = pack(DAY_SECS, Resolution::Hour, &windows);
        let course = unpacked(&bytes).unwrap();
        assert_eq!(course.windows, windows);
        assert_eq!((course.whole.people_in(), course.whole.in_secs), (Some(9.5), 5400.0));
        assert_eq!(course.windows[1].1.people_out(), None, "nobody knows who went out");
        assert_eq!(unpacked(&[]).unwrap().windows, []);
        for cut in 1..bytes.len() {
            // Cut between two windows it is a shorter day; cut within one it is damaged.
            assert!(unpacked(&bytes[..cut]).is_none_or(|course| course.windows == windows[..1]), "{cut}");
        }
        assert!(unpacked(&bytes[..bytes.len() - 1]).is_none());
    }
}
