//! A talk with a platform of GB/T 28181: our registration, which is renewed, a keep-alive every minute, alarms, and 200 to
//! whatever the platform asks.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use throng_analytics::wire::Warning;

use super::{CONNECT_WITHIN, gb28181};
use crate::{clock::wall_clock, config::speaker_plan::Address, sip::Agent};

/// For how long we register, seconds: the standard's shortest.
const EXPIRES_SECS: u32 = 3600;
/// When a registration is renewed.
const RENEW_AFTER: Duration = Duration::from_secs(EXPIRES_SECS as u64 / 2);
/// Time between keep-alives.
const KEEPALIVE_EVERY: Duration = Duration::from_mins(1);
/// Shortest pause before a registration that failed is tried again.
const RETRY_EVERY: Duration = Duration::from_mins(1);
/// How often what the platform says of its own is answered; it repeats it meanwhile.
const LISTEN_EVERY: Duration = Duration::from_secs(1);
/// Alarms that wait while there is no platform; the oldest give way.
const UNSENT_MAX: usize = 64;

/// A platform.
pub(super) struct Platform {
    to: Address,
    zone_offset_hours: i32,
    number: u32,
    registered: Option<Registered>,
    retry_at: Instant,
    unsent: VecDeque<Warning>,
}

struct Registered {
    agent: Agent,
    renew_at: Instant,
    keepalive_at: Instant,
}

impl Platform {
    pub(super) fn new(to: Address, zone_offset_hours: i32) -> Self {
        let (retry_at, unsent) = (Instant::now(), VecDeque::new());
        Self { to, zone_offset_hours, number: 0, registered: None, retry_at, unsent }
    }

    /// How long it can do without being tended.
    pub(super) fn due(&self) -> Duration {
        match self.registered {
            Some(_) => LISTEN_EVERY,
            None => self.retry_at.saturating_duration_since(Instant::now()),
        }
    }

    /// Registers, renews, says that we live, sends what could not be sent before, and answers what the platform has asked.
    pub(super) fn tend(&mut self) -> Result<()> {
        let now = Instant::now();
        self.register(now)?;
        if let Some(Registered { agent, .. }) = &mut self.registered
            && let Err(error) = answer_all(agent)
        {
            // Over TCP the end of the connection is the end of the registration (GB/T 28181-2022, 9.1.1 f).
            self.registered = None;
            return Err(error);
        }
        if self.registered.as_ref().is_some_and(|registered| now >= registered.keepalive_at) {
            let number = self.next_number();
            self.report(&gb28181::keepalive(&self.to.user, number))?;
            if let Some(registered) = &mut self.registered {
                registered.keepalive_at = now + KEEPALIVE_EVERY;
            }
        }
        self.send_alarms()
    }

    /// Sends the alarm of a warning; one that the platform does not take waits for the next registration.
    pub(super) fn tell(&mut self, warning: &Warning) -> Result<()> {
        if self.unsent.len() >= UNSENT_MAX {
            self.unsent.pop_front();
        }
        self.unsent.push_back(warning.clone());
        let was_registered = self.registered.is_some();
        self.register(Instant::now())?;
        match self.send_alarms() {
            // A platform that was started anew does not know us any more.
            Err(_) if was_registered => {
                self.register(Instant::now())?;
                self.send_alarms()
            }
            outcome => outcome,
        }
    }

    /// Sends the alarms that wait and still mean something.
    fn send_alarms(&mut self) -> Result<()> {
        while let Some(warning) = self.unsent.pop_front() {
            if warning.expires_at < wall_clock() {
                tracing::warn!(zone = warning.zone, "Alarm lost on its way to {}: it expired.", self.to);
                continue;
            }
            let number = self.next_number();
            let body = gb28181::alarm(&warning, &self.to.user, number, self.zone_offset_hours);
            if let Err(error) = self.report(&body) {
                self.unsent.push_front(warning);
                return Err(error);
            }
        }
        Ok(())
    }

    fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// Registers where that was not done, or long ago.
    fn register(&mut self, now: Instant) -> Result<()> {
        let known = self.registered.take_if(|registered| now >= registered.renew_at);
        if self.registered.is_some() {
            return Ok(());
        }
        self.retry_at = now + RETRY_EVERY;
        let mut agent = match known {
            Some(known) => known.agent,
            None => Agent::new(&self.to)?,
        };
        let registrar = format!("sip:{}:{}", self.to.host, self.to.port);
        let expires = EXPIRES_SECS.to_string();
        let headers = [("Expires", expires.as_str())];
        let (_, answer) =
            agent.request("REGISTER", &registrar, &headers, &[], CONNECT_WITHIN, &mut || true)?;
        match answer.and_then(|answer| answer.status()).unwrap_or_default() {
            200..=299 => {}
            status => bail!("the platform {} refuses to register us: {status}", self.to),
        }
        self.registered = Some(Registered { agent, renew_at: now + RENEW_AFTER, keepalive_at: now });
        Ok(())
    }

    /// Sends a message; after one that is not taken we count as not registered.
    fn report(&mut self, body: &str) -> Result<()> {
        let to = &self.to;
        let mut registered = self.registered.take().with_context(|| format!("{to} does not know us"))?;
        let target = format!("sip:{}@{}:{}", to.path.trim_matches('/'), to.host, to.port);
        let headers = [("Content-Type", gb28181::MEDIA_TYPE)];
        let (_, answer) = registered.agent.request(
            "MESSAGE",
            &target,
            &headers,
            body.as_bytes(),
            CONNECT_WITHIN,
            &mut || true,
        )?;
        match answer.and_then(|answer| answer.status()).unwrap_or_default() {
            200..=299 => {
                self.registered = Some(registered);
                Ok(())
            }
            status => bail!("the platform {to} answered a message with {status}"),
        }
    }
}

/// Answers what the platform has asked meanwhile.
fn answer_all(agent: &mut Agent) -> Result<()> {
    while agent.heard(Duration::ZERO)?.is_some() {}
    Ok(())
}
