//! The loudspeaker of a DJI drone, by the Cloud API over MQTT: the words are sent, and the drone speaks them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use throng_analytics::digest::hex;
use uuid::Uuid;

use super::{
    Driver, Playback,
    remote::{Remote, Stop},
};
use crate::{clock::wall_clock, config::speaker_plan::Address, mqtt::Client, speaker::voice::Clip};

/// Longest time for the dock's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often the talk looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The loudspeaker of a drone.
pub(super) struct Dji {
    broker: Address,
    gateway_sn: String,
    psdk_index: u8,
}

impl Dji {
    pub(super) fn new(broker: Address, gateway_sn: String, psdk_index: u8) -> Self {
        Self { broker, gateway_sn, psdk_index }
    }
}

impl Driver for Dji {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        let (broker, sn, index, clip) =
            (self.broker.clone(), self.gateway_sn.clone(), self.psdk_index, clip.clone());
        anyhow::ensure!(
            !clip.words.is_empty(),
            "the announcement {:?} has no words for the drone to speak",
            clip.id
        );
        Remote::start("speaker-dji", move |stop| {
            let client = Client::connect(&broker, &format!("throng-{}", Uuid::now_v7().simple()))?;
            let mut talk = Talk { client, sn, index };
            talk.speak(&clip, stop)
        })
    }
}

struct Talk {
    client: Client,
    sn: String,
    index: u8,
}

impl Talk {
    fn speak(&mut self, clip: &Clip, stop: &Stop) -> Result<()> {
        let topic = |name: &str| format!("thing/product/{}/{name}", self.sn);
        let (replies, events) = (topic("services_reply"), topic("events"));
        self.client.subscribe(&replies)?;
        self.client.subscribe(&events)?;
        let tts = json!({
            "name": clip.id,
            "text": clip.words,
            "md5": hex(&Md5::digest(clip.words.as_bytes())),
        });
        let request =
            self.call("speaker_tts_play_start", &json!({ "psdk_index": self.index, "tts": tts }))?;
        let mut is_accepted = false;
        // The drone may speak slower than we do: twice our length, and what it takes to get there.
        let mut deadline = Instant::now() + ANSWER_WITHIN;
        while Instant::now() < deadline {
            if stop.is_set() {
                self.call("speaker_play_stop", &json!({ "psdk_index": self.index }))?;
                return Ok(());
            }
            let Some((topic, payload)) = self.client.next(LOOK_EVERY)? else { continue };
            let Ok(message) = serde_json::from_slice::<Value>(&payload) else { continue };
            if topic == replies && message["tid"] == request.as_str() {
                match message["data"]["result"].as_i64() {
                    Some(0) => {
                        is_accepted = true;
                        deadline = Instant::now() + Duration::from_secs_f64(2.0 * clip.secs() + 5.0);
                    }
                    Some(code) => bail!("the drone refuses to speak: DJI error {code}"),
                    None => {}
                }
            }
            if topic == events && message["method"] == "speaker_tts_play_start_progress" {
                let output = &message["data"]["output"];
                match output["status"].as_str() {
                    Some("ok") => return Ok(()),
                    Some("failed" | "timeout" | "canceled" | "rejected") => {
                        bail!("the drone stopped speaking: {}", output["status"])
                    }
                    _ => {}
                }
            }
        }
        anyhow::ensure!(is_accepted, "the drone's dock has not answered for {} s", ANSWER_WITHIN.as_secs());
        Ok(())
    }

    /// Calls a service of the dock; the number of the call.
    fn call(&mut self, method: &str, data: &Value) -> Result<String> {
        let tid = Uuid::now_v7().to_string();
        let message = json!({
            "bid": Uuid::now_v7().to_string(),
            "tid": tid,
            "timestamp": wall_clock().unix_nanos() / 1_000_000,
            "method": method,
            "data": data,
        });
        let topic = format!("thing/product/{}/services", self.sn);
        self.client
            .publish(&topic, &serde_json::to_vec(&message)?)
            .context("the drone's dock was not reached")?;
        Ok(tid)
    }
}
