//! The names of the months in the languages of the web.
//!
//! Names are compared folded (see [`super::token`]): lower case, Latin letters without their marks. One
//! table serves all languages, because a name stands between a day and a year or it is not looked at:
//! `mar` is March in six languages and a weekday in three, but never a weekday in that place. The two
//! names that mean different months in different languages are decided by the language of the page.
//! Forms: nominative, the case used in dates where it differs, and abbreviations in use (CLDR, "months,
//! format, abbreviated", gives the usual ones).

use std::collections::HashMap;
use std::sync::LazyLock;

#[rustfmt::skip]
const NAMES: [&str; 12] = [
    // Germanic, Romance; Slavic; Baltic, Uralic, Turkic; Indonesian; Greek, Cyrillic; other scripts
    "january jan januar janner jaenner janvier janv januari enero ene gennaio genn gen janeiro gener xaneiro ianuarie ian \
     styczen stycznia stycz sty leden ledna januara sijecanj sijecnja sausio sausis janvaris janvari jaanuar tammikuu tammikuuta tammi \
     ocak oca ιανουαριος ιανουαριου ιαν январь января янв січень січня січ януари студзеня јануар јануара \
     يناير جانفي ינואר  בינואר जनवरी มกราคม জানুয়ারি",
    "february feb februar februari feber fevrier fevr fev febrero febbraio febb fevereiro febrer febreiro februarie \
     luty lutego lut unor unora februara veljaca veljace vasario vasaris februaris veebruar helmikuu helmikuuta helmi \
     subat sub φεβρουαριος φεβρουαριου φεβ февраль февраля фев февр лютий лютого лют февруари лютага фебруар фебруара \
     فبراير فيفري פברואר בפברואר फरवरी กุมภาพันธ์ ফেব্রুয়ারি",
    "march mar marz maerz mrz mars marzo maart mrt marco marc marts martie \
     marzec marca brezen brezna ozujak ozujka marec kovo kovas marta maaliskuu maaliskuuta maalis marcius \
     mart maret μαρτιος μαρτιου μαρ март марта мар березень березня бер сакавіка \
     مارس מרץ במרץ मार्च มีนาคม মার্চ",
    "april apr avril avr abril abr aprile aprilie aprel \
     kwiecien kwietnia kwi duben dubna aprila travanj travnja balandzio balandis aprilis aprill huhtikuu huhtikuuta huhti \
     nisan nis απριλιος απριλιου απρ апрель апреля апр квітень квітня кві април красавіка \
     أبريل ابريل أفريل אפריל באפריל अप्रैल เมษายน এপ্রিল",
    "may mai mayo maggio mag maig maio mei maj mag \
     maja kveten kvetna maja svibanj svibnja geguzes geguze maijs maija toukokuu toukokuuta touko majus \
     mayis μαιος μαιου μαι май мая травень травня тра мај маја траўня \
     مايو ماي מאי במאי मई พฤษภาคม মে",
    "june jun juni juin junio giugno giu junho jun juny xuno iunie iun \
     czerwiec czerwca cze cerven cervna juna lipanj lipnja birzelio birzelis junijs junija juuni kesakuu kesakuuta kesa junius \
     haziran haz ιουνιος ιουνιου ιουν июнь июня июн червень червня чер юни јун јуна чэрвеня \
     يونيو جوان יוני ביוני जून มิถุนายน জুন",
    "july jul juli juillet juil julio luglio lug julho juliol xullo iulie iul \
     lipiec lipca lip cervenec cervence jula srpanj srpnja liepos liepa julijs julija juuli heinakuu heinakuuta heina julius \
     temmuz tem ιουλιος ιουλιου ιουλ июль июля июл липень липня юли јул јула ліпеня \
     يوليو جويلية יולי ביולי जुलाई กรกฎาคม জুলাই",
    "august aug aout agosto ago agost augustus augusti \
     sierpien sierpnia sie srpen srpna augusta kolovoz kolovoza rugpjucio rugpjutis augusts elokuu elokuuta elo augusztus \
     agustos agu agustus αυγουστος αυγουστου αυγ август августа авг серпень серпня сер август жніўня аўгуста августа \
     أغسطس اغسطس أوت אוגוסט באוגוסט अगस्त สิงหาคม আগস্ট",
    "september sep sept septembre septiembre setiembre settembre sett set setembro setembre septembrie \
     wrzesien wrzesnia wrz zari septembra rujan rujna rugsejo rugsejis septembris syyskuu syyskuuta syys szeptember \
     eylul eyl σεπτεμβριος σεπτεμβριου σεπ сентябрь сентября сен сент вересень вересня вер септември септембар септембра верасня \
     سبتمبر ספטמבר בספטמבר सितंबर सितम्बर กันยายน সেপ্টেম্বর",
    "october oct oktober okt octobre octubre ottobre ott outubro out octombrie outubro \
     pazdziernik pazdziernika paz rijen rijna oktobra spalio spalis oktobris oktoober lokakuu lokakuuta loka \
     ekim eki οκτωβριος οκτωβριου οκτ октябрь октября окт жовтень жовтня жов октомври октобар октобра кастрычніка \
     أكتوبر اكتوبر אוקטובר באוקטובר अक्टूबर अक्तूबर ตุลาคม অক্টোবর",
    "november nov novembre noviembre novembro noiembrie \
     listopada novembra studeni studenoga studenog lapkricio lapkritis novembris marraskuu marraskuuta marras \
     kasim kas νοεμβριος νοεμβριου νοε ноябрь ноября ноя нояб листопада лис ноември новембар новембра лістапада \
     نوفمبر נובמבר בנובמבר नवंबर नवम्बर พฤศจิกายน নভেম্বর listopad",
    "december dec dezember dez decembre diciembre dic dicembre dezembro desember des desembre decembrie \
     grudzien grudnia gru prosinec prosince decembra prosinac prosinca gruodzio gruodis decembris detsember joulukuu joulukuuta joulu \
     aralik ara desember δεκεμβριος δεκεμβριου δεκ декабрь декабря дек грудень грудня гру декември децембар децембра снежня \
     ديسمبر דצמבר בדצמבר दिसंबर दिसम्बर ธันวาคม ডিসেম্বর",
];

static BY_NAME: LazyLock<HashMap<&'static str, i8>> = LazyLock::new(|| {
    (1..)
        .zip(NAMES)
        .flat_map(|(month, names)| names.split_whitespace().map(move |name| (name, month)))
        .collect()
});

/// The month (1 to 12) of a folded name. `language` is the page's, as in `lang`.
pub(super) fn month(name: &str, language: &str) -> Option<i8> {
    let month = *BY_NAME.get(name)?;
    // "listopad" is November in Polish and Czech and October in Croatian.
    let croatian = language.starts_with("hr") || language.starts_with("bs");
    Some(if croatian && name.starts_with("listopad") {
        10
    } else {
        month
    })
}

/// Whether the name is Thai: years beside it are counted from 543 BC.
pub(super) fn is_thai(name: &str) -> bool {
    name.chars()
        .next()
        .is_some_and(|c| ('\u{e00}'..='\u{e7f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::super::token::fold;
    use super::*;

    #[test]
    fn reads_the_names_of_many_languages() {
        for (name, expected) in [
            ("March", 3),
            ("März", 3),
            ("Jänner", 1),
            ("août", 8),
            ("Févr", 2),
            ("septiembre", 9),
            ("Março", 3),
            ("października", 10),
            ("července", 7),
            ("června", 6),
            ("мая", 5),
            ("Ağustos", 8),
            ("Şubat", 2),
            ("kesäkuuta", 6),
            ("Μαΐου", 5),
            ("desember", 12),
            ("مارس", 3),
            ("มกราคม", 1),
            ("monday", 0),
        ] {
            let found = month(&fold(name), "en").unwrap_or(0);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn one_name_is_two_months() {
        assert_eq!(month("listopada", "pl"), Some(11));
        assert_eq!(month("listopada", "hr"), Some(10));
    }

    #[test]
    fn no_name_stands_for_two_months_otherwise() {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (month, names) in NAMES.iter().enumerate() {
            for name in names.split_whitespace() {
                assert_eq!(*seen.entry(name).or_insert(month), month, "{name}");
                assert_eq!(fold(name), name, "the table holds folded names");
            }
        }
    }
}
