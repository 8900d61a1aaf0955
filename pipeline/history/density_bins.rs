//! How long a density was what: a histogram that can be summed, so that the percentile of an hour is right.
//!
//! A percentile of percentiles is no percentile. Bins of 0.1 people/m2 are as fine as any counter's error allows, and
//! those that a window uses are few: about ten bytes for ten seconds, about a hundred for an hour.

/// Width of a bin, people/m2.
const BIN_PEOPLE_PER_M2: f64 = 0.1;
/// The last bin holds everything from here on, people/m2: more do not fit (`analytics.md` 5.2 distrusts above 16).
const LAST: u8 = 160;

/// Milliseconds by bin of density, only those that are not empty, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DensityBins(Vec<(u8, u64)>);

impl DensityBins {
    /// Adds the time for which a density stood. Negative and NaN count as nothing.
    pub fn add(&mut self, density_people_per_m2: f64, secs: f64) {
        if !(density_people_per_m2 >= 0.0 && secs > 0.0) {
            return;
        }
        let bin = (density_people_per_m2 / BIN_PEOPLE_PER_M2).min(f64::from(LAST)) as u8;
        self.add_millis(bin, (secs * 1000.0).round() as u64);
    }

    fn add_millis(&mut self, bin: u8, millis: u64) {
        if millis == 0 {
            return;
        }
        match self.0.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(place) => self.0[place].1 += millis,
            Err(place) => self.0.insert(place, (bin, millis)),
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        self.add_in_order(other.0.iter().copied());
    }

    /// Adds all that is in bytes.
    pub(crate) fn merge_bytes(&mut self, bytes: &[u8]) {
        self.add_in_order(Entries { bytes: bytes.iter(), bin: 0 });
    }

    /// Adds entries whose bins come in order: after the first few of many windows every bin is there.
    fn add_in_order(&mut self, entries: impl Iterator<Item = (u8, u64)>) {
        let mut place = 0;
        for (bin, millis) in entries {
            while self.0.get(place).is_some_and(|(before, _)| *before < bin) {
                place += 1;
            }
            match self.0.get_mut(place) {
                Some((same, sum)) if *same == bin => *sum += millis,
                _ if millis > 0 => self.0.insert(place, (bin, millis)),
                _ => {}
            }
        }
    }

    /// All times by a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut scaled = Self::default();
        for (bin, millis) in &self.0 {
            scaled.add_millis(*bin, (*millis as f64 * factor).round() as u64);
        }
        scaled
    }

    /// The density that was not exceeded for `share` (0 to 1) of the time, people/m2, within half a bin; `None` without data.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.0.iter().map(|(_, millis)| millis).sum();
        if total == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * total as f64;
        let mut sum = 0_u64;
        for (bin, millis) in &self.0 {
            sum += millis;
            if sum as f64 >= wanted {
                return Some((f64::from(*bin) + 0.5) * BIN_PEOPLE_PER_M2);
            }
        }
        None
    }

    /// As bytes: for each bin its distance from the one before, and its milliseconds, as LEB128.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 4);
        let mut before = 0;
        for (bin, millis) in &self.0 {
            bytes.push(bin - before);
            before = *bin;
            let mut rest = *millis;
            while rest >= 0x80 {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
        }
        bytes
    }

    /// From bytes; what is damaged is left out.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        // An entry has two bytes at least, and mostly four.
        let mut bins = Self(Vec::with_capacity(bytes.len() / 3));
        bins.merge_bytes(bytes);
        bins
    }
}

/// Bins and their milliseconds, in order, from bytes.
struct Entries<'a> {
    bytes: std::slice::Iter<'a, u8>,
    bin: u8,
}

impl Iterator for Entries<'_> {
    type Item = (u8, u64);

    fn next(&mut self) -> Option<(u8, u64)> {
        self.bin = self.bin.saturating_add(*self.bytes.next()?).min(LAST);
        let (mut millis, mut shift) = (0_u64, 0);
        for byte in self.bytes.by_ref() {
            millis |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 56 {
                break;
            }
        }
        Some((self.bin, millis))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_data_there_is_no_percentile() {
        assert_eq!(DensityBins::default().quantile(0.95), None);
    }

    #[test]
    fn the_95th_percentile_is_what_was_exceeded_a_twentieth_of_the_time() {
        let mut bins = DensityBins::default();
        bins.add(1.0, 96.0);
        bins.add(6.0, 4.0);
        assert!((bins.quantile(0.95).unwrap() - 1.05).abs() < 1e-9);
        bins.add(6.0, 10.0);
        assert!((bins.quantile(0.95).unwrap() - 6.05).abs() < 1e-9);
    }

    #[test]
    fn damaged_bytes_are_no_reason_to_fail() {
        assert_eq!(DensityBins::from_bytes(&[3]).quantile(0.5), None);
        assert!(
            DensityBins::from_bytes(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]).0.len() < 3
        );
    }

    fn bins() -> impl Strategy<Value = DensityBins> {
        prop::collection::vec((0.0..20.0_f64, 0.0..4000.0_f64), 0..30).prop_map(|entries| {
            let mut bins = DensityBins::default();
            for (density, secs) in entries {
                bins.add(density, secs);
            }
            bins
        })
    }

    proptest! {
        #[test]
        fn bytes_hold_everything(bins in bins()) {
            prop_assert_eq!(DensityBins::from_bytes(&bins.to_bytes()), bins);
        }

        #[test]
        fn the_order_of_merging_does_not_matter(a in bins(), b in bins(), c in bins()) {
            let mut left = a.clone();
            left.merge(&b);
            left.merge(&c);
            let mut right = c;
            right.merge(&b);
            right.merge(&a);
            prop_assert_eq!(left, right);
        }
    }
}
