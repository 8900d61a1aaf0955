//! Logging in and out, and what somebody may change about themselves.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    blocking,
    caller::{COOKIE, Viewer, is_ours},
    error::ApiError,
    input::Body,
};
use crate::{
    app::App,
    options::{LivePictures, Tls},
    secret::{self, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN},
    session::{SESSION_SECS_MAX, Session},
    store::Account,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    user: String,
    password: String,
}

pub(super) async fn login(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<Response, ApiError> {
    is_ours(&headers)?;
    let address = from.ip();
    let Some(account) = guessed(&app, address, &login.user, login.password).await? else {
        let shown: String = login.user.chars().take(40).collect();
        let app = Arc::clone(&app);
        blocking(move || {
            app.record("system", "login_failed", json!({ "user": shown, "from": address.to_string() }))
        })
        .await??;
        return Err(ApiError::wrong_password());
    };
    let entered = Arc::clone(&app);
    let user = account.user.clone();
    blocking(move || entered.record(&user, "login", json!({ "from": address.to_string() }))).await??;
    begin(&app, &account)
}

/// The account of a user, if that is its password; every guess from an address is counted here, and too many are refused.
async fn guessed(
    app: &Arc<App>,
    address: IpAddr,
    user: &str,
    password: String,
) -> Result<Option<Account>, ApiError> {
    if user.len() > PASSWORD_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
        return Ok(None);
    }
    let now = app.now();
    if !app.limits.may_log_in(address, user, now) {
        return Err(ApiError::too_often());
    }
    // Counted before the password is looked at, so that many at once cannot slip through.
    app.limits.failed(address, user, now);
    let _permit = app.hashing.acquire().await.map_err(|closed| ApiError::internal(&closed))?;
    let (store, name) = (Arc::clone(app), user.to_owned());
    let account = blocking(move || {
        let account = store.store.account(&name)?;
        let hash = account.as_ref().map_or(store.decoy_hash.as_str(), |account| &account.password_hash);
        let fits = secret::fits(&password, hash);
        Ok::<_, ApiError>(account.filter(|_| fits))
    })
    .await??;
    if account.is_some() {
        app.limits.succeeded(address, user);
    }
    Ok(account)
}

fn begin(app: &App, account: &Account) -> Result<Response, ApiError> {
    let (token, session) = app.sessions.begin(account, app.now())?;
    let secure = if app.options.tls == Tls::Off { "" } else { "; Secure" };
    let age = SESSION_SECS_MAX as u64;
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    let mut response = Json(of(app, account, &session)).into_response();
    set_cookie(&mut response, &cookie)?;
    Ok(response)
}

fn set_cookie(response: &mut Response, cookie: &str) -> Result<(), ApiError> {
    let value = HeaderValue::from_str(cookie).map_err(|error| ApiError::internal(&error))?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}

fn of(app: &App, account: &Account, session: &Session) -> Value {
    let language = account.preferences.language.as_deref().unwrap_or(app.options.language.code());
    json!({
        "user": account.user,
        "name": account.name,
        "role": account.role,
        "csrf_token": session.csrf_token,
        "language": language,
        "theme": account.preferences.theme,
        "sites": account.sites,
        "cameras": account.cameras,
        "live_pictures": app.options.live_pictures.as_ref().map(LivePictures::as_str),
    })
}

async fn account(app: &Arc<App>, user: &str) -> Result<Account, ApiError> {
    let (app, user) = (Arc::clone(app), user.to_owned());
    blocking(move || app.store.account(&user)).await??.ok_or_else(ApiError::not_logged_in)
}

pub(super) async fn me(State(app): State<Arc<App>>, caller: Viewer) -> Result<Json<Value>, ApiError> {
    let account = account(&app, &caller.session.user).await?;
    Ok(Json(of(&app, &account, &caller.session)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Liking {
    language: Option<String>,
    theme: Option<String>,
}

pub(super) async fn put_me(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Body(liking): Body<Liking>,
) -> Result<Json<Value>, ApiError> {
    let allowed =
        |value: &Option<String>, of: &[&str]| value.as_deref().is_none_or(|value| of.contains(&value));
    if !allowed(&liking.language, &["en", "zh"]) || !allowed(&liking.theme, &["dark", "light", "auto"]) {
        return Err(ApiError::bad_input(
            "language is en or zh; theme is dark, light or auto",
            "语言为 en 或 zh；主题为 dark、light 或 auto",
        ));
    }
    let mut account = account(&app, &caller.session.user).await?;
    account.preferences.language = liking.language.or(account.preferences.language);
    account.preferences.theme = liking.theme.or(account.preferences.theme);
    let (kept, of_app) = (account.clone(), Arc::clone(&app));
    blocking(move || of_app.store.put_account(&kept)).await??;
    Ok(Json(of(&app, &account, &caller.session)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    old: String,
    new: String,
}

/// A new password ends all sessions of the account; whoever changed it goes on in a new one.
pub(super) async fn put_password(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    caller: Viewer,
    Body(change): Body<PasswordChange>,
) -> Result<Response, ApiError> {
    let user = caller.session.user.clone();
    let account = guessed(&app, from.ip(), &user, change.old).await?.ok_or_else(ApiError::wrong_password)?;
    let account = Account { password_hash: hashed(&app, change.new, &user).await?, ..account };
    let (kept, of_app) = (account.clone(), Arc::clone(&app));
    blocking(move || {
        of_app.store.put_account(&kept)?;
        of_app.record(&kept.user, "password_changed", json!({ "user": kept.user }))
    })
    .await??;
    app.sessions.end_all(&user);
    begin(&app, &account)
}

/// The hash of a new password, if it is good enough.
pub(super) async fn hashed(app: &Arc<App>, password: String, user: &str) -> Result<String, ApiError> {
    let is_good = password.chars().count() >= PASSWORD_CHARACTERS_MIN
        && password.len() <= PASSWORD_BYTES_MAX
        && !password.to_lowercase().contains(&user.to_lowercase());
    if !is_good {
        return Err(ApiError::bad_input(
            format!(
                "a password has {PASSWORD_CHARACTERS_MIN} characters or more, {PASSWORD_BYTES_MAX} bytes at \
                 most, and does not contain the user's name"
            ),
            format!(
                "密码至少 {PASSWORD_CHARACTERS_MIN} 个字符，至多 {PASSWORD_BYTES_MAX} 字节，且不得包含用户名"
            ),
        ));
    }
    let _permit = app.hashing.acquire().await.map_err(|closed| ApiError::internal(&closed))?;
    Ok(blocking(move || secret::hash(&password)).await??)
}

pub(super) async fn logout(State(app): State<Arc<App>>, caller: Viewer) -> Result<Response, ApiError> {
    app.sessions.end(&caller.secret);
    let user = caller.session.user;
    blocking(move || app.record(&user, "logout", json!({}))).await??;
    let mut response = Json(json!({})).into_response();
    set_cookie(&mut response, &format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"))?;
    Ok(response)
}
