//! Orders to loudspeakers, and what a loudspeaker says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;
use crate::{
    level::Level,
    speaker::effect::{Advice, Comparison, Verdict},
    time::Timestamp,
};

/// A command as it travels; key `throng/v1/{site}/speaker/{speaker}/command`.
///
/// What was signed is what is read: `command` is the very text of a [`SpeakerCommand`] in JSON, so that no two
/// programs can differ in how they would write it again, and fields added later are covered too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedSpeakerCommand {
    /// Schema name of the message: `throng.speaker_command.v1`.
    pub schema: String,
    /// A [`SpeakerCommand`] as JSON text.
    pub command: String,
    /// Name of the key that signed, as the loudspeaker's configuration lists it.
    pub key_id: String,
    /// Ed25519 signature (RFC 8032), 128 hexadecimal digits, over the bytes `throng.speaker_command.v1`, a zero byte,
    /// and the bytes of `command`.
    pub signature: String,
}

/// What is asked of a loudspeaker. Read only out of a [`SignedSpeakerCommand`] whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerCommand {
    /// Id of this command (UUIDv7); receipts name it.
    pub command_id: String,
    /// Site of the loudspeaker.
    pub site: String,
    /// Id of the loudspeaker. A command heard on another loudspeaker's key is refused.
    pub speaker: String,
    /// What it is to do.
    pub order: SpeakerOrder,
    /// Id of the announcement in the loudspeaker's library, for `play`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
    /// Free text to be spoken, for `play` without `announcement`; refused unless the loudspeaker allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The command that `confirm` or `abort` is about. `abort` without it ends whatever plays or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refers_to: Option<String>,
    /// Level of the warning behind it. Absent: not caused by a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Incident behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Zone of that incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// When the newest picture behind it was taken. Absent where a person asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Timestamp>,
    /// Who gives way to whom: 0 is first, 9 is last; a command takes over from a running one of a higher number.
    pub priority: u8,
    /// How often the announcement is played; 1 is once.
    pub repeat: u8,
    /// Who has decided.
    #[serde(default)]
    pub confirm: SpeakerConfirmation,
    /// When it was given.
    pub issued_at: Timestamp,
    /// From when on it must not be carried out any more.
    pub expires_at: Timestamp,
    /// Who gave it: a person's or a program's name, bound to `key_id` by the loudspeaker's configuration.
    pub issuer: String,
    /// Number of the command, growing with each one of an issuer to a loudspeaker, gaps allowed: a command with a number not above the
    /// last one taken is a replay or was overtaken, and is refused.
    pub seq: u64,
    /// Whether this is an exercise: nothing may sound like an alarm.
    pub drill: bool,
}

impl SpeakerCommand {
    /// How long a command is valid, seconds: as long as a slow network takes; afterwards the situation is another.
    pub const VALID_SECS: f64 = 10.0;

    /// A command given now, once, at the highest priority, and with nothing said beyond it. Whoever signs it sets `issuer`
    /// and `seq`.
    pub fn given(
        command_id: String,
        site: &str,
        speaker: &str,
        order: SpeakerOrder,
        issued_at: Timestamp,
    ) -> Self {
        Self {
            command_id,
            site: site.to_owned(),
            speaker: speaker.to_owned(),
            order,
            announcement: None,
            text: None,
            refers_to: None,
            level: None,
            incident: None,
            zone: None,
            captured_at: None,
            priority: 0,
            repeat: 1,
            confirm: SpeakerConfirmation::default(),
            issued_at,
            expires_at: issued_at + Self::VALID_SECS,
            issuer: String::new(),
            seq: 0,
            drill: false,
        }
    }
}

/// What a loudspeaker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerOrder {
    /// Play an announcement.
    Play,
    /// Agree to the command that `refers_to` names, which waits for somebody's word.
    Confirm,
    /// End at once what plays, and forget what waits.
    Abort,
    /// Take commands from now on.
    Arm,
    /// Take none until armed again; what plays ends.
    Disarm,
}

/// Who has decided that a command is to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerConfirmation {
    /// Names of the people who said yes, each once. Empty: given by a program alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

/// What every message of a loudspeaker starts with; flattened into it. Nothing is measured there, so it has neither a
/// model nor a time of capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerEnvelope {
    /// Schema name of the message.
    pub schema: String,
    /// Id of the site.
    pub site: String,
    /// Number of this message on its key, from 0 at start, without gaps.
    pub seq: u64,
    /// When this message was published.
    pub published_at: Timestamp,
    /// Name of the machine or process that published it.
    pub node: String,
    /// SHA-256 of the loudspeaker's configuration, hexadecimal.
    pub config_sha256: String,
    /// Whether this is an exercise.
    pub drill: bool,
    /// Id of the loudspeaker.
    pub speaker: String,
}

/// What became of a command; key `throng/v1/{site}/speaker/{speaker}/receipt`. A command has several, one after another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerReceipt {
    /// What every message of a loudspeaker starts with.
    #[serde(flatten)]
    pub envelope: SpeakerEnvelope,
    /// The command.
    pub command_id: String,
    /// Who gave it.
    pub issuer: String,
    /// What became of it.
    pub outcome: SpeakerOutcome,
    /// Why, in words; always given where it was refused, ended early or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The announcement it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
    /// The incident behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// How sure the microphone is that the announcement sounded, 0 to 1. Absent without a microphone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ratio: Option<f64>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerOutcome {
    /// It will be carried out.
    Accepted,
    /// It waits for people to agree.
    AwaitingConfirmation,
    /// It will not be carried out.
    Refused,
    /// It sounds.
    Started,
    /// It has sounded to its end.
    Finished,
    /// The microphone heard it.
    Heard,
    /// The microphone did not hear it.
    NotHeard,
    /// Somebody ended it.
    Aborted,
    /// Another of a lower priority number took its place.
    Preempted,
    /// The loudspeaker could not.
    Failed,
}

/// How a loudspeaker is doing; key `throng/v1/{site}/speaker/{speaker}/state`, at every change and once a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerState {
    /// What every message of a loudspeaker starts with.
    #[serde(flatten)]
    pub envelope: SpeakerEnvelope,
    /// Whether it takes commands.
    pub armed: bool,
    /// Whether the hardware mutes it. Absent where there is no such switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Whether its amplifier or endpoint answers. Absent where that cannot be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// The command that sounds now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<String>,
    /// Commands that wait for people to agree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting_confirmation: Vec<String>,
    /// Announcements in its library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<String>,
    /// When the last announcement ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_played_at: Option<Timestamp>,
    /// Messages refused since start because they were malformed, unsigned, stale or replayed.
    pub refused: u64,
    /// Hash of the newest line of its audit trail: a trail that was cut off at its end no longer holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_sha256: Option<String>,
    /// The last error, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Whether an announcement helped; key `throng/v1/{site}/speaker/{speaker}/effect`. Published by the site, once for each
/// announcement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeakerEffect {
    /// What every message starts with.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Id of the loudspeaker.
    pub speaker: String,
    /// The command.
    pub command_id: String,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
    /// The incident.
    pub incident: String,
    /// The zone that was looked at.
    pub zone: String,
    /// When the announcement began.
    pub began_at: Timestamp,
    /// What it came to.
    pub verdict: Verdict,
    /// What to do next.
    pub advice: Advice,
    /// Density before and after, people/m2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density_people_per_m2: Option<Comparison>,
    /// People who came less those who left, people a second, before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_inflow_people_per_s: Option<Comparison>,
    /// Mean speed of the people before and after, m/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_m_per_s: Option<Comparison>,
}
