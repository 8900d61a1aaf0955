//! What went wrong with a request, in both languages.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tracing::error;

use crate::{alarm::Refusal, secret::SecretError, store::StoreError};

/// What went wrong with a request.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    code: &'static str,
    en: String,
    zh: String,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { status, code, en: en.into(), zh: zh.into() }
    }

    pub(crate) fn not_logged_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_logged_in", "log in first", "请先登录")
    }

    pub(crate) fn wrong_password() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_password",
            "user and password do not belong together",
            "用户名或密码错误",
        )
    }

    pub(crate) fn role(needed: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "role",
            format!("this needs the role {needed}"),
            format!("此操作需要角色 {needed}"),
        )
    }

    pub(crate) fn csrf() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "the request does not come from a page of this console; load the page again",
            "请求并非来自本控制台页面，请重新加载页面",
        )
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}, or this account may not see it"),
            "不存在，或该账号无权查看",
        )
    }

    /// Not now, with the reason. `text` may come from elsewhere in the product, in English.
    pub(crate) fn not_now(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(StatusCode::CONFLICT, "not_now", text.clone(), format!("现在无法执行：{text}"))
    }

    pub(crate) fn bad_input(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_input", en, zh)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large", "请求过大")
    }

    pub(crate) fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "send JSON, with the content type application/json",
            "请发送 JSON（application/json）",
        )
    }

    pub(crate) fn too_often() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_often",
            "too many requests; wait a little",
            "请求过于频繁，请稍候",
        )
    }

    /// What an officer can do nothing about; the log has the cause.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        error!("A request failed: {cause}.");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the console failed; its log says why",
            "控制台内部错误，详见日志",
        )
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        Self::internal(&error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::NeedsCommander => (StatusCode::FORBIDDEN, "role"),
            Refusal::ShelfLength => (StatusCode::UNPROCESSABLE_ENTITY, "bad_input"),
            _ => (StatusCode::CONFLICT, "not_now"),
        };
        Self::new(status, code, refusal.to_string(), refusal.zh())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "en": self.en, "zh": self.zh } });
        (self.status, Json(body)).into_response()
    }
}
