//! The pages: files from the binary, or from a folder for those who write them.

use std::{path::Path, sync::Arc, sync::LazyLock};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use throng_analytics::digest::hex;

use crate::app::App;

/// Name and contents of every file.
type Files = &'static [(&'static str, &'static [u8])];

static FILES: Files = include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Name, contents and tag of every file, by name.
static TAGGED: LazyLock<Vec<(&'static str, &'static [u8], String)>> =
    LazyLock::new(|| FILES.iter().map(|(name, bytes)| (*name, *bytes, tag(bytes))).collect());

/// A file of the pages. Nothing in them is secret: what they show comes from the API.
pub(super) async fn page(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        "login" => "login.html",
        name => name,
    };
    if !is_plain(name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (bytes, tag) = match &app.options.web_dir {
        Some(folder) => match read(folder, name).await {
            Some(bytes) => {
                let tag = tag(&bytes);
                (bytes, tag)
            }
            None => return StatusCode::NOT_FOUND.into_response(),
        },
        None => {
            match TAGGED.binary_search_by(|(of, ..)| (*of).cmp(name)).ok().and_then(|at| TAGGED.get(at)) {
                Some((_, bytes, tag)) => (Bytes::from_static(bytes), tag.clone()),
                None => return StatusCode::NOT_FOUND.into_response(),
            }
        }
    };
    let tags = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, tags).into_response();
    }
    ([(header::CONTENT_TYPE, media_type(name))], tags, bytes).into_response()
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(Sha256::digest(bytes).get(..16).unwrap_or_default()))
}

async fn read(folder: &Path, name: &str) -> Option<Bytes> {
    let path = folder.join(name);
    let read = super::blocking(move || std::fs::read(path)).await.ok()?;
    read.ok().map(Bytes::from)
}

/// Whether a name leads nowhere but into the pages: no `..`, no hidden file, nothing encoded.
fn is_plain(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("mp3") => "audio/mpeg",
        Some("ogg") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("webmanifest") => "application/manifest+json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
