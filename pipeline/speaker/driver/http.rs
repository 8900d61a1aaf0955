//! Any loudspeaker or siren with an HTTP interface: the sound, or the name of the announcement, is posted; a stop is a
//! DELETE to the same address.

use std::{fs, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{Driver, Playback, remote::Remote};
use crate::{
    config::{speaker_plan::Address, speaker_raw::HttpBody},
    digest_auth::Challenge,
    http_call::{self, Method},
    speaker::voice::Clip,
};

/// A loudspeaker with an HTTP interface.
pub(super) struct Http {
    to: Address,
    body: HttpBody,
}

impl Http {
    pub(super) fn new(to: Address, body: HttpBody) -> Self {
        Self { to, body }
    }
}

impl Driver for Http {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        let (to, kind, clip) = (self.to.clone(), self.body, clip.clone());
        Remote::start("speaker-http", move |stop| {
            let (media_type, body) = match kind {
                HttpBody::Wav => {
                    let wav = fs::read(&clip.wav).context("the kept announcement cannot be read")?;
                    ("audio/wav", wav)
                }
                HttpBody::Json => {
                    let body =
                        json!({ "announcement": clip.id, "words": clip.words, "drill": clip.says_drill });
                    ("application/json", serde_json::to_vec(&body)?)
                }
            };
            call(&to, Method::Post, &to.path, media_type, &body)?;
            if stop.within(Duration::from_secs_f64(clip.secs())) {
                call(&to, Method::Delete, &to.path, media_type, &[])?;
            }
            Ok(())
        })
    }
}

/// Calls a device, with digest authentication where it asks for it.
///
/// # Errors
/// No answer, or one that is no success. Credentials are in neither.
pub(super) fn call(to: &Address, method: Method, path: &str, media_type: &str, body: &[u8]) -> Result<()> {
    let mut authorization: Option<String> = None;
    for _attempt in 0..2 {
        let mut headers = vec![("content-type", media_type)];
        headers.extend(authorization.as_deref().map(|authorization| ("authorization", authorization)));
        let answer = http_call::call(to, method, path, &headers, body)?;
        if answer.status == 401 && authorization.is_none() && !to.user.is_empty() {
            let Some(challenge) = answer.www_authenticate.as_deref().and_then(Challenge::parse) else {
                bail!("{to} asks for an authentication that is not known")
            };
            authorization = Some(challenge.answer(&to.user, &to.password, method.name(), path));
            continue;
        }
        return match answer.status {
            200..=299 => Ok(()),
            401 | 403 => bail!("{to} refuses the user {:?}; check name, password and rights", to.user),
            404 => bail!("{to} has no {path}; check the kind of loudspeaker and its address"),
            status => bail!("{to} answered {status}"),
        };
    }
    bail!("{to} refuses the user {:?}; check name, password and rights", to.user)
}
