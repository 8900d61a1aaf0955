//! What comes in: JSON bodies and queries, each refused with a reason in both languages.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::JsonRejection},
    http::{header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Longest text that somebody types in, characters.
pub(crate) const TEXT_CHARACTERS_MAX: usize = 2000;
/// Longest name or id, characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 100;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::not_json()),
            Err(JsonRejection::BytesRejection(_)) => Err(ApiError::too_large()),
            Err(rejection) => Err(ApiError::bad_input(
                format!("the request cannot be read: {}", rejection.body_text()),
                "请求内容无法解析",
            )),
        }
    }
}

/// A JSON body that may be left out.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = request.headers().get(header::CONTENT_TYPE).is_some_and(|media_type| {
            media_type.to_str().is_ok_and(|media_type| media_type.starts_with("application/json"))
        });
        let body = Bytes::from_request(request, state).await.map_err(|_too_large| ApiError::too_large())?;
        if body.is_empty() || body.as_ref() == b"{}" {
            return Ok(Self(T::default()));
        }
        if !is_json {
            return Err(ApiError::not_json());
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            ApiError::bad_input(format!("the request cannot be read: {error}"), "请求内容无法解析")
        })
    }
}

/// A query.
pub(crate) struct Ask<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Ask<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(ApiError::bad_input(
                format!("the query cannot be read: {}", rejection.body_text()),
                "查询参数无法解析",
            )),
        }
    }
}

/// A text that somebody typed in: not empty, not endless, no control characters but line ends.
pub(crate) fn text(what: &str, value: &str) -> Result<String, ApiError> {
    let value = value.trim();
    if value.is_empty() {
        return Err(ApiError::bad_input(format!("{what} is empty"), format!("{what} 不能为空")));
    }
    optional_text(what, value)
}

/// The same, which may be empty.
pub(crate) fn optional_text(what: &str, value: &str) -> Result<String, ApiError> {
    let value = value.trim();
    if value.chars().count() > TEXT_CHARACTERS_MAX {
        return Err(ApiError::bad_input(
            format!("{what} is longer than {TEXT_CHARACTERS_MAX} characters"),
            format!("{what} 超过 {TEXT_CHARACTERS_MAX} 个字符"),
        ));
    }
    if value.chars().any(|character| character.is_control() && character != '\n' && character != '\t') {
        return Err(ApiError::bad_input(
            format!("{what} holds characters that cannot be shown"),
            format!("{what} 含有无法显示的字符"),
        ));
    }
    Ok(value.to_owned())
}

/// A name for people: a text in one line, not long.
pub(crate) fn name(what: &str, value: &str) -> Result<String, ApiError> {
    let value = text(what, value)?;
    if value.chars().count() > NAME_CHARACTERS_MAX || value.chars().any(char::is_control) {
        return Err(ApiError::bad_input(
            format!("{what} must be one line of at most {NAME_CHARACTERS_MAX} characters"),
            format!("{what} 须为不超过 {NAME_CHARACTERS_MAX} 个字符的一行"),
        ));
    }
    Ok(value)
}

/// An id as in keys and account names: letters, digits, `_`, `-`, `.`.
pub(crate) fn id(what: &str, value: &str) -> Result<String, ApiError> {
    let is_id = !value.is_empty()
        && value.len() <= NAME_CHARACTERS_MAX
        && value.starts_with(|first: char| first.is_ascii_alphanumeric())
        && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    if is_id {
        Ok(value.to_owned())
    } else {
        Err(ApiError::bad_input(
            format!("{what} must be letters, digits, _, - and . only, at most {NAME_CHARACTERS_MAX}"),
            format!("{what} 只能包含字母、数字、_、- 和 .，且不超过 {NAME_CHARACTERS_MAX} 个字符"),
        ))
    }
}
