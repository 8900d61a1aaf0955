//! The desk of a console that sits elsewhere than the site's file.

use std::collections::BTreeMap;

use throng_console::{ChangeRecord, Desk, Fit, Picture, Places, PointPair, Projected, Proposal, SiteChange};

/// Refuses with what to do instead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Away;

/// What to do instead.
const ELSEWHERE: &str = "this console is not beside the site, and changes its file not: open the site's own (`throng run \
                         SITE.toml --console ADDRESS`), or run `throng calibrate`, or edit the site file and check it with \
                         `throng check`, on the machine where it lies";

impl Desk for Away {
    fn still(&self, _: &str, _: &str) -> Result<Picture, String> {
        Err(ELSEWHERE.to_owned())
    }

    fn fit(&self, _: &str, _: &str, _: &[PointPair]) -> Result<Fit, String> {
        Err(ELSEWHERE.to_owned())
    }

    fn project(&self, _: &str, _: &str, _: &Places) -> Result<Projected, String> {
        Err(ELSEWHERE.to_owned())
    }

    fn profiles(&self, _: &str) -> Result<BTreeMap<String, BTreeMap<&'static str, f64>>, String> {
        Err(ELSEWHERE.to_owned())
    }

    fn propose(&self, _: &str, _: &SiteChange, _: &str) -> Result<Proposal, String> {
        Err(ELSEWHERE.to_owned())
    }

    fn apply(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err(ELSEWHERE.to_owned())
    }

    fn undo(&self, _: &str, _: &str) -> Result<(), String> {
        Err(ELSEWHERE.to_owned())
    }

    fn changes(&self, _: &str) -> Vec<ChangeRecord> {
        Vec::new()
    }
}
