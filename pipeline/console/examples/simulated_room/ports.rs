//! What the console's orders do here: loudspeakers that speak, exercises that say they are none.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Read,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use throng_analytics::{time::Timestamp, wire};
use throng_console::{Clock, Commands, Drills, Evidence, RoomEvent, SpeakOrder};

/// An order to a loudspeaker and how far it has come.
#[derive(Clone, Debug)]
struct Order {
    speaker: String,
    command_id: String,
    order: SpeakOrder,
    confirmed_at: Option<Timestamp>,
    told: usize,
}

#[derive(Debug, Default)]
struct State {
    orders: Vec<Order>,
    heard: VecDeque<RoomEvent>,
    acks: Vec<wire::Ack>,
    signals: BTreeMap<String, wire::Signal>,
    drill: Option<Timestamp>,
    seq: u64,
}

/// All ports in one.
#[derive(Debug)]
pub(crate) struct Simulated {
    clock: Clock,
    state: Mutex<State>,
}

impl Simulated {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who has acknowledged what since the last call.
    pub(crate) fn acks(&self) -> Vec<wire::Ack> {
        std::mem::take(&mut self.state().acks)
    }

    /// What was entered and lasts.
    pub(crate) fn signals(&self, now: Timestamp) -> Vec<wire::Signal> {
        let mut state = self.state();
        state.signals.retain(|_, signal| signal.until > now);
        state.signals.values().cloned().collect()
    }

    /// What loudspeakers say since the last call.
    pub(crate) fn speakers(&self, now: Timestamp) -> Vec<RoomEvent> {
        let mut state = self.state();
        let mut events: Vec<RoomEvent> = state.heard.drain(..).collect();
        let mut seq = state.seq;
        for order in &mut state.orders {
            let Some(confirmed_at) = order.confirmed_at else { continue };
            for (index, (secs, outcome)) in
                [(0.5, "accepted"), (1.0, "started"), (9.0, "finished")].iter().enumerate()
            {
                if order.told <= index && now.secs_since(confirmed_at) >= *secs {
                    order.told = index + 1;
                    seq += 1;
                    events.extend(receipt(order, outcome, None, now, seq));
                }
            }
            if order.told == 3 && now.secs_since(confirmed_at) > 30.0 {
                order.told = 4;
                seq += 1;
                events.extend(effect(order, now, seq));
            }
        }
        state.seq = seq;
        for speaker in ["horn-stage", "horn-stairs"] {
            let of = |is: fn(&Order) -> bool| -> Vec<String> {
                let mine = state.orders.iter().filter(|order| order.speaker == speaker && is(order));
                mine.map(|order| order.command_id.clone()).collect()
            };
            let waiting = of(|order| order.confirmed_at.is_none());
            let playing = of(|order| order.told == 2);
            let message = json!({
                "schema": "throng.speaker_state.v1", "site": "square", "seq": 0, "published_at": now,
                "node": speaker, "config_sha256": "", "drill": false, "speaker": speaker,
                "armed": speaker == "horn-stage" || now.unix_nanos() / 60_000_000_000 % 3 != 0,
                "reachable": true, "awaiting_confirmation": waiting, "playing": playing.first(), "refused": 0,
            });
            events.extend(
                serde_json::from_value(message).ok().map(|state| RoomEvent::SpeakerState(Box::new(state))),
            );
        }
        events
    }
}

fn receipt(
    order: &Order,
    outcome: &str,
    reason: Option<&str>,
    now: Timestamp,
    seq: u64,
) -> Option<RoomEvent> {
    let message = json!({
        "schema": "throng.speaker_receipt.v1", "site": "square", "seq": seq, "published_at": now,
        "node": order.speaker, "config_sha256": "", "drill": false, "speaker": order.speaker,
        "command_id": order.command_id, "issuer": order.order.operator, "outcome": outcome, "reason": reason,
        "announcement": order.order.announcement, "incident": order.order.incident,
    });
    Some(RoomEvent::SpeakerReceipt(serde_json::from_value(message).ok()?))
}

fn effect(order: &Order, now: Timestamp, seq: u64) -> Option<RoomEvent> {
    let message = json!({
        "schema": "throng.speaker_effect.v1", "site": "square", "seq": seq, "published_at": now, "node": "simulated",
        "model": { "name": "simulated", "sha256": "" }, "config_sha256": "", "drill": false,
        "quality": { "calibrated": true, "coverage": 1.0, "stale_secs": 0.2 },
        "speaker": order.speaker, "command_id": order.command_id, "announcement": order.order.announcement,
        "incident": order.order.incident.clone().unwrap_or_default(), "zone": "stage",
        "began_at": order.confirmed_at, "verdict": "helped", "advice": "watch",
        "density_people_per_m2": { "before": 5.3, "after": 4.4, "difference_lo": -1.2, "difference_hi": -0.6 },
        "net_inflow_people_per_s": { "before": 2.1, "after": -0.4, "difference_lo": -3.1, "difference_hi": -1.9 },
    });
    Some(RoomEvent::SpeakerEffect(serde_json::from_value(message).ok()?))
}

impl Commands for Simulated {
    fn acknowledge(&self, _: &str, ack: &wire::Ack) -> Result<(), String> {
        self.state().acks.push(ack.clone());
        Ok(())
    }

    fn speak(&self, _: &str, speaker: &str, order: &SpeakOrder) -> Result<String, String> {
        let now = self.clock.now();
        let mut state = self.state();
        state.seq += 1;
        let seq = state.seq;
        let order = Order {
            speaker: speaker.to_owned(),
            command_id: format!("command-{}", now.unix_nanos()),
            order: order.clone(),
            confirmed_at: None,
            told: 0,
        };
        let waits = receipt(&order, "awaiting_confirmation", Some("a second person must agree"), now, seq);
        state.heard.extend(waits);
        let id = order.command_id.clone();
        state.orders.push(order);
        Ok(id)
    }

    fn confirm(&self, _: &str, _: &str, command_id: &str, _: &str) -> Result<(), String> {
        let now = self.clock.now();
        let mut state = self.state();
        let waiting = state.orders.iter_mut().find(|order| order.command_id == command_id);
        waiting.ok_or("no such command waits")?.confirmed_at = Some(now);
        Ok(())
    }

    fn signal(&self, signal: &wire::Signal) -> Result<(), String> {
        self.state().signals.insert(signal.id.clone(), signal.clone());
        Ok(())
    }

    fn abort(&self, _: &str, speaker: &str, _: &str) -> Result<(), String> {
        let now = self.clock.now();
        let mut state = self.state();
        state.seq += 1;
        let seq = state.seq;
        let (ended, kept): (Vec<_>, Vec<_>) =
            state.orders.drain(..).partition(|order| order.speaker == speaker && order.told < 3);
        state.orders = kept;
        let receipts: Vec<_> = ended
            .iter()
            .filter_map(|order| receipt(order, "aborted", Some("by the console"), now, seq))
            .collect();
        state.heard.extend(receipts);
        Ok(())
    }
}

impl Drills for Simulated {
    fn start(&self, _: &str, _: &str, _: &str) -> Result<String, String> {
        let now = self.clock.now();
        if self.state().drill.replace(now).is_some() {
            return Err("an exercise runs already".to_owned());
        }
        Ok(now.unix_nanos().to_string())
    }

    fn stop(&self, _: &str, _: &str) -> Result<(), String> {
        self.state().drill.take().map(|_| ()).ok_or_else(|| "no exercise runs".to_owned())
    }

    fn report(&self, _: &str) -> Result<Value, String> {
        Ok(json!({
            "running_since": self.state().drill,
            "scenarios": [
                { "id": "gate_closes", "name": "A gate closes" },
                { "id": "stairs", "name": "Stairs back up" },
            ],
            "report": {
                "id": "1", "site": "square--drill", "scenario": "gate_closes", "title": "A gate closes", "by": "demo",
                "started_at": self.clock.now() - 90.0, "ended_at": self.clock.now() - 30.0,
                "ended_because": "people would have come to harm", "onset_secs": 41.5, "harm_secs": 60.0,
                "zones": [{
                    "zone": "stage", "name": "Stage", "incidents": ["d-1"], "blue_secs": 12.0, "yellow_secs": 20.4,
                    "orange_secs": 28.0, "red_secs": null, "acknowledged_secs": 33.0, "density_max_people_per_m2": 6.1,
                }],
            },
        }))
    }
}

impl Evidence for Simulated {
    fn list(&self, site: &str) -> Result<Vec<Value>, String> {
        if site != "square" {
            return Err("the site keeps no evidence: its file has no [evidence]".to_owned());
        }
        let alarm_at = self.clock.now() - 3600.0;
        Ok(vec![
            json!({ "name": "2026-stage-red", "zone": "stage", "level": "red", "alarm_at": alarm_at, "drill": false }),
            json!({ "name": "2026-stairs-orange", "zone": "stairs", "level": "orange", "alarm_at": alarm_at, "drill": false }),
        ])
    }

    fn look(&self, _: &str, name: &str) -> Result<Value, String> {
        if name != "2026-stage-red" {
            return Err("messages.jsonl was changed: its SHA-256 is not the one that was signed".to_owned());
        }
        Ok(json!({
            "is_sealed": true, "key_id": "evidence", "from": self.clock.now() - 3780.0, "until": self.clock.now() - 3570.0,
            "throng_version": "0.1.0", "model": { "name": "simulated", "sha256": "" }, "config_sha256": "simulated",
            "clips": [{ "camera": "cam-stage", "pictures": 300, "is_concealed": true }], "replay_differs": [],
            "files": [{ "name": "clip-cam-stage.mp4", "bytes": 4_000_000, "sha256": "ab".repeat(32) }],
        }))
    }

    fn archive(&self, _: &str, _: &str) -> Result<(Box<dyn Read + Send>, u64), String> {
        Ok((Box::new(std::io::repeat(0).take(1024)), 1024))
    }
}
