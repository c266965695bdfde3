//! Chance that follows from a seed, for the world; the engine draws from its own (`SeededEntropy`).

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), with the paper's constants.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0. The bias of the remainder is of no account for numbers this small.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether something of so many in a thousand happens.
    pub(crate) fn per_mille(&mut self, chance: u64) -> bool {
        self.below(1000) < chance
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let n = u64::try_from(choices.len()).ok().filter(|n| *n > 0)?;
        choices.get(usize::try_from(self.below(n)).ok()?).copied()
    }
}
