//! Who asks: the session of a request, checked before anything else of it is read.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};

use super::error::ApiError;
use crate::{app::App, role::Role, session::Session};

/// Name of the cookie.
pub(crate) const COOKIE: &str = "throng_session";
/// Name of the header that proves that a request comes from our page.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody who is logged in and has at least the role of that number.
#[derive(Clone, Debug)]
pub(crate) struct Caller<const ROLE: u8> {
    pub(crate) session: Session,
    /// The token of the cookie.
    pub(crate) secret: String,
}

/// Anybody with an account.
pub(crate) type Viewer = Caller<0>;
/// Who answers alarms.
pub(crate) type Operator = Caller<1>;
/// Who leads.
pub(crate) type Commander = Caller<2>;
/// Who keeps the accounts.
pub(crate) type Administrator = Caller<3>;

impl<const ROLE: u8> Caller<ROLE> {
    pub(crate) fn sees_site(&self, site: &str) -> Result<(), ApiError> {
        if self.session.rights.sees_site(site) { Ok(()) } else { Err(ApiError::not_found("site")) }
    }

    pub(crate) fn sees_camera(&self, site: &str, camera: &str) -> Result<(), ApiError> {
        if self.session.rights.sees_camera(site, camera) {
            Ok(())
        } else {
            Err(ApiError::not_found("camera"))
        }
    }
}

impl<const ROLE: u8> FromRequestParts<Arc<App>> for Caller<ROLE> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let secret = cookie(&parts.headers).ok_or_else(ApiError::not_logged_in)?;
        let session = app.sessions.get(secret, app.now()).ok_or_else(ApiError::not_logged_in)?;
        if parts.method != Method::GET && parts.method != Method::HEAD {
            is_ours(&parts.headers)?;
            let token = parts.headers.get(CSRF_HEADER).map(axum::http::HeaderValue::as_bytes);
            if !token.is_some_and(|token| is_same(token, session.csrf_token.as_bytes())) {
                return Err(ApiError::csrf());
            }
        }
        let needed = Role::ALL.get(usize::from(ROLE)).copied().unwrap_or(Role::Administrator);
        if session.role < needed {
            return Err(ApiError::role(needed.name()));
        }
        Ok(Self { session, secret: secret.to_owned() })
    }
}

/// The session's token among the cookies.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Refuses what a browser says comes from another site.
pub(crate) fn is_ours(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return Err(ApiError::csrf());
    }
    if let Some(origin) = text("origin") {
        let host = origin.split_once("://").map(|(_, host)| host);
        if host.is_none() || host != text("host") {
            return Err(ApiError::csrf());
        }
    }
    Ok(())
}

/// Compares in a time that tells nothing of where two texts differ.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
