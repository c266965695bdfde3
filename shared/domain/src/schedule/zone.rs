//! A time zone by its IANA name, and the two hours a year that make it difficult.
//!
//! Names are case-sensitive, as the contract says, although the zone database is not: `europe/berlin`
//! would be accepted here and refused by EventBridge. Fixed offsets and POSIX rules are refused; a
//! schedule means a place's clock.
//!
//! The rule for the difficult hours is EventBridge Scheduler's, so that what we show is what fires: a
//! wall-clock time that a clock change skips does not happen, one that happens twice counts the first time.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// A zone known by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// The zone database has no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an IANA time zone name; write one as Europe/Berlin, in this very spelling")]
pub struct UnknownZone;

impl Zone {
    /// Looks up an IANA name.
    ///
    /// # Errors
    /// [`UnknownZone`] for any other text, another spelling of a known name included.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let rules = TimeZone::get(name).map_err(|_| UnknownZone)?;
        if rules.iana_name() != Some(name) || rules.is_unknown() {
            return Err(UnknownZone);
        }
        Ok(Self {
            name: name.to_owned(),
            rules,
        })
    }

    /// Coordinated universal time, the contract's default.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            rules: TimeZone::UTC,
        }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which clocks of this zone show `wall`: none when they skip it, the first when they
    /// show it twice.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        let offset = match self.rules.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { .. } => return None,
            AmbiguousOffset::Fold { before, .. } => before,
        };
        offset.to_timestamp(wall).ok()
    }

    /// What clocks of this zone show at `instant`.
    #[must_use]
    pub fn wall(&self, instant: Timestamp) -> DateTime {
        self.rules.to_datetime(instant)
    }

    /// The instants at which clocks change, later than `after` and not later than `until`.
    pub(super) fn clock_changes(&self, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        self.rules
            .following(after)
            .map(|change| change.timestamp())
            .take_while(|at| *at <= until)
            .collect()
    }

    /// `instant` with this zone attached, for showing.
    #[must_use]
    pub fn zoned(&self, instant: Timestamp) -> Zoned {
        instant.to_zoned(self.rules.clone())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::named(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn names_are_taken_as_they_are_spelt_in_the_database() {
        for good in [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kolkata",
            "Etc/GMT+5",
        ] {
            assert_eq!(Zone::named(good).unwrap().name(), good);
        }
        for bad in [
            "",
            "utc",
            "america/new_york",
            "Mars/Olympus",
            "../../etc/passwd",
            "+02:00",
            "EST5EDT,M3.2.0,M11.1.0",
            "Etc/Unknown",
            " UTC",
        ] {
            assert_eq!(Zone::named(bad), Err(UnknownZone), "{bad}");
        }
    }

    #[test]
    fn a_skipped_time_never_comes_and_a_repeated_one_comes_first() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(berlin.instant(date(2026, 3, 29).at(2, 30, 0, 0)), None);
        let repeated = berlin.instant(date(2026, 10, 25).at(2, 30, 0, 0)).unwrap();
        assert_eq!(repeated.to_string(), "2026-10-25T00:30:00Z");
    }
}
