//! When an alarm was raised, in a form that favours nobody: flapping within a minute is one alarm.

/// An alarm that comes back within this time is the same alarm, seconds.
const SAME_ALARM_SECS: f64 = 60.0;

/// The alarms of one kind in one run.
#[derive(Clone, Debug, Default)]
pub struct AlarmLog {
    raised_secs: Vec<f64>,
    last_on_secs: Option<f64>,
}

impl AlarmLog {
    /// Notes whether the alarm stands at a time, seconds; times grow.
    pub fn observe(&mut self, t_secs: f64, is_on: bool) {
        if !is_on {
            return;
        }
        if self.last_on_secs.is_none_or(|last| t_secs - last > SAME_ALARM_SECS) {
            self.raised_secs.push(t_secs);
        }
        self.last_on_secs = Some(t_secs);
    }

    /// Alarms raised.
    pub fn count(&self) -> usize {
        self.raised_secs.len()
    }

    /// Seconds by which the first alarm came before an event; `None` where none did.
    pub fn lead_secs(&self, event_secs: f64) -> Option<f64> {
        self.raised_secs.first().map(|first| event_secs - first).filter(|lead| *lead > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flapping_is_one_alarm_and_coming_back_is_another() {
        let mut log = AlarmLog::default();
        for t in 0..300 {
            let t_secs = f64::from(t);
            log.observe(t_secs, (10..40).contains(&t) && t % 2 == 0 || t == 200);
        }
        assert_eq!(log.count(), 2);
        assert_eq!(log.lead_secs(100.0), Some(90.0));
        assert_eq!(log.lead_secs(10.0), None, "at the event is not before it");
        assert_eq!(AlarmLog::default().lead_secs(100.0), None);
    }
}
