//! Choosing among the dates claimed for a page.
//!
//! Claims of the same day are put together: the strongest counts whole, and independent sources that
//! agree add to it. So two ordinary witnesses outweigh one good one, and the confidence says how well a
//! date is supported.

use jiff::civil::Date;

use super::candidate::{Candidate, Source};
use super::moment::Granularity;
use super::words::Role;

/// A date with less than this is no answer.
const LEAST: i32 = 30;

/// A month is told in prose more often than it dates a page.
const LEAST_COARSE: i32 = 44;

/// The most a date is believed.
const MOST: i32 = 99;

/// The strength from which on a visible date or an address tells the day at home.
const LOCAL: i32 = 58;

/// The strength of a day in the path with a segment for each part.
const WHOLE_ADDRESS: i32 = 86;

/// A chosen date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) candidate: Candidate,
    /// Percent.
    pub(super) score: i32,
}

/// The best date of `role` among `candidates`.
pub(super) fn choose(candidates: &[Candidate], role: Role) -> Option<Choice> {
    let all: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.role == role)
        .collect();
    let days = all
        .iter()
        .filter(|candidate| candidate.moment.has_day())
        .copied();
    let mut tried: Vec<Date> = Vec::new();
    let mut best: Option<Choice> = None;
    for candidate in days {
        let day = candidate.moment.date;
        if tried.contains(&day) {
            continue;
        }
        // Pages list hundreds of days; those after the first are archives.
        if tried.len() >= 200 {
            break;
        }
        tried.push(day);
        let Some(choice) = support(&all, day) else {
            continue;
        };
        if best.as_ref().is_none_or(|best| choice.score > best.score) {
            best = Some(choice);
        }
    }
    let best = best
        .filter(|best| best.score >= LEAST)
        .or_else(|| coarse(&all))?;
    Some(first_address(&all, &best).unwrap_or(best))
}

/// The day in the address, when the page was published again later: then its metas and its date line are
/// new, and its address is the old one.
fn first_address(all: &[&Candidate], best: &Choice) -> Option<Choice> {
    let address = all
        .iter()
        .find(|candidate| candidate.source == Source::Url && candidate.strength >= WHOLE_ADDRESS)?;
    // One day may be the zone's.
    let is_earlier = best.candidate.moment.has_day()
        && address.moment.date.tomorrow().ok()? < best.candidate.moment.date;
    is_earlier.then(|| Choice {
        candidate: (*address).clone(),
        score: address.strength - 20,
    })
}

/// What speaks for `day`.
fn support(all: &[&Candidate], day: Date) -> Option<Choice> {
    // The strongest of each family; families are few.
    let mut families: [Option<&Candidate>; 5] = [None; 5];
    let mut bonus = 0;
    for candidate in all {
        let moment = &candidate.moment;
        if moment.has_day() && moment.date == day {
            let slot = families.get_mut(usize::from(candidate.source.family()))?;
            if slot.is_none_or(|other| candidate.strength > other.strength) {
                *slot = Some(candidate);
            }
        } else if moment.granularity == Granularity::Month
            && moment.date.first_of_month() == day.first_of_month()
        {
            bonus = bonus.max(candidate.strength / 4);
        }
    }
    // An instant in UTC falls on another day at home. Where the page shows that day, or was filed under
    // it, the instant speaks for it, too.
    let is_local = families.iter().flatten().any(|candidate| {
        candidate.source.is_local()
            && candidate.strength >= LOCAL
            && candidate.moment.day_elsewhere().is_none()
    });
    let mut moved: Vec<Candidate> = Vec::new();
    if is_local {
        let elsewhere = all
            .iter()
            .filter(|candidate| candidate.moment.day_elsewhere() == Some(day));
        moved.extend(elsewhere.filter_map(|candidate| candidate.seen_on(day)));
    }
    for candidate in &moved {
        let slot = families.get_mut(usize::from(candidate.source.family()))?;
        if slot.is_none_or(|other| candidate.strength > other.strength) {
            *slot = Some(candidate);
        }
    }
    let mut strengths: Vec<&Candidate> = families.into_iter().flatten().collect();
    strengths.sort_by_key(|candidate| -candidate.strength);
    let (first, rest) = strengths.split_first()?;
    let agreed: i32 = rest
        .iter()
        .map(|candidate| candidate.strength.max(0) / 4)
        .sum();
    let mut chosen = (*first).clone();
    // Say the instant, when an agreeing source knows it.
    if chosen.moment.granularity == Granularity::Day
        && let Some(finer) = rest
            .iter()
            .find(|candidate| candidate.moment.granularity == Granularity::Instant)
    {
        chosen.moment = finer.moment;
    }
    Some(Choice {
        score: first.strength + agreed + bonus,
        candidate: chosen,
    })
}

/// A month or a year, when no day is known.
fn coarse(all: &[&Candidate]) -> Option<Choice> {
    let best = all
        .iter()
        .filter(|candidate| !candidate.moment.has_day() && candidate.strength >= LEAST_COARSE)
        .max_by_key(|candidate| (candidate.moment.granularity, candidate.strength))?;
    Some(Choice {
        candidate: (*best).clone(),
        score: best.strength,
    })
}

impl Choice {
    /// Between 0 and 1, two decimals.
    pub(super) fn confidence(&self) -> f64 {
        f64::from(self.score.clamp(1, MOST)) / 100.0
    }
}
