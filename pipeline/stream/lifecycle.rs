//! Where a camera's stream is in its life: a pure machine that is told what happened and answers what to do.
//!
//! ```text
//!              open                picture               no new picture
//! waiting ────────────> connecting ───────> live ───────────────────────> stale
//!    ^                      │                ^ │ trouble      picture       │
//!    │ before any picture   │                │ v             <──────────────┤
//!    ├──────────────────────┤             degraded                          │ silent for too long
//!    │ after one: lost      │                │                              │
//!    └──────────────────────┴────────────────┴──────────────────────────────┘
//! ```
//!
//! A camera whose credentials are refused is *held back*: tried again, but seldom, since many cameras lock an account
//! after a few wrong passwords. Footage that came to its end has *ended*; nothing else is ever given up.
//!
//! Time is seconds on any clock that never goes back; the machine reads none itself.

use throng_analytics::wire::StreamState;

/// How patient a camera's stream is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// How long a connection may be without any data before its first picture, seconds.
    pub data_within_secs: f64,
    /// How long a connection that gives data may take to give its first picture, seconds: cameras that save bandwidth
    /// send a key frame every few seconds only.
    pub first_picture_within_secs: f64,
    /// Without a new picture for this long a stream is stale, seconds.
    pub stale_after_secs: f64,
    /// Without a new picture for this long the connection is dropped and made anew, seconds.
    pub silent_after_secs: f64,
    /// Wait before the first new attempt, seconds; it doubles with each further one. An attempt that comes to nothing only
    /// after a while has done a part of that waiting, and this remains at least.
    pub retry_first_secs: f64,
    /// Longest wait between two attempts, seconds.
    pub retry_most_secs: f64,
    /// Wait after refused credentials, seconds.
    pub refused_retry_secs: f64,
}

impl Patience {
    /// For footage, which comes from a disk and may have any distance between its pictures.
    pub const FOOTAGE: Self = Self {
        data_within_secs: 15.0,
        first_picture_within_secs: 15.0,
        stale_after_secs: f64::INFINITY,
        silent_after_secs: f64::INFINITY,
        retry_first_secs: 0.5,
        retry_most_secs: 2.0,
        refused_retry_secs: 60.0,
    };
}

impl Default for Patience {
    /// A source that is well again is seen within 5 s: at worst an attempt has just begun that comes to nothing in
    /// 3 s, and the shortest wait follows it. One that goes on by itself, such as packets by UDP, is joined in its midst and seen
    /// from its next key frame on.
    fn default() -> Self {
        Self {
            data_within_secs: 3.0,
            first_picture_within_secs: 15.0,
            stale_after_secs: 1.5,
            silent_after_secs: 3.0,
            retry_first_secs: 0.5,
            retry_most_secs: 2.0,
            refused_retry_secs: 60.0,
        }
    }
}

/// What happened to a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// Pictures were decoded whose time moved forward.
    Pictures,
    /// Data came, but no picture yet.
    Data,
    /// Nothing but time has passed.
    Nothing,
    /// The connection broke, or none was made.
    Failed {
        /// Why.
        cause: String,
        /// Whether the source refused the credentials.
        refused: bool,
    },
    /// Footage came to its end.
    Ended {
        /// What is wrong with the footage, if something is.
        note: Option<String>,
    },
    /// Footage came to its end and is to begin anew.
    Again,
    /// What is wrong with the pictures that do come; none: nothing.
    Trouble(Option<String>),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Connect; connections are numbered from 1.
    Open {
        /// Number of the connection.
        session: u64,
    },
    /// Drop the connection.
    Close,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    patience: Patience,
    /// State of the jitter's generator.
    jitter: u64,
    phase: Phase,
    session: u64,
    /// Attempts since the stream was last well.
    attempts: u32,
    had_picture: bool,
    cause: Option<String>,
    trouble: Option<String>,
}

/// What is going on, with the times that decide what is next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// No connection; the next attempt is due at `until`.
    Pausing { until: f64, refused: bool },
    /// A connection that has given no picture yet.
    Connecting { since: f64, last_data: f64 },
    /// A connection that gives, or gave, pictures.
    Connected { since: f64, last_picture: f64, is_stale: bool },
    /// Footage that was read.
    Ended,
}

impl Lifecycle {
    /// A stream that has never been tried; the first attempt is due at once. Streams with different `jitter_seed`s do
    /// not knock on the same door at the same time after a power cut.
    pub fn new(patience: Patience, jitter_seed: u64) -> Self {
        Self {
            patience,
            jitter: jitter_seed,
            phase: Phase::Pausing { until: f64::NEG_INFINITY, refused: false },
            session: 0,
            attempts: 0,
            had_picture: false,
            cause: None,
            trouble: None,
        }
    }

    /// Where the stream is.
    pub fn state(&self) -> StreamState {
        match self.phase {
            Phase::Pausing { refused: true, .. } => StreamState::HeldBack,
            Phase::Pausing { .. } if self.had_picture => StreamState::Lost,
            Phase::Pausing { .. } => StreamState::Waiting,
            Phase::Connecting { .. } => StreamState::Connecting,
            Phase::Connected { is_stale: true, .. } => StreamState::Stale,
            Phase::Connected { .. } if self.trouble.is_some() => StreamState::Degraded,
            Phase::Connected { .. } => StreamState::Live,
            Phase::Ended => StreamState::Ended,
        }
    }

    /// Why it is not simply live. While it connects again, why it had to.
    pub fn cause(&self) -> Option<&str> {
        match self.phase {
            Phase::Connected { is_stale: false, .. } => self.trouble.as_deref(),
            _ => self.cause.as_deref(),
        }
    }

    /// Number of the latest connection, from 1; 0 before the first.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// Takes in what happened at `now_secs`, and answers what is to be done.
    pub fn observe(&mut self, now_secs: f64, happening: Happening) -> Option<Act> {
        match (happening, self.phase) {
            // What an old connection still had to say is of no interest while there is none.
            (_, Phase::Ended)
            | (Happening::Failed { .. } | Happening::Pictures | Happening::Data, Phase::Pausing { .. }) => {
                None
            }
            (Happening::Trouble(trouble), _) => {
                self.trouble = trouble;
                None
            }
            (Happening::Ended { note }, _) => {
                self.cause = note;
                self.phase = Phase::Ended;
                Some(Act::Close)
            }
            (Happening::Again, _) => {
                self.cause = None;
                self.phase = Phase::Pausing { until: now_secs, refused: false };
                Some(Act::Close)
            }
            (Happening::Failed { cause, refused }, _) => Some(self.pause(now_secs, cause, refused)),
            (Happening::Pictures, Phase::Connecting { .. }) => {
                self.had_picture = true;
                self.trouble = None;
                self.phase = Phase::Connected { since: now_secs, last_picture: now_secs, is_stale: false };
                None
            }
            (Happening::Pictures, Phase::Connected { since, .. }) => {
                // One picture and a break, over and over, must not reset the wait.
                if now_secs - since >= self.patience.retry_most_secs {
                    self.attempts = 0;
                }
                self.phase = Phase::Connected { since, last_picture: now_secs, is_stale: false };
                None
            }
            (Happening::Data, Phase::Connecting { since, .. }) => {
                self.phase = Phase::Connecting { since, last_data: now_secs };
                self.wait(now_secs, self.phase)
            }
            (Happening::Data | Happening::Nothing, phase) => self.wait(now_secs, phase),
        }
    }

    /// What the passing of time alone brings.
    fn wait(&mut self, now_secs: f64, phase: Phase) -> Option<Act> {
        match phase {
            Phase::Pausing { until, .. } if now_secs >= until => {
                self.session += 1;
                self.phase = Phase::Connecting { since: now_secs, last_data: now_secs };
                Some(Act::Open { session: self.session })
            }
            Phase::Connecting { since, last_data } => {
                let (without_picture, without_data) = (now_secs - since, now_secs - last_data);
                let cause = if without_data >= self.patience.data_within_secs {
                    format!("nothing came within {without_data:.0} s; check host, port and network")
                } else if without_picture >= self.patience.first_picture_within_secs {
                    format!(
                        "data came, but no picture within {without_picture:.0} s; check that it plays elsewhere, and \
                         the distance of its key frames"
                    )
                } else {
                    return None;
                };
                Some(self.pause(now_secs, cause, false))
            }
            Phase::Connected { since, last_picture, .. } => {
                let silent_secs = now_secs - last_picture;
                if silent_secs >= self.patience.silent_after_secs {
                    let cause = format!(
                        "connected, but no new picture came for {silent_secs:.1} s; check camera and network"
                    );
                    return Some(self.pause(now_secs, cause, false));
                }
                if silent_secs >= self.patience.stale_after_secs {
                    self.cause =
                        Some(format!("no new picture for more than {:.1} s", self.patience.stale_after_secs));
                    self.phase = Phase::Connected { since, last_picture, is_stale: true };
                }
                None
            }
            _ => None,
        }
    }

    /// Gives the connection up until the next attempt.
    fn pause(&mut self, now_secs: f64, cause: String, refused: bool) -> Act {
        let Patience { retry_first_secs, retry_most_secs, refused_retry_secs, .. } = self.patience;
        let tried_secs = match self.phase {
            Phase::Connecting { since, .. } => now_secs - since,
            _ => 0.0,
        };
        let pause_secs = if refused {
            refused_retry_secs
        } else {
            let doubled = retry_first_secs * f64::from(self.attempts.min(16)).exp2();
            (doubled.min(retry_most_secs) - tried_secs).max(retry_first_secs).min(retry_most_secs)
        };
        self.attempts = self.attempts.saturating_add(1);
        let until = now_secs + pause_secs * (1.0 - 0.25 * self.next_jitter());
        self.cause = Some(cause);
        self.phase = Phase::Pausing { until, refused };
        Act::Close
    }

    /// From 0 to 1, by splitmix64 (Steele, Lea and Flood 2014).
    fn next_jitter(&mut self) -> f64 {
        self.jitter = self.jitter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.jitter;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
