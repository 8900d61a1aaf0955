//! Between the messages of the bus and the words of the interlock.

use throng_analytics::{
    level::Level,
    speaker::{Request, Say, Stage, StopCause, What},
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome},
};

/// What a command asks of the interlock; `None` where it says neither what nor about what.
pub(super) fn what(command: &SpeakerCommand) -> Option<What> {
    Some(match command.order {
        SpeakerOrder::Abort => What::Abort,
        SpeakerOrder::Arm => What::Arm,
        SpeakerOrder::Disarm => What::Disarm,
        SpeakerOrder::Confirm => What::Confirm { request: command.refers_to.clone()? },
        SpeakerOrder::Play => {
            let say = match (&command.announcement, &command.text) {
                (Some(announcement), _) => Say::Announcement(announcement.clone()),
                (None, Some(text)) => Say::Text(text.clone()),
                (None, None) => return None,
            };
            What::Say(Request {
                id: command.command_id.clone(),
                say,
                level: command.level.unwrap_or(Level::Normal),
                priority: command.priority,
                incident: command.incident.clone(),
                zone: command.zone.clone(),
                captured_at: command.captured_at,
                times: command.repeat.clamp(1, 10).into(),
                is_drill: command.drill,
            })
        }
    })
}

/// A stage in the words of the contract.
pub(super) fn outcome(stage: &Stage) -> (SpeakerOutcome, Option<String>) {
    match stage {
        Stage::Accepted => (SpeakerOutcome::Accepted, None),
        Stage::Waits { people: 0, .. } => {
            (SpeakerOutcome::AwaitingConfirmation, Some("it waits for other loudspeakers".to_owned()))
        }
        Stage::Waits { people, until } => {
            (SpeakerOutcome::AwaitingConfirmation, Some(format!("{people} must agree until {until}")))
        }
        Stage::Confirmed { by } => (SpeakerOutcome::AwaitingConfirmation, Some(format!("{by} agreed"))),
        Stage::Refused(refusal) => (SpeakerOutcome::Refused, Some(refusal.to_string())),
        Stage::Started { aloud: true } => (SpeakerOutcome::Started, None),
        Stage::Started { aloud: false } => (SpeakerOutcome::Started, Some("a silent drill".to_owned())),
        Stage::Finished => (SpeakerOutcome::Finished, None),
        Stage::Stopped(StopCause::Preempted) => {
            (SpeakerOutcome::Preempted, Some("something more urgent took its place".to_owned()))
        }
        Stage::Stopped(StopCause::Aborted) => {
            (SpeakerOutcome::Aborted, Some("somebody said stop".to_owned()))
        }
        Stage::Stopped(StopCause::Muted) => (SpeakerOutcome::Aborted, Some("the mute switch".to_owned())),
        Stage::Stopped(StopCause::Disarmed) => (SpeakerOutcome::Aborted, Some("it was disarmed".to_owned())),
        Stage::Failed(why) => (SpeakerOutcome::Failed, Some(why.clone())),
        Stage::Armed(true) => (SpeakerOutcome::Accepted, Some("armed".to_owned())),
        Stage::Armed(false) => (SpeakerOutcome::Accepted, Some("disarmed".to_owned())),
    }
}
