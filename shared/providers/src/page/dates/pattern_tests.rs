//! Dates in running text: forms that are read, and forms that only look like one.

use super::*;

fn read_in(language: &str, order: Order, text: &str) -> Vec<String> {
    find(text, language, order, 10)
        .iter()
        .map(|found| found.moment.to_string())
        .collect()
}

fn read(text: &str) -> Vec<String> {
    read_in("", Order::DayFirst, text)
}

#[test]
fn names_of_months_in_many_languages() {
    for text in [
        "13 May 2016",
        "13th of May, 2016",
        "May 13, 2016",
        "May 13th 2016",
        "Fri, 13 May 2016 10:00:00 GMT",
        "13. Mai 2016",
        "Freitag, den 13. Mai 2016",
        "vendredi 13 mai 2016",
        "13 de mayo de 2016",
        "13 de maio de 2016",
        "13 maggio 2016",
        "vrijdag 13 mei 2016",
        "13 maja 2016",
        "13 мая 2016",
        "13 Mayıs 2016",
        "13 maj 2016",
        "13. mai 2016",
        "13. toukokuuta 2016",
        "13. května 2016",
        "13 Μαΐου 2016",
        "2016. május 13.",
        "2016 m. gegužės 13 d.",
        "2016. gada 13. maijs",
        "2016年5月13日",
        "2016年05月13日 10:30",
        "2016년 5월 13일",
        "ngày 13 tháng 5 năm 2016",
        "13 พฤษภาคม 2559",
        "١٣ مايو ٢٠١٦",
        "13 मई 2016",
        "13-May-2016",
        "13, mayo, 2016",
        "13/mai/2016",
        "mayo 13, 2016",
        "2016 May 13",
    ] {
        assert_eq!(read(text), ["2016-05-13"], "{text}");
    }
    assert_eq!(read("1er mars 2019"), ["2019-03-01"]);
    assert_eq!(read("1º de março de 2019"), ["2019-03-01"]);
}

#[test]
fn numbers_alone() {
    for text in [
        "2016-05-13",
        "2016/05/13",
        "2016.05.13",
        "2016. 5. 13.",
        "13.05.2016",
        "13. 5. 2016",
        "13/05/2016",
        "13-05-2016",
        "13.05.16",
        "05/13/2016",
        "13 | 05 | 2016",
        "Kultur · 13 · 05 · 2016 · Oper",
        "13.05.2016, 10:30 Uhr",
        "2016-05-13T10:30:00+02:00",
        "(13.05.2016)",
    ] {
        assert_eq!(read(text), ["2016-05-13"], "{text}");
    }
}

#[test]
fn an_order_of_numbers_is_chosen_and_the_other_kept() {
    assert_eq!(
        read_in("en", Order::MonthFirst, "05/06/2019"),
        ["2019-05-06"]
    );
    assert_eq!(
        read_in("en", Order::MonthFirst, "05.06.2019"),
        ["2019-06-05"]
    );
    let found = find("05/06/2019", "en", Order::DayFirst, 1).remove(0);
    assert_eq!(found.moment.to_string(), "2019-06-05");
    assert_eq!(found.exchanged.unwrap().to_string(), "2019-05-06");
    assert_eq!(
        find("05/16/2019", "de", Order::DayFirst, 1)[0].shows,
        Some(Order::MonthFirst)
    );
}

#[test]
fn a_month_stays_a_month() {
    assert_eq!(read("May 2016"), ["2016-05"]);
    assert_eq!(read("im Mai 2016 wurde"), ["2016-05"]);
    assert_eq!(read("2016年5月"), ["2016-05"]);
    assert_eq!(read("mayo de 2016"), ["2016-05"]);
}

#[test]
fn parts_of_other_numbers_are_no_dates() {
    for text in [
        "192.168.12.10",
        "version 1.2.2016.4",
        "v1.2.2016",
        "020-12-2016-33",
        "31.02.2016",
        "2016-13-01",
        "12.12.1812",
        "1-2-16",
        "1.2.16",
        "in 2016, 13 people",
        "13 May",
        "tel. 12/2016/44/55",
        "1 | 2 | 2016",
        "12 | 11 / 2016",
        "11 | 12 | 13",
        "2016-2017",
        "",
    ] {
        assert_eq!(read(text), [""; 0], "{text}");
    }
}

#[test]
fn clocks_and_stretches_are_noticed() {
    let one = |text| find(text, "", Order::DayFirst, 1).remove(0);
    assert!(one("13.05.2016, 10:30 Uhr").has_clock);
    assert!(one("10:30 am, 13 May 2016").has_clock);
    assert!(one("13 May 2016 at 10:30").has_clock);
    assert!(!one("13 May 2016 Author").has_clock);
    assert!(one("5.–7. Mai 2016").is_range);
    assert!(one("5 - 7 May 2016").is_range);
    assert!(one("vom 5. bis 7. Mai 2016").is_range);
    assert!(!one("13.05.2016 - 10:30").is_range);
    assert!(!one("7. Mai 2016").is_range);
}

#[test]
fn the_limit_holds() {
    let text = "13.05.2016 ".repeat(100);
    assert_eq!(find(&text, "", Order::DayFirst, 7).len(), 7);
}
