//! Making a finding small: the shortest input we can get at that is still one.
//!
//! Pieces are left out, halves first and single bytes last (Zeller and Hildebrandt, "Simplifying and
//! Isolating Failure-Inducing Input", 2002, without the complements, which inputs this small do not repay);
//! then what is left is made plain.

use std::time::{Duration, Instant};

/// How long is spent on it. A finding that takes a second to show is not worth an afternoon to shorten.
const LONGEST: Duration = Duration::from_secs(60);

/// The smallest input found for which `fails` holds; it holds for `input`.
pub(crate) fn minimise(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut smallest = input.to_vec();
    let until = Instant::now() + LONGEST;
    let mut length = smallest.len().div_ceil(2);
    while length > 0 && Instant::now() < until {
        let mut from = 0;
        let mut shorter = false;
        while from < smallest.len() && Instant::now() < until {
            let mut candidate = smallest.clone();
            candidate.drain(from..(from + length).min(smallest.len()));
            if fails(&candidate) {
                smallest = candidate;
                shorter = true;
            } else {
                from += length;
            }
        }
        if !shorter || length > 1 {
            length /= 2;
        }
    }
    for at in 0..smallest.len() {
        for plain in [b'a', b'0', b' '] {
            if smallest[at] == plain || Instant::now() >= until {
                break;
            }
            let mut candidate = smallest.clone();
            candidate[at] = plain;
            if fails(&candidate) {
                smallest = candidate;
                break;
            }
        }
    }
    smallest
}
