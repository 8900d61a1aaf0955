//! The bus: whether every endpoint can be one.

use std::path::PathBuf;

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::key_path::KeyPath;
use crate::config::plan::FieldPlan;
use crate::config::raw::{self, Bus};
use crate::publish::{BusMode, Id, Network, OutboxOptions};

/// What an endpoint looks like.
const EXPECTED: &str = "the endpoint of a zenoh router or peer";

/// The density raster on the bus.
pub(super) fn field(bus: Option<&Bus>) -> FieldPlan {
    FieldPlan {
        cell_m: bus.and_then(|bus| bus.field_cell_m).unwrap_or(0.0),
        every_secs: bus.and_then(|bus| bus.field_every_secs).unwrap_or(1.0),
    }
}

impl Checker<'_> {
    /// Where the bus is; none where it cannot be there. Nothing is opened.
    pub(super) fn bus(&mut self, bus: Option<&Bus>) -> Option<Network> {
        let Some(bus) = bus else { return Some(Network::default()) };
        let at = KeyPath::root().key("bus");
        let errors_before = self.findings.error_count();
        for (name, endpoints) in [("connect", &bus.connect), ("listen", &bus.listen)] {
            for (index, endpoint) in endpoints.iter().enumerate() {
                self.endpoint(endpoint, &at.key(name).index(index));
            }
        }
        let mode = match bus.mode.unwrap_or_default() {
            raw::BusMode::Peer => BusMode::Peer,
            raw::BusMode::Client => BusMode::Client,
        };
        let config_file = bus.config_file.as_ref().map(|file| self.folder.join(file));
        let named = !bus.connect.is_empty() || config_file.is_some();
        if mode == BusMode::Client && !named && !self.is_removed(&at.key("connect")) {
            let remark = Remark::new(
                "is \"client\" without an endpoint to connect to",
                "the router's endpoint in `connect`",
                "add e.g. `connect = [\"tcp/10.0.0.2:7447\"]`, or use mode = \"peer\"",
            );
            self.findings.error(&at.key("mode"), remark);
        }
        if config_file.is_some() {
            let alone = Network { config_file: config_file.clone(), ..Network::default() };
            if let Err(error) = alone.check() {
                let remark = Remark::new(
                    format!("{error:#}"),
                    "a zenoh configuration file (JSON5)",
                    "correct the file; its path is relative to the folder of the site file",
                );
                self.findings.error(&at.key("config_file"), remark);
            }
        }
        let (connect, listen) = (bus.connect.clone(), bus.listen.clone());
        let network = Network { mode, connect, listen, config_file, ..Network::default() };
        (self.findings.error_count() == errors_before).then_some(network)
    }

    /// Where warnings wait until they have arrived.
    pub(super) fn outbox(&mut self, bus: Option<&Bus>, site: Option<&Id>) -> Option<OutboxOptions> {
        let at = KeyPath::root().key("bus").key("confirm_groups");
        let errors_before = self.findings.error_count();
        let mut confirm_groups: Vec<Id> = Vec::new();
        for (index, group) in bus.iter().flat_map(|bus| bus.confirm_groups.iter().enumerate()) {
            match Id::new(group.as_str()) {
                Ok(group) if confirm_groups.contains(&group) => {}
                Ok(group) => confirm_groups.push(group),
                Err(error) => {
                    let remark = Remark::new(
                        format!("is no id: {error:#}"),
                        "the id of a group of subscribers",
                        "write e.g. `confirm_groups = [\"room\"]`",
                    );
                    self.findings.error(&at.index(index), remark);
                }
            }
        }
        let named = bus.and_then(|bus| bus.outbox.as_ref()).map(|file| self.folder.join(file));
        // systemd may name several folders; the first is the unit's own.
        let state_folder = (self.environment)("STATE_DIRECTORY")
            .and_then(|folders| folders.split(':').next().map(PathBuf::from))
            .filter(|folder| folder.is_absolute());
        let file = named.or_else(|| Some(state_folder?.join(format!("outbox-{}.sqlite", site?.as_str()))));
        (self.findings.error_count() == errors_before).then_some(OutboxOptions { file, confirm_groups })
    }

    /// Asks the bus whether it takes an endpoint.
    fn endpoint(&mut self, endpoint: &str, at: &KeyPath) {
        let alone = Network { connect: vec![endpoint.to_owned()], ..Network::default() };
        if let Err(error) = alone.check() {
            self.findings.error(at, Remark::from_message(&format!("is {error:#}"), EXPECTED));
        }
    }
}
