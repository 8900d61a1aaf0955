//! The interlock between a warning and a loudspeaker: a state machine without clock, network or sound.
//!
//! ```text
//! order -> refused
//!       -> waiting (for people, for the exits, for others to end) -> refused
//!                                                                 -> speaking -> finished
//!                                                                             -> stopped (abort, mute, disarmed, pre-empted)
//! ```
//!
//! It fails silent: what is not expressly allowed is refused, and a wait that ends without an answer is a refusal. Two
//! things are never refused: an abort, and the mute switch.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::{
    action::{Action, Receipt, Stage, StopCause},
    order::{Authority, Moment, Order, Refusal, Request, Say, What},
    orders_taken::OrdersTaken,
    policy::{Consent, Draw, Drill, Policy},
};
use crate::{level::Level, time::Timestamp};

/// Announcements and other loudspeakers' words remembered at most.
const REMEMBERED_MAX: usize = 256;

/// A request that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The request.
    pub request: Request,
    /// Keys of the people who agreed.
    pub confirmed_by: BTreeSet<String>,
    /// How many must.
    pub people_needed: usize,
    /// Until when.
    pub until: Timestamp,
}

/// What is being said.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaking {
    /// The request.
    pub request: Request,
    /// Whether it can be heard.
    pub aloud: bool,
    /// Since when.
    pub since: Timestamp,
}

/// Something that was said.
#[derive(Clone, Debug)]
struct Said {
    what: Say,
    incident: Option<String>,
    rank: Rank,
    began: Timestamp,
    ended: Option<Timestamp>,
}

/// What gives way to what: an exercise to the real thing, then the less urgent to the more urgent.
type Rank = (bool, Reverse<u8>);

/// The state machine of one loudspeaker.
#[derive(Clone, Debug)]
pub struct Interlock {
    policy: Policy,
    is_armed: bool,
    is_muted: bool,
    taken: OrdersTaken,
    waiting: Option<Waiting>,
    speaking: Option<Speaking>,
    said: VecDeque<Said>,
    /// Incidents for which another loudspeaker has begun to speak.
    spoken_elsewhere: VecDeque<(String, String)>,
    speaking_elsewhere: BTreeSet<String>,
}

impl Interlock {
    /// Silent, with the numbers that each signer had reached before.
    pub fn new(policy: Policy, is_armed: bool, last_sequence: BTreeMap<String, u64>) -> Self {
        Self {
            policy,
            is_armed,
            is_muted: false,
            taken: OrdersTaken::new(last_sequence),
            waiting: None,
            speaking: None,
            said: VecDeque::new(),
            spoken_elsewhere: VecDeque::new(),
            speaking_elsewhere: BTreeSet::new(),
        }
    }

    /// Whether it may speak.
    pub fn is_armed(&self) -> bool {
        self.is_armed
    }

    /// Whether it is muted by hand.
    pub fn is_muted(&self) -> bool {
        self.is_muted
    }

    /// What waits.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// What is being said.
    pub fn speaking(&self) -> Option<&Speaking> {
        self.speaking.as_ref()
    }

    /// Takes an order whose signature holds.
    pub fn order(&mut self, order: &Order, now: Moment) -> Vec<Action> {
        let refused = self.taken.take(&order.authority, &self.policy, now.at);
        let (name, refused) = match (&order.what, refused) {
            // Silence is always safe: an abort counts late, replayed and out of order.
            (What::Abort, _) => return self.abort(now.at),
            (What::Say(request), refused) => (request.id.as_str(), refused),
            (What::Confirm { request }, refused) => (request.as_str(), refused),
            (What::Arm | What::Disarm, refused) => ("", refused),
        };
        if let Err(refusal) = refused {
            return vec![tell(name, now.at, Stage::Refused(refusal))];
        }
        match &order.what {
            What::Say(request) => self.say(request, &order.authority, now),
            What::Confirm { request } => self.confirm(request, &order.authority, now),
            What::Abort => self.abort(now.at),
            What::Arm => {
                self.is_armed = true;
                vec![tell("", now.at, Stage::Armed(true))]
            }
            What::Disarm => {
                self.is_armed = false;
                let mut actions = self.silence(StopCause::Disarmed, now.at);
                actions.push(tell("", now.at, Stage::Armed(false)));
                actions
            }
        }
    }

    /// Lets time pass: a wait ends, by speech or by refusal.
    pub fn tick(&mut self, now: Moment) -> Vec<Action> {
        let Some(waiting) = &self.waiting else { return Vec::new() };
        if now.at >= waiting.until {
            let missing = Self::people_missing(waiting);
            let refusal = if missing > 0 {
                Refusal::NotConfirmed
            } else {
                Refusal::OthersFirst { speakers: self.others(waiting) }
            };
            let name = waiting.request.id.clone();
            self.waiting = None;
            return vec![tell(&name, now.at, Stage::Refused(refusal))];
        }
        self.proceed(now)
    }

    /// The mute switch was moved.
    pub fn mute(&mut self, is_muted: bool, now: Timestamp) -> Vec<Action> {
        self.is_muted = is_muted;
        if is_muted { self.silence(StopCause::Muted, now) } else { Vec::new() }
    }

    /// Another loudspeaker speaks for an incident, or has fallen silent.
    pub fn heard_elsewhere(&mut self, speaker: &str, incident: Option<&str>, speaks: bool) {
        if !speaks {
            self.speaking_elsewhere.remove(speaker);
            return;
        }
        if self.policy.not_while.contains(speaker) {
            self.speaking_elsewhere.insert(speaker.to_owned());
        }
        if let (Some(incident), true) = (incident, self.policy.after.contains(speaker)) {
            let word = (speaker.to_owned(), incident.to_owned());
            if !self.spoken_elsewhere.contains(&word) {
                remember(&mut self.spoken_elsewhere, word);
            }
        }
    }

    /// What plays came to its end.
    pub fn finished(&mut self, now: Timestamp) -> Vec<Action> {
        self.ended(now, Stage::Finished)
    }

    /// What plays failed, or could not begin.
    pub fn failed(&mut self, why: &str, now: Timestamp) -> Vec<Action> {
        self.ended(now, Stage::Failed(why.to_owned()))
    }

    fn say(&mut self, request: &Request, authority: &Authority, now: Moment) -> Vec<Action> {
        let consent = match self.may_say(request, authority, now) {
            Ok(consent) => consent,
            Err(refusal) => return vec![tell(&request.id, now.at, Stage::Refused(refusal))],
        };
        let (people_needed, within_secs) = match consent {
            Consent::Confirmed { people, within_secs } => (people, within_secs),
            Consent::Never | Consent::Automatic => (0, self.policy.wait_secs),
        };
        let mut confirmed_by = BTreeSet::new();
        if authority.is_person {
            confirmed_by.insert(authority.signer.clone());
        }
        let mut actions = Vec::new();
        if let Some(before) = self.waiting.take() {
            // It was less serious, or `may_say` had refused.
            actions.push(tell(&before.request.id, now.at, Stage::Stopped(StopCause::Preempted)));
        }
        let waiting =
            Waiting { request: request.clone(), confirmed_by, people_needed, until: now.at + within_secs };
        let waits = Stage::Waits { people: Self::people_missing(&waiting), until: waiting.until };
        self.waiting = Some(waiting);
        let begun = self.proceed(now);
        if begun.is_empty() {
            actions.push(tell(&request.id, now.at, waits));
        }
        actions.extend(begun);
        actions
    }

    /// Who must agree to a request; or why it is refused whoever agrees.
    fn may_say(&self, request: &Request, authority: &Authority, now: Moment) -> Result<Consent, Refusal> {
        self.may_speak(request, now)?;
        match (request.captured_at, authority.is_person) {
            (_, true) => {}
            (Some(captured_at), false) => {
                let age_secs = now.at.secs_since(captured_at);
                if age_secs.abs() > self.policy.data_age_max_secs {
                    return Err(Refusal::StaleData { age_secs });
                }
            }
            (None, false) => return Err(Refusal::NoGround),
        }
        if self.waiting.as_ref().is_some_and(|waiting| self.rank(&waiting.request) >= self.rank(request)) {
            return Err(Refusal::Busy);
        }
        let consent = self.policy.consent.get(&request.level).copied().unwrap_or(Consent::Never);
        match (consent, &request.say) {
            (Consent::Never, _) => Err(Refusal::Level),
            (Consent::Automatic, Say::Text(_)) => Ok(Consent::Confirmed { people: 2, within_secs: 60.0 }),
            (Consent::Confirmed { within_secs, .. }, Say::Text(_)) => {
                Ok(Consent::Confirmed { people: 2, within_secs })
            }
            (consent, Say::Announcement(_)) => Ok(consent),
        }
    }

    /// What must hold when a request comes and again when it is about to be said.
    fn may_speak(&self, request: &Request, now: Moment) -> Result<(), Refusal> {
        if !self.is_armed {
            return Err(Refusal::Disarmed);
        }
        if self.is_muted {
            return Err(Refusal::Muted);
        }
        let draw = match &request.say {
            Say::Announcement(name) => {
                self.policy.announcements.get(name).copied().ok_or(Refusal::NotApproved)?
            }
            Say::Text(_) if !self.policy.allows_free_text => return Err(Refusal::FreeText),
            Say::Text(_) => Draw::Nowhere,
        };
        let hears_danger = request.zone.as_ref().is_none_or(|zone| self.policy.stands_in.contains(zone));
        if draw == Draw::Here && hears_danger {
            return Err(Refusal::DrawsIntoDanger);
        }
        if self.policy.quiet_hours.is_some_and(|quiet| quiet.silence(request.level, now.minute_of_day)) {
            return Err(Refusal::QuietHours);
        }
        let rank = self.rank(request);
        if self.speaking.as_ref().is_some_and(|speaking| self.rank(&speaking.request) >= rank) {
            return Err(Refusal::Busy);
        }
        if let Some(last) = self.said.back()
            && let Some(ended) = last.ended
            && last.rank >= rank
        {
            let left_secs = self.policy.cool_down_secs - now.at.secs_since(ended);
            if left_secs > 0.0 {
                return Err(Refusal::CoolDown { left_secs });
            }
        }
        let is_repeat = |said: &&Said| {
            said.what == request.say
                && said.rank.0 == rank.0
                && said.incident == request.incident
                && now.at.secs_since(said.began) < self.policy.repeats_within_secs
        };
        let repeats = u32::try_from(self.said.iter().filter(is_repeat).count()).unwrap_or(u32::MAX);
        if repeats >= self.policy.repeats_max { Err(Refusal::Repeated) } else { Ok(()) }
    }

    fn confirm(&mut self, name: &str, authority: &Authority, now: Moment) -> Vec<Action> {
        let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.request.id == name) else {
            return vec![tell(name, now.at, Stage::Refused(Refusal::NothingToConfirm))];
        };
        if now.at >= waiting.until {
            return self.tick(now);
        }
        if !authority.is_person || !waiting.confirmed_by.insert(authority.signer.clone()) {
            return vec![tell(name, now.at, Stage::Refused(Refusal::CannotConfirm))];
        }
        let mut actions = vec![tell(name, now.at, Stage::Confirmed { by: authority.signer.clone() })];
        actions.extend(self.proceed(now));
        actions
    }

    /// Says what waits, once nothing is in its way.
    fn proceed(&mut self, now: Moment) -> Vec<Action> {
        let Some(waiting) = &self.waiting else { return Vec::new() };
        if Self::people_missing(waiting) > 0 || !self.others(waiting).is_empty() {
            return Vec::new();
        }
        let request = waiting.request.clone();
        self.waiting = None;
        if let Err(refusal) = self.may_speak(&request, now) {
            return vec![tell(&request.id, now.at, Stage::Refused(refusal))];
        }
        self.begin(request, now.at)
    }

    fn begin(&mut self, request: Request, now: Timestamp) -> Vec<Action> {
        let mut actions = self.ended(now, Stage::Stopped(StopCause::Preempted));
        if !actions.is_empty() {
            actions.insert(0, Action::Stop);
        }
        let (is_real, _) = self.rank(&request);
        let is_drill = !is_real;
        let aloud = !is_drill || self.policy.drill == Drill::WordFirst;
        let said = Said {
            what: request.say.clone(),
            incident: request.incident.clone(),
            rank: self.rank(&request),
            began: now,
            ended: None,
        };
        remember(&mut self.said, said);
        actions.push(tell(&request.id, now, Stage::Accepted));
        actions.push(tell(&request.id, now, Stage::Started { aloud }));
        self.speaking = Some(Speaking { request: request.clone(), aloud, since: now });
        if aloud {
            actions.push(Action::Play { request, drill_first: is_drill });
        } else {
            actions.extend(self.ended(now, Stage::Finished));
        }
        actions
    }

    fn ended(&mut self, now: Timestamp, stage: Stage) -> Vec<Action> {
        let Some(speaking) = self.speaking.take() else { return Vec::new() };
        if let Some(said) = self.said.back_mut() {
            said.ended = Some(now);
        }
        vec![tell(&speaking.request.id, now, stage)]
    }

    fn abort(&mut self, now: Timestamp) -> Vec<Action> {
        self.silence(StopCause::Aborted, now)
    }

    /// Stops what plays and forgets what waits. The stop comes first and always: it costs nothing where nothing plays.
    fn silence(&mut self, cause: StopCause, now: Timestamp) -> Vec<Action> {
        let mut actions = vec![Action::Stop];
        actions.extend(self.ended(now, Stage::Stopped(cause)));
        if let Some(waiting) = self.waiting.take() {
            actions.push(tell(&waiting.request.id, now, Stage::Stopped(cause)));
        }
        actions
    }

    fn rank(&self, request: &Request) -> Rank {
        // No request is more urgent than its level: red may be 0, orange 1, blue 3.
        let most_urgent = Level::Red.number() - request.level.number();
        (!(request.is_drill || self.policy.is_drill), Reverse(request.priority.max(most_urgent)))
    }

    fn people_missing(waiting: &Waiting) -> usize {
        waiting.people_needed.saturating_sub(waiting.confirmed_by.len())
    }

    /// The loudspeakers that a request waits for.
    fn others(&self, waiting: &Waiting) -> Vec<String> {
        let incident = waiting.request.incident.as_deref().unwrap_or_default();
        let has_spoken = |speaker: &&String| {
            self.spoken_elsewhere.iter().any(|(who, what)| who == *speaker && what == incident)
        };
        let silent = self.policy.after.iter().filter(|speaker| !has_spoken(speaker));
        silent.chain(&self.speaking_elsewhere).cloned().collect()
    }
}

fn tell(request: &str, at: Timestamp, stage: Stage) -> Action {
    Action::Tell(Receipt { request: request.to_owned(), at, stage })
}

fn remember<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= REMEMBERED_MAX {
        list.pop_front();
    }
    list.push_back(item);
}
