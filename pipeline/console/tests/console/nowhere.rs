//! The ports of a console behind which there is nothing, for those who look at something else.

use std::collections::BTreeMap;

use throng_analytics::wire::{Ack, Signal};
use throng_console::{
    ChangeRecord, Commands, Desk, Fit, Picture, Places, PointPair, Projected, Proposal, SiteChange,
    SpeakOrder,
};

/// Nothing that goes out arrives.
pub(crate) struct Nowhere;

impl Commands for Nowhere {
    fn acknowledge(&self, _: &str, _: &Ack) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn speak(&self, _: &str, _: &str, _: &SpeakOrder) -> Result<String, String> {
        Err("nowhere".to_owned())
    }
    fn confirm(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn signal(&self, _: &Signal) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn abort(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
}

impl Desk for Nowhere {
    fn still(&self, _: &str, _: &str) -> Result<Picture, String> {
        Err("nowhere".to_owned())
    }
    fn fit(&self, _: &str, _: &str, _: &[PointPair]) -> Result<Fit, String> {
        Err("nowhere".to_owned())
    }
    fn project(&self, _: &str, _: &str, _: &Places) -> Result<Projected, String> {
        Err("nowhere".to_owned())
    }
    fn profiles(&self, _: &str) -> Result<BTreeMap<String, BTreeMap<&'static str, f64>>, String> {
        Err("nowhere".to_owned())
    }
    fn propose(&self, _: &str, _: &SiteChange, _: &str) -> Result<Proposal, String> {
        Err("nowhere".to_owned())
    }
    fn apply(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn undo(&self, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn changes(&self, _: &str) -> Vec<ChangeRecord> {
        Vec::new()
    }
}
