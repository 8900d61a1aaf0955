//! What is wrong with a source, in plain words.

use gstreamer as gst;

use super::{cut_off::lacks_mp4_index, stills, uri::SourceUri};

/// Why a source gives no (more) pictures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {advice} ({uri})")]
pub struct SourceFault {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub advice: &'static str,
    /// The source, without credentials.
    pub uri: String,
    /// Whether the source refused the credentials: asking again soon could lock the account.
    pub is_refusal: bool,
}

impl SourceFault {
    pub(super) fn new(problem: impl Into<String>, advice: &'static str, uri: &SourceUri) -> Self {
        Self { problem: problem.into(), advice, uri: uri.to_string(), is_refusal: false }
    }

    /// From an error that GStreamer posted on the bus.
    pub(super) fn from_gstreamer(error: &gst::message::Error, uri: &SourceUri) -> Self {
        let cause = error.error();
        let said = crate::config::redact::credentials(cause.message());
        let (problem, advice) = explain(&cause);
        let is_refusal = cause.matches(gst::ResourceError::NotAuthorized);
        Self { is_refusal, ..Self::new(format!("{problem}: {}", said.trim_end_matches('.')), advice, uri) }
    }

    /// It has not as many pictures as the one that is wanted, from 0, asks for; `None` where `error` tells of something else.
    pub(super) fn no_such_picture(
        error: &gst::message::Error,
        video_index: u32,
        uri: &SourceUri,
    ) -> Option<Self> {
        (video_index > 0 && lacks_picture(&error.error())).then(|| {
            Self::new(
                format!("it holds no picture number {video_index}, counted from 0, or no decoder is installed for it"),
                "set video_index to one that it holds (gst-discoverer-1.0 tells), or run deploy/setup.sh",
                uri,
            )
        })
    }

    /// The stream neither gave a picture nor an error.
    pub(super) fn silent(secs: u64, uri: &SourceUri) -> Self {
        Self::new(
            format!("no picture came within {secs} s, and no reason was given"),
            "check that it plays elsewhere; a file may be damaged or cut off, a stream may have no sender",
            uri,
        )
    }

    /// The stream was read to its end without a picture.
    pub(super) fn no_picture(uri: &SourceUri) -> Self {
        Self::new(
            "the source ended without a single picture that could be decoded",
            "check that it is a video file that plays elsewhere",
            uri,
        )
    }
}

/// Whether nothing in it can be decoded as a picture. GStreamer recognises programs, archives and so on too, and then misses a
/// plug-in for them.
fn lacks_picture(cause: &gst::glib::Error) -> bool {
    cause.matches(gst::StreamError::CodecNotFound) || cause.matches(gst::CoreError::MissingPlugin)
}

/// What went wrong and what to do, by GStreamer's kind of error.
fn explain(cause: &gst::glib::Error) -> (&'static str, &'static str) {
    use gst::{ResourceError as R, StreamError as S};
    match cause.kind::<S>().or(lacks_picture(cause).then_some(S::CodecNotFound)) {
        Some(S::TypeNotFound | S::WrongType) => {
            return ("this is no video that can be recognised", "give a video file or stream");
        }
        Some(S::CodecNotFound) => {
            return (
                "no decoder is installed for it, or it holds no video",
                "run deploy/setup.sh, or convert it to H.264 or H.265",
            );
        }
        Some(S::Decode | S::Demux | S::Format) => {
            return ("it is damaged or cut off", "copy it again, or repair it");
        }
        Some(_) => return ("it cannot be read as video", "check that it plays elsewhere"),
        None => {}
    }
    match cause.kind::<R>() {
        Some(R::NotFound) => ("there is no such source", "check file name, host and path"),
        Some(R::NotAuthorized) => ("the source refuses the credentials", "check user and password"),
        Some(R::OpenRead | R::OpenReadWrite | R::Read) => {
            ("the source cannot be opened or read", "check that it is reachable and that you may read it")
        }
        Some(R::NoSpaceLeft) => ("the disk is full", "free some space"),
        _ => ("the source failed", "see the message and try it with gst-play-1.0"),
    }
}

/// Refuses what needs no decoder to be refused.
pub(super) fn preflight(uri: &SourceUri) -> Result<(), SourceFault> {
    let Some(path) = uri.path() else { return Ok(()) };
    let fault = |problem: &str, advice| Err(SourceFault::new(problem, advice, uri));
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fault("the file does not exist", "check its name; relative names start at the site file's folder")
        }
        Err(error) => fault(&format!("the file cannot be looked at: {error}"), "check its permissions"),
        Ok(meta) if meta.is_dir() => match stills::stills(path) {
            Ok(stills) if !stills.is_empty() => Ok(()),
            Ok(_) => {
                fault("this is a folder without stills", "name a video file in it, or add JPEG or PNG stills")
            }
            Err(error) => fault(&format!("the folder cannot be read: {error}"), "check its permissions"),
        },
        Ok(meta) if meta.is_file() && meta.len() == 0 => fault("the file is empty", "copy it again"),
        Ok(_) => match std::fs::File::open(path) {
            Err(error) => fault(&format!("the file cannot be opened: {error}"), "check its permissions"),
            Ok(file) if lacks_mp4_index(&mut &file) => {
                fault("it is damaged or cut off: this MP4 file has no index", "copy it again, or repair it")
            }
            Ok(_) => Ok(()),
        },
    }
}
