//! A relay for a siren or a light by Modbus TCP, and registers for a sign or a controller that reads numbers.
//!
//! A relay stands for the whole site: it shows the highest level that is known, and beside it whether any zone is not
//! known, such as one of which no picture has come yet. A zone that is lost keeps the level that it had last: a siren must
//! not fall silent because a camera has failed.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use throng_analytics::{level::Level, wire::Warning};

use super::{CONNECT_WITHIN, ZoneChange};
use crate::{config::speaker_plan::Address, connection::Connection};

/// Longest time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How often a relay is set again though nothing changed: one that lost its power, or was set by another, shows the truth
/// again, and one with a watchdog sees that we are there.
const SET_EVERY: Duration = Duration::from_secs(5);
/// First pause before a relay that did not answer is tried again, doubled up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// Function "write multiple coils".
const WRITE_COILS: u8 = 15;
/// Function "write multiple registers".
const WRITE_REGISTERS: u8 = 16;
/// The coil after those of the four levels.
const UNKNOWN_COIL: u8 = 1 << 4;
/// The level of a site of which part is not known and nothing worse is.
const UNKNOWN_LEVEL: u16 = u16::MAX;

/// What is known of all zones.
#[derive(Debug, Default)]
struct Zones(BTreeMap<String, Zone>);

#[derive(Clone, Copy, Debug)]
struct Zone {
    /// The level when it was last known.
    level: Level,
    is_known: bool,
}

impl Zones {
    /// Zones of which nothing is known yet.
    fn unseen(zones: &[String]) -> Self {
        let mut unseen = Self::default();
        for zone in zones {
            unseen.change(zone, ZoneChange::Watched);
        }
        unseen
    }

    fn change(&mut self, zone: &str, change: ZoneChange) {
        match change {
            ZoneChange::Watched => {
                self.0.insert(zone.to_owned(), Zone { level: Level::Normal, is_known: false });
            }
            ZoneChange::Seen(level) => {
                self.0.insert(zone.to_owned(), Zone { level, is_known: true });
            }
            ZoneChange::Gone => {
                self.0.remove(zone);
            }
        }
    }

    fn tell(&mut self, warning: &Warning) {
        let before = self.0.get(&warning.zone).map(|zone| zone.level);
        let last_known = warning.level.or(warning.previous_level).or(before);
        let zone = Zone { level: last_known.unwrap_or(Level::Normal), is_known: warning.level.is_some() };
        self.0.insert(warning.zone.clone(), zone);
    }

    fn highest(&self) -> Level {
        self.0.values().map(|zone| zone.level).max().unwrap_or(Level::Normal)
    }

    fn unknown_count(&self) -> usize {
        self.0.values().filter(|zone| !zone.is_known).count()
    }

    /// Five coils, the first in the lowest bit.
    fn coils(&self) -> u8 {
        let level = match self.highest() {
            Level::Normal => 0,
            level => 1 << (level.number() - 1),
        };
        level | if self.unknown_count() > 0 { UNKNOWN_COIL } else { 0 }
    }

    /// The level, and how many zones are not known.
    fn registers(&self) -> [u16; 2] {
        let unknown = self.unknown_count();
        let level = match self.highest() {
            Level::Normal if unknown > 0 => UNKNOWN_LEVEL,
            level => level.number().into(),
        };
        [level, u16::try_from(unknown).unwrap_or(u16::MAX)]
    }
}

/// A relay, which is set at each warning, and again every few seconds.
pub struct Relay {
    to: Address,
    unit: u8,
    first_coil: u16,
    first_register: Option<u16>,
    zones: Zones,
    connection: Option<Connection>,
    transaction: u16,
    failed: u32,
    due_at: Instant,
}

impl Relay {
    /// A relay for `zones`, none of which is known yet. It goes on from the levels of `last_told` by an earlier run.
    pub fn new(
        to: Address,
        unit: u8,
        first_coil: u16,
        first_register: Option<u16>,
        zones: &[String],
        last_told: &[Warning],
    ) -> Self {
        let mut known = Zones::unseen(zones);
        for warning in last_told {
            known.tell(&Warning {
                level: None,
                previous_level: warning.level.or(warning.previous_level),
                ..warning.clone()
            });
        }
        Self {
            to,
            unit,
            first_coil,
            first_register,
            zones: known,
            connection: None,
            transaction: 0,
            failed: 0,
            due_at: Instant::now(),
        }
    }

    /// How long until it must be set again.
    pub(super) fn due(&self) -> Duration {
        self.due_at.saturating_duration_since(Instant::now())
    }

    /// Takes a warning and shows it.
    ///
    /// # Errors
    /// See [`Self::set`].
    pub fn tell(&mut self, warning: &Warning) -> Result<()> {
        self.zones.tell(warning);
        self.set()
    }

    /// Shows what has become of a zone.
    ///
    /// # Errors
    /// See [`Self::set`].
    pub fn show(&mut self, zone: &str, change: ZoneChange) -> Result<()> {
        self.zones.change(zone, change);
        self.set()
    }

    /// Shows what is known.
    ///
    /// # Errors
    /// No answer, or an exception of the device. It is to be tried again after a pause.
    pub fn set(&mut self) -> Result<()> {
        let outcome = self.written();
        self.due_at = Instant::now();
        if let Err(error) = outcome {
            // Whatever may still come in it would answer an older request.
            self.connection = None;
            self.due_at += (RETRY_FIRST * 2_u32.pow(self.failed.min(5))).min(RETRY_MAX);
            self.failed += 1;
            return Err(error.context("the relay shows what it was told before, and is tried again"));
        }
        if self.failed > 0 {
            tracing::info!("The relay {} answers again, after {} tries.", self.to, self.failed);
            self.failed = 0;
        }
        self.due_at += SET_EVERY;
        Ok(())
    }

    fn written(&mut self) -> Result<()> {
        if self.connection.is_none() {
            let connection = Connection::open(&self.to, CONNECT_WITHIN)?;
            connection.set_read_timeout(ANSWER_WITHIN)?;
            self.connection = Some(connection);
        }
        self.write(WRITE_COILS, self.first_coil, 5, &[self.zones.coils()])?;
        if let Some(first) = self.first_register {
            let values = self.zones.registers().map(u16::to_be_bytes);
            self.write(WRITE_REGISTERS, first, 2, values.as_flattened())?;
        }
        Ok(())
    }

    /// Writes `count` coils or registers from `first` on, and reads that the device has taken them.
    fn write(&mut self, function: u8, first: u16, count: u16, values: &[u8]) -> Result<()> {
        self.transaction = self.transaction.wrapping_add(1);
        let request = request(self.transaction, self.unit, function, first, count, values);
        let to = &self.to;
        let connection = self.connection.as_mut().with_context(|| format!("{to} is not connected"))?;
        connection.write_all(&request).with_context(|| format!("the Modbus device {to} takes nothing"))?;
        let silent = || format!("the Modbus device {to} does not answer");
        let mut head = [0; 8];
        connection.read_exact(&mut head).with_context(silent)?;
        let length = u16::from_be_bytes([head[4], head[5]]);
        ensure!(
            head[..4] == request[..4] && (3..=254).contains(&length),
            "{to} answers something that is no Modbus"
        );
        let mut rest = vec![0; usize::from(length) - 2];
        connection.read_exact(&mut rest).with_context(silent)?;
        if head[7] == function | 0x80 {
            let why = match rest.first() {
                Some(1) => "it does not know the function",
                Some(2) => "it has no such address; check first_coil and first_register",
                Some(3) => "it has no such value",
                Some(6) => "it is busy",
                _ => "see its manual",
            };
            bail!(
                "the Modbus device {to} refuses to write {count} from address {first}: exception {}, {why}",
                rest.first().copied().unwrap_or_default()
            );
        }
        // It repeats the function, the address and how many.
        ensure!(
            head[7] == function && rest == request[8..12],
            "the Modbus device {to} answers to something else than was asked"
        );
        Ok(())
    }
}

/// Head: transaction, protocol 0, how many bytes follow, unit. Then function, address, count, and the values behind their length.
fn request(transaction: u16, unit: u8, function: u8, first: u16, count: u16, values: &[u8]) -> Vec<u8> {
    let mut request = Vec::with_capacity(13 + values.len());
    for word in [transaction, 0, 7 + values.len() as u16] {
        request.extend(word.to_be_bytes());
    }
    request.extend([unit, function]);
    for word in [first, count] {
        request.extend(word.to_be_bytes());
    }
    request.push(values.len() as u8);
    request.extend(values);
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    /// Coils and registers after warnings of zones, each with its level.
    fn shown(told: &[(&str, Option<Level>)]) -> (u8, [u16; 2]) {
        let mut zones = Zones::default();
        for (zone, level) in told {
            let previous_level = zones.0.get(*zone).map(|zone| zone.level);
            let warning = Warning { zone: (*zone).to_owned(), level: *level, previous_level, ..warning() };
            zones.tell(&warning);
        }
        (zones.coils(), zones.registers())
    }

    #[test]
    fn the_highest_level_of_all_zones_is_shown_and_what_is_unknown_is_never_safe() {
        let (orange, red, normal) = (Some(Level::Orange), Some(Level::Red), Some(Level::Normal));
        assert_eq!(shown(&[("gate", orange)]), (0b00100, [3, 0]));
        assert_eq!(shown(&[("gate", red), ("plaza", Some(Level::Blue))]), (0b01000, [4, 0]));
        assert_eq!(shown(&[("gate", red), ("gate", normal)]), (0, [0, 0]));
        // Lost at red: the siren goes on, and that it is not known is shown.
        assert_eq!(shown(&[("gate", red), ("gate", None)]), (0b11000, [4, 1]));
        // Lost at normal, and lost before anything was known: not 0, which is safe.
        assert_eq!(shown(&[("gate", normal), ("gate", None)]), (0b10000, [65535, 1]));
        assert_eq!(shown(&[("gate", None), ("plaza", None)]), (0b10000, [65535, 2]));
        assert_eq!(shown(&[("gate", None), ("gate", normal)]), (0, [0, 0]));
    }

    #[test]
    fn a_zone_of_which_nothing_ever_came_is_unknown_until_it_is_seen() {
        let mut zones = Zones::unseen(&["gate".to_owned(), "plaza".to_owned()]);
        assert_eq!((zones.coils(), zones.registers()), (0b10000, [65535, 2]));
        zones.change("gate", ZoneChange::Seen(Level::Normal));
        assert_eq!((zones.coils(), zones.registers()), (0b10000, [65535, 1]));
        zones.tell(&Warning { zone: "gate".to_owned(), level: Some(Level::Red), ..warning() });
        assert_eq!((zones.coils(), zones.registers()), (0b11000, [4, 1]));
        zones.change("plaza", ZoneChange::Seen(Level::Normal));
        assert_eq!((zones.coils(), zones.registers()), (0b01000, [4, 0]));
        zones.change("stairs", ZoneChange::Watched);
        assert_eq!((zones.coils(), zones.registers()), (0b11000, [4, 1]));
        zones.change("gate", ZoneChange::Gone);
        zones.change("stairs", ZoneChange::Gone);
        assert_eq!((zones.coils(), zones.registers()), (0, [0, 0]));
    }

    #[test]
    fn requests_are_those_of_the_standard() {
        let coils = request(0x0102, 9, WRITE_COILS, 0x0010, 5, &[0b100]);
        assert_eq!(coils, [1, 2, 0, 0, 0, 8, 9, 15, 0, 0x10, 0, 5, 1, 0b100]);
        let registers = request(3, 1, WRITE_REGISTERS, 100, 2, &[0, 4, 0, 1]);
        assert_eq!(registers, [0, 3, 0, 0, 0, 11, 1, 16, 0, 100, 0, 2, 4, 0, 4, 0, 1]);
    }
}
