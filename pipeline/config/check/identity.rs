//! Ids, the time zone and the place on Earth.

use std::collections::BTreeMap;

use jiff::tz::{self, TimeZone};

use throng_analytics::place::{Geodetic, SitePlace};

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::key_path::KeyPath;
use crate::config::raw::Origin;
use crate::config::suggest::nearest;
use crate::publish::Id;

/// What an id may be.
const EXPECTED: &str = "1 to 63 of a-z, 0-9, '-' and '_', the first a letter or digit";

impl Checker<'_> {
    /// An id that may stand in a key on the bus; none where it is missing or may not.
    pub(super) fn id(&mut self, id: Option<&String>, at: &KeyPath) -> Option<Id> {
        let text = id?;
        match Id::new(text.as_str()) {
            Ok(id) => Some(id),
            Err(_what_is_said_below_in_our_own_form) => {
                let advice = match tidied(text) {
                    Some(tidy) => format!("write e.g. {tidy:?}"),
                    None => "choose a short name such as \"gate-1\"".to_owned(),
                };
                self.findings.error(at, Remark::new(format!("is {text:?}"), EXPECTED, advice));
                None
            }
        }
    }

    /// Reports every id that a list of tables uses twice, at its second use.
    pub(super) fn unique<'i>(&mut self, ids: impl Iterator<Item = Option<&'i String>>, list: &KeyPath) {
        let mut first_use: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, id) in ids.enumerate() {
            let Some(id) = id else { continue };
            if let Some(first) = first_use.get(id.as_str()) {
                let remark = Remark::new(
                    format!("is {id:?}, as is {list}[{first}].id"),
                    format!("an id that no other [[{list}]] has"),
                    "rename one of the two",
                );
                self.findings.error(&list.index(index).key("id"), remark);
            } else {
                first_use.insert(id, index);
            }
        }
    }

    /// The time zone; none where the name is unknown. UTC where there is no name.
    pub(super) fn time_zone(&mut self, name: Option<&String>, at: &KeyPath) -> Option<TimeZone> {
        let Some(name) = name else { return Some(TimeZone::UTC) };
        if let Ok(zone) = TimeZone::get(name) {
            return Some(zone);
        }
        let known: Vec<String> = tz::db().available().map(|name| name.as_str().to_owned()).collect();
        let advice = match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => "write e.g. \"Europe/Berlin\", \"Asia/Seoul\" or \"UTC\"".to_owned(),
        };
        self.findings
            .error(at, Remark::new(format!("is {name:?}"), "a time zone of the IANA data base", advice));
        None
    }
}

/// Where the site lies; none where a part is missing, which the structural check has reported.
pub(super) fn place(origin: Origin) -> Option<SitePlace> {
    let origin_at = Geodetic {
        latitude_deg: origin.latitude_deg?,
        longitude_deg: origin.longitude_deg?,
        height_m: origin.height_m.unwrap_or(0.0),
    };
    Some(SitePlace { origin: origin_at, y_axis_bearing_deg: origin.y_axis_bearing_deg.unwrap_or(0.0) })
}

/// The id nearest to a text that is none; nothing where no letter or digit is left, or where the text is a URI: what
/// is a password there would no longer be recognised as one.
fn tidied(text: &str) -> Option<String> {
    if text.contains("://") || text.contains('@') {
        return None;
    }
    let replaced: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '-' })
        .take(63)
        .collect();
    let tidy = replaced.trim_matches(['-', '_']);
    (!tidy.is_empty()).then(|| tidy.to_owned())
}
