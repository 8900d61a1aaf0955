//! Accounts, and the audit trail.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    blocking,
    caller::{Administrator, Commander, Operator},
    error::ApiError,
    input::{self, Ask, Body},
    login::hashed,
};
use crate::{
    app::App,
    role::Role,
    store::{Account, Preferences},
};

/// Sites or cameras of an account at most.
const LIST_MAX: usize = 500;

pub(super) async fn list(State(app): State<Arc<App>>, _: Administrator) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!(blocking(move || app.store.accounts()).await??)))
}

/// Whom an alarm or a shift can be given to: names and roles, nothing else of an account.
pub(super) async fn officers(State(app): State<Arc<App>>, _: Operator) -> Result<Json<Value>, ApiError> {
    let accounts = blocking(move || app.store.accounts()).await??;
    let officers: Vec<Value> = accounts
        .iter()
        .filter(|account| account.role >= Role::Operator)
        .map(|account| json!({ "user": account.user, "name": account.name, "role": account.role }))
        .collect();
    Ok(Json(json!(officers)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    user: String,
    name: String,
    role: Role,
    password: String,
    #[serde(default)]
    sites: Option<Vec<String>>,
    #[serde(default)]
    cameras: Option<Vec<String>>,
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Administrator,
    Body(new): Body<NewAccount>,
) -> Result<Json<Value>, ApiError> {
    let account = Account {
        user: input::id("user", &new.user)?,
        name: input::name("name", &new.name)?,
        role: new.role,
        sites: ids("sites", new.sites)?,
        cameras: ids("cameras", new.cameras)?,
        password_hash: hashed(&app, new.password, &new.user).await?,
        preferences: Preferences::default(),
    };
    blocking(move || {
        if account.user == "system" || app.store.account(&account.user)?.is_some() {
            return Err(ApiError::not_now("there is an account of that name"));
        }
        app.store.put_account(&account)?;
        app.record(&caller.session.user, "account", json!({ "made": account }))?;
        Ok(Json(json!(account)))
    })
    .await?
}

/// What changes of an account; what is absent stays, and a list that is null means all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a list are three things here")]
pub(super) struct AccountChange {
    name: Option<String>,
    role: Option<Role>,
    password: Option<String>,
    #[serde(default, deserialize_with = "given")]
    sites: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    cameras: Option<Option<Vec<String>>>,
}

/// A field that is there, be it null.
#[expect(clippy::option_option, reason = "absent, null and a list are three things here")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A changed account logs in anew: its sessions had its old rights.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    caller: Administrator,
    Path(user): Path<String>,
    Body(change): Body<AccountChange>,
) -> Result<Json<Value>, ApiError> {
    let password_hash = match change.password {
        Some(password) => Some(hashed(&app, password, &user).await?),
        None => None,
    };
    let has_new_password = password_hash.is_some();
    let name = change.name.map(|name| input::name("name", &name)).transpose()?;
    let sites = change.sites.map(|sites| ids("sites", sites)).transpose()?;
    let cameras = change.cameras.map(|cameras| ids("cameras", cameras)).transpose()?;
    blocking(move || {
        let before = app.store.account(&user)?.ok_or_else(|| ApiError::not_found("account"))?;
        let account = Account {
            user: before.user.clone(),
            name: name.unwrap_or_else(|| before.name.clone()),
            role: change.role.unwrap_or(before.role),
            password_hash: password_hash.unwrap_or_else(|| before.password_hash.clone()),
            sites: sites.unwrap_or_else(|| before.sites.clone()),
            cameras: cameras.unwrap_or_else(|| before.cameras.clone()),
            preferences: before.preferences.clone(),
        };
        if account.role < Role::Administrator {
            somebody_else_administers(&app, &user)?;
        }
        app.store.put_account(&account)?;
        let details = json!({ "changed": account, "before": before, "password": has_new_password });
        app.record(&caller.session.user, "account", details)?;
        app.sessions.end_all(&user);
        Ok(Json(json!(account)))
    })
    .await?
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Administrator,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    blocking(move || {
        somebody_else_administers(&app, &user)?;
        if !app.store.delete_account(&user)? {
            return Err(ApiError::not_found("account"));
        }
        app.sessions.end_all(&user);
        app.record(&caller.session.user, "account", json!({ "removed": user }))?;
        Ok(Json(json!({})))
    })
    .await?
}

/// Somebody must be left who can make accounts.
fn somebody_else_administers(app: &App, user: &str) -> Result<(), ApiError> {
    let others = app.store.accounts()?;
    if others.iter().any(|other| other.user != user && other.role == Role::Administrator) {
        Ok(())
    } else {
        Err(ApiError::not_now("this is the only administrator; make another one first"))
    }
}

fn ids(what: &str, list: Option<Vec<String>>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(list) = list else { return Ok(None) };
    if list.len() > LIST_MAX {
        return Err(ApiError::bad_input(
            format!("{what} lists more than {LIST_MAX}"),
            format!("{what} 超过 {LIST_MAX} 项"),
        ));
    }
    for id in &list {
        // A camera may be SITE/CAMERA.
        let mut parts = id.splitn(2, '/');
        for part in parts.by_ref() {
            input::id(what, part)?;
        }
    }
    Ok(Some(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    limit: Option<usize>,
    before: Option<i64>,
}

pub(super) async fn audit(
    State(app): State<Arc<App>>,
    _: Commander,
    Ask(query): Ask<AuditQuery>,
) -> Result<Json<Value>, ApiError> {
    let limit = query.limit.unwrap_or(200).clamp(1, 1000);
    Ok(Json(json!(blocking(move || app.store.audit(query.before, limit)).await??)))
}

pub(super) async fn verify(State(app): State<Arc<App>>, _: Commander) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!(blocking(move || app.store.verify()).await??)))
}
