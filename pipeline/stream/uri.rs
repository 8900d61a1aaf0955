//! Where a camera's video comes from: a checked URI that never shows its credentials.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::config::redact;

/// Schemes that GStreamer's stock plug-ins of the baseline platform open.
const SCHEMES: [&str; 11] =
    ["file", "http", "https", "rtsp", "rtsps", "rtspt", "rtmp", "rtmps", "srt", "udp", "v4l2"];

/// Schemes whose pictures come when they are taken; the others are read at the speed of their time stamps.
const LIVE_SCHEMES: [&str; 8] = ["rtsp", "rtsps", "rtspt", "rtmp", "rtmps", "srt", "udp", "v4l2"];

/// What stands before a raw description in GStreamer's launch syntax.
const LAUNCH: &str = "gst:";

/// A video source: a file, a folder of stills, a stream, a device, or a raw GStreamer description.
///
/// `Display` and `Debug` hide credentials; only [`Self::expose`] gives the full text, to GStreamer.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUri {
    full: String,
    path: Option<PathBuf>,
}

/// Why a text names no video source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUri {
    /// Nothing was written.
    #[error("the video source is empty; expected a file name or a URI such as rtsp://host/path")]
    Empty,
    /// GStreamer would not know what to do with it.
    #[error(
        "the scheme {scheme:?} is not one that throng can open; expected a file name or one of {}",
        SCHEMES.join(", ")
    )]
    UnknownScheme {
        /// The scheme as written.
        scheme: String,
    },
    /// A stream without a host.
    #[error("{uri} names no host; expected {scheme}://HOST/...")]
    NoHost {
        /// The scheme as written.
        scheme: String,
        /// The URI without its credentials.
        uri: String,
    },
    /// The path cannot be expressed as a URI.
    #[error("{path} cannot be made an absolute file name: {reason}")]
    Path {
        /// The path as written.
        path: String,
        /// What the system said.
        reason: String,
    },
}

impl SourceUri {
    /// Reads a file name or URI; relative file names lie in `folder`.
    ///
    /// # Errors
    /// [`InvalidUri`] says what was expected.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, InvalidUri> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidUri::Empty);
        }
        if let Some(description) = text.strip_prefix(LAUNCH) {
            return match description.trim() {
                "" => Err(InvalidUri::Empty),
                description => Ok(Self { full: format!("{LAUNCH}{description}"), path: None }),
            };
        }
        if text.starts_with("/dev/video") {
            return Ok(Self { full: format!("v4l2://{text}"), path: None });
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Self::from_path(&folder.join(text));
        };
        let lower = scheme.to_ascii_lowercase();
        if !SCHEMES.contains(&lower.as_str()) {
            return Err(InvalidUri::UnknownScheme { scheme: scheme.to_owned() });
        }
        if lower == "file" {
            return Self::from_file_uri(&format!("file://{rest}"));
        }
        if lower == "v4l2" {
            return Ok(Self { full: format!("v4l2://{rest}"), path: None });
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // SRT listeners (srt://:7001) and UDP receivers (udp://:5600) are named by their port alone.
        let port_is_enough = matches!(lower.as_str(), "srt" | "udp");
        if host.is_empty() || (host.starts_with(':') && !port_is_enough) {
            return Err(InvalidUri::NoHost { scheme: lower, uri: redact::credentials(text) });
        }
        Ok(Self { full: format!("{lower}://{rest}"), path: None })
    }

    /// The file that a `file:` URI names, its `%20` and the like undone.
    fn from_file_uri(uri: &str) -> Result<Self, InvalidUri> {
        let invalid = |reason: String| InvalidUri::Path { path: uri.to_owned(), reason };
        let (path, host) =
            gstreamer::glib::filename_from_uri(uri).map_err(|error| invalid(error.message().to_owned()))?;
        match host.filter(|host| host != "localhost") {
            None => Self::from_path(&path),
            Some(host) => Err(invalid(format!(
                "{host:?} stands where a host stands; write file:///FOLDER/NAME with three slashes, or the file name alone"
            ))),
        }
    }

    /// The file at `path`, which need not exist.
    ///
    /// # Errors
    /// [`InvalidUri::Path`] where no absolute name can be formed.
    pub fn from_path(path: &Path) -> Result<Self, InvalidUri> {
        let invalid = |reason: String| InvalidUri::Path { path: path.display().to_string(), reason };
        let absolute = std::path::absolute(path).map_err(|error| invalid(error.to_string()))?;
        let full = gstreamer::glib::filename_to_uri(&absolute, None)
            .map_err(|error| invalid(error.to_string()))?
            .to_string();
        Ok(Self { full, path: Some(absolute) })
    }

    /// Whether it is recorded: it has an end, can be read fast, and does not come back by itself.
    pub fn is_footage(&self) -> bool {
        self.path.is_some()
    }

    /// Whether its pictures come when they are taken.
    pub(super) fn is_live(&self) -> bool {
        self.scheme().is_some_and(|scheme| LIVE_SCHEMES.contains(&scheme))
    }

    /// Whether it is an RTSP stream.
    pub fn is_rtsp(&self) -> bool {
        self.scheme().is_some_and(|scheme| scheme.starts_with("rtsp"))
    }

    fn scheme(&self) -> Option<&str> {
        Some(self.full.split_once("://")?.0)
    }

    /// The raw GStreamer description, if it is one; it may hold credentials.
    pub(super) fn launch(&self) -> Option<&str> {
        self.full.strip_prefix(LAUNCH)
    }

    /// The absolute path, if it is a file or a folder.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The full URI with its credentials: for GStreamer only, never for a log or a message.
    pub fn expose(&self) -> &str {
        &self.full
    }
}

impl fmt::Display for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}", path.display()),
            None => f.write_str(&redact::launch(&redact::credentials(&self.full))),
        }
    }
}

impl fmt::Debug for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceUri({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SourceUri, InvalidUri> {
        SourceUri::parse(text, Path::new("/sites"))
    }

    #[test]
    fn file_names_are_relative_to_the_site() {
        assert_eq!(parse("clips/a b.mp4").unwrap().path(), Some(Path::new("/sites/clips/a b.mp4")));
        assert_eq!(parse("clips/a b.mp4").unwrap().expose(), "file:///sites/clips/a%20b.mp4");
        assert_eq!(parse("file:///v/x.avi").unwrap().path(), Some(Path::new("/v/x.avi")));
        for written in ["file:///v/a b.avi", "file:///v/a%20b.avi", "FILE://localhost/v/a%20b.avi"] {
            assert_eq!(parse(written).unwrap().path(), Some(Path::new("/v/a b.avi")), "{written}");
        }
        let two_slashes = parse("file://clips/x.avi").unwrap_err().to_string();
        assert!(two_slashes.contains("with three slashes"), "{two_slashes}");
    }

    #[test]
    fn credentials_are_for_gstreamer_only() {
        let uri = parse("RTSP://viewer:s3cret@10.0.0.7:554/main?token=abc").unwrap();
        assert_eq!(uri.expose(), "rtsp://viewer:s3cret@10.0.0.7:554/main?token=abc");
        for shown in [uri.to_string(), format!("{uri:?}")] {
            assert!(!shown.contains("s3cret") && !shown.contains("abc"), "{shown}");
        }
    }

    #[test]
    fn devices_and_raw_descriptions_are_sources() {
        assert_eq!(parse("/dev/video2").unwrap().expose(), "v4l2:///dev/video2");
        let raw = parse("gst: rtspsrc location=rtsp://me:s3cret@h/x user-pw=s3cret ! decodebin").unwrap();
        assert_eq!(raw.launch(), Some("rtspsrc location=rtsp://me:s3cret@h/x user-pw=s3cret ! decodebin"));
        assert!(!raw.to_string().contains("s3cret"), "{raw}");
        assert!(!raw.is_footage() && !raw.is_live());
        assert_eq!(parse("gst:  "), Err(InvalidUri::Empty));
    }

    #[test]
    fn what_is_no_source_is_said() {
        assert_eq!(parse("  "), Err(InvalidUri::Empty));
        assert!(
            parse("gopher://x/y")
                .unwrap_err()
                .to_string()
                .contains("\"gopher\" is not one that throng can open")
        );
        let no_host = parse("rtsp://me:pw@/main").unwrap_err().to_string();
        assert!(no_host.contains("names no host") && !no_host.contains("pw"), "{no_host}");
        assert!(parse("srt://:7001?mode=listener").is_ok());
    }
}
