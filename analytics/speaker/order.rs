//! What a loudspeaker is asked to do, by whom, and why it may refuse.

use std::fmt;

use crate::{level::Level, time::Timestamp};

/// Now: an instant, and the local time of day, which quiet hours follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// Minute of the local day, 0 to 1439.
    pub minute_of_day: u16,
}

/// On whose word. The signature was verified before; what is left is whether the word still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The key that signed.
    pub signer: String,
    /// Whether the key is a person's; a site's is not, and confirms nothing.
    pub is_person: bool,
    /// Grows with each order of this signer.
    pub sequence: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it stops being valid.
    pub expires_at: Timestamp,
}

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// On whose word.
    pub authority: Authority,
    /// What to do.
    pub what: What,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Say something.
    Say(Request),
    /// A person agrees to a request.
    Confirm {
        /// The request.
        request: String,
    },
    /// Stop at once, and forget what waits.
    Abort,
    /// From now on it may speak.
    Arm,
    /// From now on it may not.
    Disarm,
}

/// A request for an announcement.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its name, the same in all receipts.
    pub id: String,
    /// What to say.
    pub say: Say,
    /// How serious: decides who must agree.
    pub level: Level,
    /// What gives way to what: 0 is first, 9 is last.
    pub priority: u8,
    /// The incident behind it.
    pub incident: Option<String>,
    /// The zone in danger.
    pub zone: Option<String>,
    /// When the newest picture behind it was taken; absent where a person asks.
    pub captured_at: Option<Timestamp>,
    /// How often it is said in a row, at least once.
    pub times: u32,
    /// Whether it is an exercise.
    pub is_drill: bool,
}

/// What to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// An approved announcement, by name.
    Announcement(String),
    /// Free text.
    Text(String),
}

/// Why a loudspeaker refuses.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It is not armed.
    Disarmed,
    /// It is muted by hand.
    Muted,
    /// The sequence is not above the signer's last.
    Replayed {
        /// The signer's last sequence.
        last: u64,
    },
    /// The order has expired.
    Expired {
        /// By how much, seconds.
        late_secs: f64,
    },
    /// The order was made later than now.
    FromTheFuture {
        /// By how much, seconds.
        ahead_secs: f64,
    },
    /// The order would live too long.
    LivesTooLong,
    /// The pictures behind it are too old.
    StaleData {
        /// Age of the newest, seconds.
        age_secs: f64,
    },
    /// Nobody stands behind it: neither a person nor pictures.
    NoGround,
    /// The announcement is not approved here.
    NotApproved,
    /// Free text is not allowed here.
    FreeText,
    /// Nothing is said at this level.
    Level,
    /// Said too recently.
    CoolDown {
        /// What is left of the silence, seconds.
        left_secs: f64,
    },
    /// Said too often.
    Repeated,
    /// It is the night, or another hour of silence.
    QuietHours,
    /// It would draw people into the danger.
    DrawsIntoDanger,
    /// Something at least as serious is being said, or waits.
    Busy,
    /// Loudspeakers at the exits have not spoken, or others did not end, in time.
    OthersFirst {
        /// The loudspeakers.
        speakers: Vec<String>,
    },
    /// Not confirmed in time.
    NotConfirmed,
    /// There is nothing of this name to confirm.
    NothingToConfirm,
    /// This key does not belong to a person, or has confirmed already.
    CannotConfirm,
}

impl Refusal {
    /// A word for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Disarmed => "disarmed",
            Self::Muted => "muted",
            Self::Replayed { .. } => "replayed",
            Self::Expired { .. } => "expired",
            Self::FromTheFuture { .. } => "from_the_future",
            Self::LivesTooLong => "lives_too_long",
            Self::StaleData { .. } => "stale_data",
            Self::NoGround => "no_ground",
            Self::NotApproved => "not_approved",
            Self::FreeText => "free_text",
            Self::Level => "level",
            Self::CoolDown { .. } => "cool_down",
            Self::Repeated => "repeated",
            Self::QuietHours => "quiet_hours",
            Self::DrawsIntoDanger => "draws_into_danger",
            Self::Busy => "busy",
            Self::OthersFirst { .. } => "others_first",
            Self::NotConfirmed => "not_confirmed",
            Self::NothingToConfirm => "nothing_to_confirm",
            Self::CannotConfirm => "cannot_confirm",
        }
    }
}

/// For people: what is in the way, and what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disarmed => f.write_str("the loudspeaker is not armed; arm it with `throng speak --arm`"),
            Self::Muted => f.write_str("the loudspeaker is muted by hand; release its mute switch"),
            Self::Replayed { last } => {
                write!(f, "the order was seen before or overtaken (the sender's last number is {last})")
            }
            Self::Expired { late_secs } => write!(f, "the order expired {late_secs:.1} s ago; give it anew"),
            Self::FromTheFuture { ahead_secs } => {
                write!(f, "the sender's clock is {ahead_secs:.1} s ahead; set the clocks (NTP)")
            }
            Self::LivesTooLong => f.write_str("the order is valid for longer than this loudspeaker takes"),
            Self::StaleData { age_secs } => write!(f, "the pictures behind it are {age_secs:.1} s old"),
            Self::NoGround => f.write_str("neither a person nor pictures stand behind it"),
            Self::NotApproved => f.write_str("the announcement is not approved for this loudspeaker"),
            Self::FreeText => f.write_str("free text is not allowed on this loudspeaker"),
            Self::Level => f.write_str("this loudspeaker says nothing at this level"),
            Self::CoolDown { left_secs } => write!(f, "it spoke a moment ago; free in {left_secs:.0} s"),
            Self::Repeated => {
                f.write_str("it was said as often as allowed for this incident; say something else")
            }
            Self::QuietHours => f.write_str("quiet hours: only more serious levels are said"),
            Self::DrawsIntoDanger => f.write_str("it would draw people into the zone in danger"),
            Self::Busy => f.write_str("something at least as serious is being said or waits; abort it first"),
            Self::OthersFirst { speakers } => {
                write!(f, "it must wait for the loudspeakers {}, and they took too long", speakers.join(", "))
            }
            Self::NotConfirmed => f.write_str("nobody confirmed it in time"),
            Self::NothingToConfirm => f.write_str("nothing of this name waits to be confirmed"),
            Self::CannotConfirm => f.write_str("this key is no person's, or has confirmed already"),
        }
    }
}
