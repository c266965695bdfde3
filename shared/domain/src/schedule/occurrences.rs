//! When a cron expression fires in a zone: the next times, and whether two ever come too close.
//!
//! Wall-clock times are made in calendar order and turned into instants. That order is also the order
//! of instants, because a skipped time is left out and a repeated one counts the first time.

use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::cron::Cron;
use super::zone::Zone;

/// The Gregorian calendar repeats, weekdays included, after 400 years: what has not happened by then
/// never does.
const CALENDAR_CYCLE_YEARS: i16 = 400;

/// How far ahead clock changes are looked at for occurrences they bring together. Rules move the changes
/// through the dates of a month and the weekdays within 28 years; 40 spans a skipped leap year too.
const CLOCK_CHANGE_YEARS: i64 = 40;

impl Cron {
    /// The occurrences later than `after`, in order; none at all when the expression never fires.
    pub fn occurrences<'a>(
        &'a self,
        zone: &'a Zone,
        after: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + 'a {
        // The day before: at a change of date line or a fold at midnight it may hold later instants.
        let start = zone.wall(after).date();
        let start = start.yesterday().unwrap_or(start);
        self.days(start)
            .flat_map(move |day| self.times(day))
            .filter_map(move |wall| zone.instant(wall))
            .skip_while(move |instant| *instant <= after)
    }

    /// Whether `instant` is an occurrence, to the minute.
    pub(super) fn includes(&self, zone: &Zone, instant: Timestamp) -> bool {
        let wall = zone.wall(instant);
        let small = |n: i8| u8::try_from(n).unwrap_or(u8::MAX);
        wall.second() == 0
            && wall.subsec_nanosecond() == 0
            && self.minutes.contains(small(wall.minute()))
            && self.hours.contains(small(wall.hour()))
            && self.includes_day(wall.date())
            && zone.instant(wall) == Some(instant)
    }

    /// Whether two occurrences after `now` are ever less than `minutes` apart (1 to 59).
    pub(super) fn ever_closer_than(&self, minutes: u32, zone: &Zone, now: Timestamp) -> bool {
        self.closer_on_the_clock(minutes, zone.wall(now).date())
            || self.closer_at_a_clock_change(minutes, zone, now)
    }

    fn closer_on_the_clock(&self, minutes: u32, from: Date) -> bool {
        let (mut within, mut previous) = (false, None);
        for minute in self.minutes.iter() {
            within |= previous.is_some_and(|previous| u32::from(minute - previous) < minutes);
            previous = Some(minute);
        }
        if within {
            return true;
        }
        let (Some(first), Some(last)) = (self.minutes.iter().next(), previous) else {
            return false;
        };
        if u32::from(first + 60 - last) >= minutes {
            return false;
        }
        if self.hours.iter().any(|hour| self.hours.contains(hour + 1)) {
            return true;
        }
        // 23:58 and 00:01: only where two days running are both in the expression.
        self.hours.contains(0) && self.hours.contains(23) && {
            let mut before: Option<Date> = None;
            self.days(from).any(|day| {
                let consecutive = before.and_then(|before| before.tomorrow().ok()) == Some(day);
                before = Some(day);
                consecutive
            })
        }
    }

    /// When clocks skip an hour, 01:58 and 03:00 are two minutes apart.
    fn closer_at_a_clock_change(&self, minutes: u32, zone: &Zone, now: Timestamp) -> bool {
        let until = now
            .checked_add(SignedDuration::from_hours(CLOCK_CHANGE_YEARS * 366 * 24))
            .unwrap_or(Timestamp::MAX);
        zone.clock_changes(now, until).into_iter().any(|change| {
            let reach = i64::from(minutes);
            let mut previous: Option<i64> = None;
            (-reach..=reach).any(|offset| {
                let occurs = change
                    .checked_add(offset.minutes())
                    .is_ok_and(|instant| self.includes(zone, instant));
                let close = occurs && previous.is_some_and(|previous| offset - previous < reach);
                if occurs {
                    previous = Some(offset);
                }
                close
            })
        })
    }

    /// The days of the expression from `start` on, for one cycle of the calendar.
    fn days(&self, start: Date) -> impl Iterator<Item = Date> + '_ {
        let end = start.year().saturating_add(CALENDAR_CYCLE_YEARS).min(9999);
        let mut next = Some(start);
        std::iter::from_fn(move || {
            while let Some(day) = next {
                if day.year() > end {
                    break;
                }
                if !self.includes_month(day) {
                    next = day.first_of_month().checked_add(1.month()).ok();
                    continue;
                }
                next = day.tomorrow().ok();
                if self.includes_day(day) {
                    return Some(day);
                }
            }
            next = None;
            None
        })
    }

    fn times(&self, day: Date) -> impl Iterator<Item = DateTime> + use<> {
        let (hours, minutes) = (self.hours, self.minutes);
        let signed = |n: u8| i8::try_from(n).unwrap_or(0);
        hours.iter().flat_map(move |hour| {
            minutes
                .iter()
                .map(move |minute| day.at(signed(hour), signed(minute), 0, 0))
        })
    }

    /// Of a thousand days, those the day of the month admits and those the weekday admits: the fewer,
    /// the tighter the superset.
    pub(super) fn share_of_days(&self) -> (usize, usize) {
        (
            self.days_of_month.len() * 1000 / 31,
            self.weekdays.len() * 1000 / 7,
        )
    }

    /// Whether a day of the month of the expression exists in one of its months (31 February does not).
    pub(super) fn has_days_of_month(&self) -> bool {
        self.months.iter().any(|month| {
            // 2024 is a leap year: 29 February counts as existing.
            let last = date(2024, i8::try_from(month).unwrap_or(1), 1).days_in_month();
            self.days_of_month
                .iter()
                .any(|day| i16::from(day) <= i16::from(last))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
        let (cron, zone) = (Cron::parse(text).unwrap(), Zone::named(zone).unwrap());
        cron.occurrences(&zone, after.parse().unwrap())
            .take(n)
            .map(|at| at.to_string())
            .collect()
    }

    fn too_close(text: &str, zone: &str) -> bool {
        let (cron, zone) = (Cron::parse(text).unwrap(), Zone::named(zone).unwrap());
        cron.ever_closer_than(5, &zone, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn one_means_monday() {
        // 2026-11-23 is a Monday.
        assert_eq!(
            next("0 9 * * 1", "UTC", "2026-11-21T00:00:00Z", 2),
            ["2026-11-23T09:00:00Z", "2026-11-30T09:00:00Z"]
        );
    }

    #[test]
    fn either_day_field_is_enough_and_a_day_of_both_fires_once() {
        // 1 June 2026 is a Monday.
        assert_eq!(
            next("0 9 1 * MON", "UTC", "2026-05-25T10:00:00Z", 3),
            [
                "2026-06-01T09:00:00Z",
                "2026-06-08T09:00:00Z",
                "2026-06-15T09:00:00Z"
            ]
        );
    }

    #[test]
    fn a_starred_step_restricts_together_with_the_other_field() {
        // Mondays with an odd date.
        assert_eq!(
            next("0 9 */2 * MON", "UTC", "2026-06-01T10:00:00Z", 2),
            ["2026-06-15T09:00:00Z", "2026-06-29T09:00:00Z"]
        );
    }

    #[test]
    fn leap_day_comes_every_four_years_and_31_february_never() {
        assert_eq!(
            next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2),
            ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]
        );
        assert!(next("0 0 31 2 *", "UTC", "2026-01-01T00:00:00Z", 1).is_empty());
        assert!(next("0 0 30,31 2 *", "UTC", "2026-01-01T00:00:00Z", 1).is_empty());
    }

    #[test]
    fn spring_skips_and_autumn_fires_once() {
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 1),
            ["2026-03-30T00:30:00Z"],
            "29 March has no 02:30"
        );
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            next(
                "*/30 1 1 11 *",
                "America/New_York",
                "2026-11-01T05:00:00Z",
                2
            ),
            ["2026-11-01T05:30:00Z", "2027-11-01T05:00:00Z"],
            "the second 01:00 and 01:30 of the morning do not count"
        );
    }

    #[test]
    fn the_shortest_gap_counts_wherever_it_is() {
        for bad in [
            "* * * * *",
            "0,1 9 * * *",
            "*/4 * * * *",
            "0,58 * * * *",
            "2,58 0,23 * * *",
            "2,59 1,2 * * *",
        ] {
            assert!(too_close(bad, "UTC"), "{bad}");
        }
        for good in [
            "*/5 * * * *",
            "0,58 1,3 * * *",
            "2,58 0,23 * * MON",
            "0 9 * * *",
            "3,58 * * * *",
            "0,55 0,23 * * *",
        ] {
            assert!(!too_close(good, "UTC"), "{good}");
        }
    }

    #[test]
    fn a_clock_change_can_bring_two_occurrences_together() {
        assert!(too_close("0,58 1,3 * * *", "America/New_York"));
        assert!(!too_close("0,58 1,3 * * *", "Asia/Tokyo"));
        assert!(!too_close("0,55 1,3 * * *", "America/New_York"));
    }
}
