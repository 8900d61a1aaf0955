//! Announcements as sound, made when the agent starts and kept: nothing is synthesised while somebody waits for it.
//!
//! The sound of an announcement is silence for the amplifier to wake up, a gong, and the words in each language, brought
//! to one loudness after EBU R 128. In an exercise the word "drill" stands before each language.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use ebur128::{EbuR128, Mode};
use sha2::{Digest, Sha256};
use throng_analytics::digest::hex;

use crate::{
    config::speaker_plan::{AnnouncementPlan, SoundPlan},
    stream::sound::{self, SAMPLE_RATE_HZ},
};

/// Bumped when the same words would sound otherwise: what was kept before is then made anew.
const RECIPE: &str = "throng-announcement-1";
/// Highest sample after the loudness was set: -1 dBFS.
const PEAK_MAX: f32 = 0.891;
/// Silence between the languages and at the end, seconds.
const PAUSE_SECS: f64 = 0.5;
/// Longest time that the speaking program may take for one sentence.
const SPEAKING_MAX: Duration = Duration::from_secs(20);
/// Longest free text, in characters.
pub const FREE_TEXT_MAX: usize = 300;

/// An announcement that can be played.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Name of the announcement; empty for free text.
    pub id: String,
    /// The samples: one channel, [`SAMPLE_RATE_HZ`].
    pub samples: Arc<[f32]>,
    /// The same as a WAV file of 16 bits.
    pub wav: PathBuf,
    /// The words, one language after the other.
    pub words: String,
    /// Whether the word "drill" stands before the words.
    pub says_drill: bool,
    /// Number of the clip that an Axis loudspeaker holds of just these words.
    pub vapix_clip: Option<u32>,
}

impl Clip {
    /// Length, seconds.
    pub fn secs(&self) -> f64 {
        self.samples.len() as f64 / f64::from(SAMPLE_RATE_HZ)
    }
}

/// Makes and keeps the sound of announcements.
#[derive(Clone, Debug)]
pub struct Voice {
    plan: SoundPlan,
}

impl Voice {
    /// With these settings.
    pub fn new(plan: SoundPlan) -> Self {
        Self { plan }
    }

    /// The sound of an announcement, from the folder where it is kept, or made and put there.
    ///
    /// # Errors
    /// The speaking program is missing or fails, a recording cannot be read, or the folder cannot be written.
    pub fn clip(&self, id: &str, announcement: &AnnouncementPlan, drill_first: bool) -> Result<Clip> {
        let wav = self.plan.cache.join(format!("{}.wav", self.key(announcement, drill_first)?));
        if !wav.is_file() {
            let samples = self
                .made(announcement, drill_first)
                .with_context(|| format!("cannot make the announcement {id:?}"))?;
            fs::create_dir_all(&self.plan.cache)
                .and_then(|()| fs::write(wav.with_extension("new"), wav_file(&samples)))
                .and_then(|()| fs::rename(wav.with_extension("new"), &wav))
                .with_context(|| format!("cannot keep an announcement in {}", self.plan.cache.display()))?;
        }
        let samples = sound::decode(&wav)?;
        let drill = |word: &str| if drill_first { word.to_owned() } else { String::new() };
        let zh = announcement.zh.as_ref().map(|zh| drill("演练。") + zh);
        let en = announcement.en.as_ref().map(|en| drill("This is a drill. ") + en);
        let words = zh.into_iter().chain(en).collect::<Vec<_>>().join(" ");
        Ok(Clip {
            id: id.to_owned(),
            samples: samples.into(),
            wav,
            words,
            says_drill: drill_first,
            vapix_clip: if drill_first { announcement.vapix_drill_clip } else { announcement.vapix_clip },
        })
    }

    /// What the sound depends on.
    fn key(&self, announcement: &AnnouncementPlan, drill_first: bool) -> Result<String> {
        let SoundPlan {
            program, voice_zh, voice_en, words_per_minute, chime, preroll_ms, loudness_lufs, ..
        } = &self.plan;
        let AnnouncementPlan { zh, en, clip_zh, clip_en, vapix_clip: _, vapix_drill_clip: _ } = announcement;
        let mut hash = Sha256::new();
        hash.update(format!(
            "{RECIPE} {program:?} {voice_zh:?} {voice_en:?} {words_per_minute} {chime} {preroll_ms} {loudness_lufs} \
             {zh:?} {en:?} {drill_first}"
        ));
        for clip in [clip_zh, clip_en].into_iter().flatten() {
            hash.update(
                fs::read(clip).with_context(|| format!("cannot read the recording {}", clip.display()))?,
            );
        }
        Ok(hex(&hash.finalize()))
    }

    fn made(&self, announcement: &AnnouncementPlan, drill_first: bool) -> Result<Vec<f32>> {
        let languages = [
            (&announcement.clip_zh, &announcement.zh, &self.plan.voice_zh, "演练。演练。"),
            (&announcement.clip_en, &announcement.en, &self.plan.voice_en, "This is a drill."),
        ];
        let mut words: Vec<f32> = Vec::new();
        for (clip, text, voice, drill) in languages {
            if clip.is_none() && text.is_none() {
                continue;
            }
            if drill_first {
                words.extend(self.spoken(drill, voice)?);
                words.extend(silence(PAUSE_SECS / 2.0));
            }
            match (clip, text) {
                (Some(clip), _) => words.extend(sound::decode(clip)?),
                (None, Some(text)) => words.extend(self.spoken(text, voice)?),
                (None, None) => {}
            }
            words.extend(silence(PAUSE_SECS));
        }
        to_loudness(&mut words, self.plan.loudness_lufs)?;
        let mut samples = silence(f64::from(self.plan.preroll_ms) / 1e3);
        if self.plan.chime {
            samples.extend(gong());
        }
        samples.extend(words);
        Ok(samples)
    }

    /// A sentence, by the speaking program.
    fn spoken(&self, text: &str, voice: &str) -> Result<Vec<f32>> {
        let program = &self.plan.program;
        let file =
            tempfile::Builder::new().suffix(".wav").tempfile().context("cannot make a temporary file")?;
        let output = file.reopen()?;
        let mut child = Command::new(program)
            .args(["-v", voice, "-s", &self.plan.words_per_minute.to_string(), "--stdout", "--", text])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("cannot start {program:?}; install it (Debian: espeak-ng) or name another program")
            })?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if began.elapsed() > SPEAKING_MAX {
                child.kill().ok();
                child.wait().ok();
                bail!("{program:?} took longer than {} s for one sentence", SPEAKING_MAX.as_secs());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        anyhow::ensure!(status.success(), "{program:?} with the voice {voice:?} ended with {status}");
        sound::decode(file.path())
            .with_context(|| format!("{program:?} gave no sound for the voice {voice:?}"))
    }
}

fn silence(secs: f64) -> Vec<f32> {
    vec![0.0; (secs * f64::from(SAMPLE_RATE_HZ)) as usize]
}

/// Two struck bars, e2 and c2 (659 and 523 Hz), each dying away: what railway stations taught people to listen to.
fn gong() -> Vec<f32> {
    let rate = f64::from(SAMPLE_RATE_HZ);
    let bar = |hz: f64, secs: f64| {
        let n = (secs * rate) as usize;
        (0..n).map(move |i| {
            let t = i as f64 / rate;
            let attack = (t / 0.005).min(1.0);
            let wave =
                (std::f64::consts::TAU * hz * t).sin() + 0.3 * (2.0 * std::f64::consts::TAU * hz * t).sin();
            (0.3 * attack * (-t / 0.35).exp() * wave) as f32
        })
    };
    bar(659.26, 0.55).chain(bar(523.25, 0.9)).collect()
}

/// Brings speech to a loudness, as far as its peaks allow.
fn to_loudness(samples: &mut [f32], target_lufs: f64) -> Result<()> {
    let mut meter = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::I)?;
    meter.add_frames_f32(samples)?;
    let loudness = meter.loudness_global()?;
    anyhow::ensure!(loudness.is_finite(), "it is silent");
    let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let gain =
        (10_f64.powf((target_lufs - loudness) / 20.0) as f32).min(PEAK_MAX / peak.max(f32::MIN_POSITIVE));
    for sample in samples.iter_mut() {
        *sample *= gain;
    }
    Ok(())
}

/// A WAV file: one channel, 16 bits.
pub fn wav_file(samples: &[f32]) -> Vec<u8> {
    let bytes = (2 * samples.len()) as u32;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(SAMPLE_RATE_HZ.to_le_bytes());
    file.extend((2 * SAMPLE_RATE_HZ).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| ((sample.clamp(-1.0, 1.0) * 32767.0) as i16).to_le_bytes()));
    file
}

/// The free text as an announcement: spoken by the voice of its language, told by whether it holds Chinese characters.
pub fn free_text(text: &str) -> AnnouncementPlan {
    let text: String = text.chars().filter(|c| !c.is_control()).take(FREE_TEXT_MAX).collect();
    let is_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let (zh, en) = if is_chinese { (Some(text), None) } else { (None, Some(text)) };
    AnnouncementPlan { zh, en, ..AnnouncementPlan::default() }
}

/// Where announcements are kept, for a test or a demonstration.
pub fn plan_in(folder: &Path) -> SoundPlan {
    SoundPlan {
        program: "espeak-ng".to_owned(),
        voice_zh: "cmn".to_owned(),
        voice_en: "en".to_owned(),
        words_per_minute: 150,
        chime: true,
        preroll_ms: 300,
        loudness_lufs: -16.0,
        cache: folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd_text() -> AnnouncementPlan {
        AnnouncementPlan {
            zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
            en: Some("Please do not crowd together.".to_owned()),
            ..AnnouncementPlan::default()
        }
    }

    #[test]
    fn words_are_spoken_at_one_loudness_and_made_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let voice = Voice::new(plan_in(folder.path()));
        let clip = voice.clip("do-not-crowd", &crowd_text(), false).unwrap();
        assert!((3.0..30.0).contains(&clip.secs()), "{} s", clip.secs());
        let peak = clip.samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        assert!((0.2..=0.9).contains(&peak), "{peak}");
        // The gong comes first; the words are what was brought to the loudness.
        let words = &clip.samples[(1.75 * f64::from(SAMPLE_RATE_HZ)) as usize..];
        let mut meter = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::I).unwrap();
        meter.add_frames_f32(words).unwrap();
        let loudness = meter.loudness_global().unwrap();
        assert!((-22.0..-15.0).contains(&loudness), "{loudness} LUFS");

        let made_at = fs::metadata(&clip.wav).unwrap().modified().unwrap();
        let again = voice.clip("do-not-crowd", &crowd_text(), false).unwrap();
        assert_eq!(
            (again.samples.clone(), fs::metadata(&again.wav).unwrap().modified().unwrap()),
            (clip.samples, made_at)
        );
        let drill = voice.clip("do-not-crowd", &crowd_text(), true).unwrap();
        assert!(
            drill.samples.len() > again.samples.len() && drill.words.starts_with("演练"),
            "{}",
            drill.words
        );
    }

    #[test]
    fn a_loud_and_a_low_recording_come_out_equally_loud() {
        let rate = f64::from(SAMPLE_RATE_HZ);
        let recorded = |amplitude: f32| -> Vec<f32> {
            let tone = |i: usize| (std::f64::consts::TAU * 440.0 * i as f64 / rate).sin() as f32;
            (0..3 * SAMPLE_RATE_HZ as usize).map(|i| amplitude * tone(i)).collect()
        };
        for amplitude in [0.9, 0.01] {
            let mut samples = recorded(amplitude);
            to_loudness(&mut samples, -16.0).unwrap();
            let mut meter = EbuR128::new(1, SAMPLE_RATE_HZ, Mode::I).unwrap();
            meter.add_frames_f32(&samples).unwrap();
            let loudness = meter.loudness_global().unwrap();
            assert!((loudness + 16.0).abs() < 0.1, "{amplitude}: {loudness} LUFS");
        }
        assert!(to_loudness(&mut recorded(0.0), -16.0).unwrap_err().to_string().contains("silent"));
    }

    #[test]
    fn a_voice_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let voice = Voice::new(SoundPlan { program: "no-such-program".to_owned(), ..plan_in(folder.path()) });
        let error = format!("{:#}", voice.clip("do-not-crowd", &crowd_text(), false).unwrap_err());
        assert!(error.contains("no-such-program") && error.contains("install it"), "{error}");
    }

    #[test]
    fn free_text_is_bounded_and_spoken_in_its_language() {
        assert!(free_text("请让开").zh.is_some());
        assert_eq!(free_text("give\u{7} way").en.as_deref(), Some("give way"));
        assert_eq!(free_text(&"a".repeat(9999)).en.unwrap().len(), FREE_TEXT_MAX);
    }
}
