//! How a file of a given size is cut into parts: a pure function of the size.

use std::fmt;

use crate::{Error, Violation};

/// 16 MiB: files up to this size are one PUT, larger ones are cut into parts of at least this size.
pub const MIN_PART_SIZE: u64 = 16 << 20;
/// Most parts a multipart upload may have (S3 and OSS documents: 10,000).
pub const MAX_PARTS: u64 = 10_000;
/// 4 GiB: the largest power of two that is a legal part size (S3: a part is at most 5 GiB).
const LARGEST_POWER: u64 = 4 << 30;
/// 5 GiB: S3's largest part.
pub const MAX_PART_SIZE: u64 = 5 << 30;
/// 53,687,091,200,000 bytes: S3's largest object (10,000 parts of 5 GiB).
pub const MAX_FILE_BYTES: u64 = MAX_PARTS * MAX_PART_SIZE;

/// 1-based number of a part, at most [`MAX_PARTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartNumber(u16);

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);

    /// The part with this number.
    ///
    /// # Errors
    /// A violation with code `range` outside 1 to 10,000.
    pub fn new(number: u64) -> Result<Self, Violation> {
        u16::try_from(number)
            .ok()
            .filter(|n| (1..=MAX_PARTS).contains(&u64::from(*n)))
            .map(Self)
            .ok_or_else(|| Violation::new("range", "part numbers run from 1 to 10000"))
    }

    /// The number, from 1.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The position in a list of parts, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes that one part covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which part this is.
    pub number: PartNumber,
    /// First byte of the part in the file.
    pub offset: u64,
    /// Length of the part in bytes.
    pub size_bytes: u64,
}

/// How a file of `size_bytes` is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlan {
    size_bytes: u64,
    part_size: u64,
    part_count: u16,
}

impl PartPlan {
    /// The plan for a file of this size.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_FILE_BYTES`].
    pub fn for_size(size_bytes: u64) -> Result<Self, Error> {
        if size_bytes > MAX_FILE_BYTES {
            return Err(Error::TooLarge { max_bytes: MAX_FILE_BYTES });
        }
        let part_size = if size_bytes > MAX_PARTS * LARGEST_POWER {
            MAX_PART_SIZE
        } else {
            size_bytes.div_ceil(MAX_PARTS).max(MIN_PART_SIZE).next_power_of_two()
        };
        let part_count = size_bytes.div_ceil(part_size).max(1);
        let part_count = u16::try_from(part_count).expect("at most 10,000 parts by the choice of part size");
        Ok(Self { size_bytes, part_size, part_count })
    }

    /// Size of the whole file in bytes.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Size of every part but the last, in bytes.
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// Number of parts, at least 1.
    pub const fn part_count(&self) -> u16 {
        self.part_count
    }

    /// Whether the file fits into one PUT.
    pub const fn is_single(&self) -> bool {
        self.part_count == 1
    }

    /// The part with this number; `None` beyond the plan's last.
    pub fn part(&self, number: PartNumber) -> Option<Part> {
        if number.get() > self.part_count {
            return None;
        }
        let offset = number.index() as u64 * self.part_size;
        Some(Part { number, offset, size_bytes: self.part_size.min(self.size_bytes - offset) })
    }

    /// All parts in order.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part> + use<> {
        let plan = *self;
        (0..plan.part_count)
            .map(move |index| plan.part(PartNumber(index + 1)).expect("every number up to part_count has a part"))
    }
}

/// Part numbers as ascending, merged, inclusive `[first, last]` pairs.
pub fn ranges(numbers: impl IntoIterator<Item = PartNumber>) -> Vec<[u16; 2]> {
    let mut merged: Vec<[u16; 2]> = Vec::new();
    for number in numbers {
        match merged.last_mut() {
            Some([_, last]) if *last + 1 == number.0 => *last = number.0,
            _ => merged.push([number.0, number.0]),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(size: u64) -> (u64, u16) {
        let plan = PartPlan::for_size(size).unwrap();
        (plan.part_size(), plan.part_count())
    }

    #[test]
    fn small_files_are_one_put() {
        for size in [0, 1, 1 << 20, MIN_PART_SIZE] {
            assert_eq!(plan(size), (MIN_PART_SIZE, 1), "{size}");
        }
    }

    #[test]
    fn parts_double_only_when_ten_thousand_are_not_enough() {
        assert_eq!(plan(MIN_PART_SIZE + 1), (MIN_PART_SIZE, 2));
        assert_eq!(plan(MAX_PARTS * MIN_PART_SIZE), (MIN_PART_SIZE, 10_000));
        assert_eq!(plan(MAX_PARTS * MIN_PART_SIZE + 1), (2 * MIN_PART_SIZE, 5_001));
        assert_eq!(plan(160 << 30), (32 << 20, 5_120));
    }

    #[test]
    fn the_largest_files_are_cut_into_parts_of_five_gib() {
        assert_eq!(plan(42_949_672_960_000), (4 << 30, 10_000));
        assert_eq!(plan(42_949_672_960_001), (5 << 30, 8_001));
        assert_eq!(plan(MAX_FILE_BYTES), (5 << 30, 10_000));
    }

    #[test]
    fn one_byte_more_than_the_maximum_is_too_large() {
        assert!(matches!(
            PartPlan::for_size(MAX_FILE_BYTES + 1),
            Err(Error::TooLarge { max_bytes: 53_687_091_200_000 })
        ));
        assert!(PartPlan::for_size(u64::MAX).is_err());
    }

    #[test]
    fn ranges_merge_neighbours() {
        let of = |numbers: &[u16]| ranges(numbers.iter().map(|n| PartNumber(*n)));
        assert_eq!(of(&[]), Vec::<[u16; 2]>::new());
        assert_eq!(of(&[1, 2, 3, 5, 9, 10]), vec![[1, 3], [5, 5], [9, 10]]);
    }

    proptest! {
        #[test]
        fn parts_cover_the_file_without_gap_or_overlap(size in 0..=MAX_FILE_BYTES) {
            let plan = PartPlan::for_size(size).unwrap();
            let mut end = 0;
            for part in plan.parts() {
                prop_assert_eq!(part.offset, end);
                prop_assert!(part.size_bytes <= plan.part_size());
                end += part.size_bytes;
            }
            prop_assert_eq!(end, size);
            prop_assert!(plan.part_size() <= MAX_PART_SIZE);
            prop_assert!(plan.part(PartNumber(plan.part_count() + 1)).is_none() || plan.part_count() == 10_000);
        }

        #[test]
        fn the_part_size_is_the_smallest_that_fits(size in MIN_PART_SIZE + 1..=MAX_PARTS * LARGEST_POWER) {
            let plan = PartPlan::for_size(size).unwrap();
            prop_assert!(plan.part_size().is_power_of_two());
            prop_assert!(plan.part_size() == MIN_PART_SIZE || size.div_ceil(plan.part_size() / 2) > MAX_PARTS);
        }
    }
}
