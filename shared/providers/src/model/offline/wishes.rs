//! What a person who saw a draft wants changed, as far as rules understand it.

/// Read from the note of `request_changes`. A wish that is not understood changes nothing: the new
/// draft goes before the same person again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    shorter: bool,
    longer: bool,
    pub(super) no_hashtags: bool,
    pub(super) no_links: bool,
}

impl Wishes {
    pub(super) fn of(note: &Option<String>) -> Self {
        let Some(note) = note else {
            return Self::default();
        };
        let note = note.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| note.contains(word));
        let without = |what: &str| {
            let ways = ["no", "without", "remove", "drop", "fewer", "leave out"];
            ways.iter().any(|way| {
                ["", "the ", "any ", "all "]
                    .iter()
                    .any(|article| note.contains(&format!("{way} {article}{what}")))
            })
        };
        Self {
            shorter: says(&[
                "shorter",
                "shorten",
                "more concise",
                "briefer",
                "cut it",
                "too long",
                "half the length",
            ]),
            longer: says(&["longer", "more detail", "expand", "too short"]),
            no_hashtags: without("hashtag"),
            no_links: without("link") || without("url"),
        }
    }

    /// A length in words or items after the wish: half, or half as much again.
    pub(super) fn length(self, usual: u32) -> u32 {
        match (self.shorter, self.longer) {
            (true, _) => usual.div_ceil(2),
            (false, true) => usual + usual / 2,
            (false, false) => usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_common_wishes() {
        let of = |note: &str| Wishes::of(&Some(note.to_owned()));
        assert_eq!(of("Shorter please, and drop the hashtags").length(200), 100);
        assert!(of("Shorter please, and drop the hashtags").no_hashtags);
        assert_eq!(of("A bit more detail").length(200), 300);
        assert!(of("without links").no_links);
        assert_eq!(of("Make it sing"), Wishes::default());
    }
}
