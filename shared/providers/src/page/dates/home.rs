//! Where a page is at home, for telling which day an instant in UTC was there.
//!
//! Content systems often store UTC: a German article of half past midnight carries the day before. Where
//! the page's country has one time zone, or its language is at home in one, the instant is moved there.
//! Countries of several zones are left alone; there a visible date decides (see [`super::choice`]).

use jiff::civil::Time;
use jiff::tz::{Offset, TimeZone};
use url::Url;

use super::moment::Moment;

/// Countries with one time zone (mainland), by ISO 3166 code and top-level domain, from the IANA time zone
/// database's `zone1970.tab`.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("Europe/Berlin", "de at ch li lu dk no se nl be fr it es pl cz sk hu si hr rs ba mk me al mt mc sm va"),
    ("Europe/Helsinki", "fi ee lv lt gr ro bg ua cy"), ("Europe/London", "uk gb ie pt"), ("Europe/Istanbul", "tr"), ("Europe/Minsk", "by"),
    ("Asia/Tokyo", "jp kr"), ("Asia/Shanghai", "cn tw hk mo sg my ph"), ("Asia/Kolkata", "in lk"), ("Asia/Bangkok", "th vn"),
    ("Asia/Jerusalem", "il"), ("Asia/Dubai", "ae"), ("Asia/Riyadh", "sa kw qa"), ("Asia/Karachi", "pk"), ("Asia/Dhaka", "bd"), ("Asia/Tehran", "ir"),
    ("Africa/Johannesburg", "za"), ("Africa/Lagos", "ng"), ("Africa/Nairobi", "ke"), ("Africa/Cairo", "eg"),
    ("Pacific/Auckland", "nz"), ("America/Argentina/Buenos_Aires", "ar uy"), ("America/Bogota", "pe ec"), ("America/Caracas", "ve"),
];

/// Languages at home in one of those zones, where nothing names a country.
const LANGUAGES: &[(&str, &str)] = &[
    (
        "Europe/Berlin",
        "de it nl pl cs sk hu sl hr da nb nn no sv fr",
    ),
    ("Europe/Helsinki", "fi et lv lt el ro bg uk"),
    ("Europe/Istanbul", "tr"),
    ("Asia/Tokyo", "ja ko"),
    ("Asia/Kolkata", "hi"),
    ("Asia/Bangkok", "th vi"),
    ("Asia/Jerusalem", "he"),
];

/// The zone of a page in `language` (a lower-case tag) at `url`, if there is one.
pub(super) fn zone(language: &str, url: &Url) -> Option<TimeZone> {
    let find = |table: &[(&str, &str)], code: &str| {
        table
            .iter()
            .find(|(_, codes)| codes.split(' ').any(|known| known == code))
            .and_then(|(name, _)| TimeZone::get(name).ok())
    };
    let mut parts = language.split(['-', '_']);
    let first = parts.next().unwrap_or_default();
    let domain = url
        .host_str()
        .and_then(|host| host.rsplit('.').next())
        .filter(|domain| domain.len() == 2);
    // Names like "co" and "tv" are countries' by law only; they are not in the table.
    if let Some(zone) = domain.and_then(|domain| find(COUNTRIES, domain)) {
        return Some(zone);
    }
    match parts.find(|part| part.len() == 2) {
        Some(region) => find(COUNTRIES, region),
        None => find(LANGUAGES, first),
    }
}

/// `moment` with the clock of `zone`, when it was written in UTC. Midnight stays: it stands for a day.
pub(super) fn moved(moment: Moment, zone: &TimeZone) -> Option<Moment> {
    let (time, offset) = moment.clock?;
    if offset != Offset::UTC || time == Time::midnight() {
        return None;
    }
    let there = moment
        .date
        .to_datetime(time)
        .to_zoned(TimeZone::UTC)
        .ok()?
        .with_time_zone(zone.clone());
    let date = there.date();
    Some(Moment::day(date.year(), date.month(), date.day())?.at(there.time(), there.offset()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn shown(language: &str, url: &str, hour: i8) -> Option<String> {
        let zone = zone(language, &Url::parse(url).unwrap())?;
        let instant = Moment::day(2016, 5, 13)
            .unwrap()
            .at(time(hour, 0, 0, 0), Offset::UTC);
        moved(instant, &zone).map(|moment| moment.to_string())
    }

    #[test]
    fn an_instant_is_told_in_the_time_of_its_country() {
        assert_eq!(
            shown("de", "https://a.example.com/", 22).as_deref(),
            Some("2016-05-14")
        );
        assert_eq!(
            shown("en", "https://a.example.de/", 9).as_deref(),
            Some("2016-05-13T11:00:00+02:00")
        );
        assert_eq!(
            shown("ja", "https://a.example.com/", 16).as_deref(),
            Some("2016-05-14T01:00:00+09:00")
        );
        assert_eq!(
            shown("en-in", "https://a.example.com/", 19).as_deref(),
            Some("2016-05-14T00:30:00+05:30")
        );
    }

    #[test]
    fn countries_of_several_zones_and_days_are_left_alone() {
        assert_eq!(shown("en-us", "https://a.example.com/", 3), None);
        assert_eq!(shown("en", "https://a.example.com/", 3), None);
        assert_eq!(shown("es", "https://a.example.com/", 23), None);
        assert_eq!(shown("de", "https://a.example.com/", 0), None);
    }

    #[test]
    fn every_zone_is_known() {
        for (name, _) in COUNTRIES.iter().chain(LANGUAGES) {
            assert!(TimeZone::get(name).is_ok(), "{name}");
        }
    }
}
