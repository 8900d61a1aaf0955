//! What the site of an exercise is called. An exercise is a site of its own beside the real one, with keys, zones and
//! incidents of its own, so that neither can hide or lower a warning of the other.

/// What its id has more than the real site's.
const MARK: &str = "--drill";

/// The id of the site under which exercises at a site are told.
pub fn exercise_of(site: &str) -> String {
    format!("{site}{MARK}")
}

/// The site at which the exercise takes place that is told under an id; `None` for a real site.
pub fn exercised_site(id: &str) -> Option<&str> {
    id.strip_suffix(MARK)
}
