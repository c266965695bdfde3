//! Inputs of the largest size that are made to cost more than their length: each of a kind that once did, or that
//! the rules of its language allow to. A reader holds its bounds of memory and time on all of them.

pub(crate) mod differences;
pub(crate) mod feeds;
pub(crate) mod pages;
pub(crate) mod robots;

/// The largest input of any reader, in bytes.
const SIZE: usize = 5 * 1024 * 1024;

/// An input by its name, made only when it is read.
#[derive(Clone, Copy)]
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Vec<u8>,
}

/// Pieces until the input is full: each with its number, so that no two need be the same.
struct Filling(Vec<u8>);

impl Filling {
    fn new() -> Self {
        Self(Vec::with_capacity(SIZE))
    }

    /// Adds `text`, whatever its length.
    fn then(mut self, text: &str) -> Self {
        self.0.extend(text.bytes());
        self
    }

    /// Adds `count` pieces, and none that does not fit.
    fn times(mut self, count: usize, piece: impl Fn(usize) -> String) -> Self {
        for n in 0..count {
            if !self.add(&piece(n), SIZE) {
                break;
            }
        }
        self
    }

    /// Adds pieces until there are `bytes`.
    fn up_to(mut self, bytes: usize, piece: impl Fn(usize) -> String) -> Self {
        let mut n = 0;
        while self.add(&piece(n), bytes.min(SIZE)) {
            n += 1;
        }
        self
    }

    /// Adds pieces until the input is full.
    fn full(self, piece: impl Fn(usize) -> String) -> Vec<u8> {
        self.up_to(SIZE, piece).0
    }

    /// Adds the same piece until the input is full.
    fn full_of(mut self, piece: &str) -> Vec<u8> {
        let room = SIZE.saturating_sub(self.0.len());
        self.0
            .extend(piece.bytes().cycle().take(room / piece.len() * piece.len()));
        self.0
    }

    fn add(&mut self, piece: &str, most: usize) -> bool {
        let fits = self.0.len() + piece.len() <= most && !piece.is_empty();
        if fits {
            self.0.extend(piece.bytes());
        }
        fits
    }
}

fn full_of(piece: &str) -> Vec<u8> {
    Filling::new().full_of(piece)
}

fn full(piece: impl Fn(usize) -> String) -> Vec<u8> {
    Filling::new().full(piece)
}
