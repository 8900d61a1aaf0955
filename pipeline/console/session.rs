//! Who is logged in. In memory only: a restart logs everybody out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use throng_analytics::{digest::sha256_hex, time::Timestamp};

use crate::{
    rights::Rights,
    role::Role,
    secret::{SecretError, token},
    store::Account,
};

/// A session ends after this long whatever happens, seconds: one shift.
pub(crate) const SESSION_SECS_MAX: f64 = 12.0 * 3600.0;
/// And after this long without a request, seconds. An open page asks or listens all the time.
pub(crate) const IDLE_SECS_MAX: f64 = 3600.0;
/// Sessions of one account at once; the oldest goes.
const SESSIONS_PER_USER_MAX: usize = 20;

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: String,
    pub(crate) role: Role,
    pub(crate) rights: Rights,
    /// Must be sent with whatever changes something.
    pub(crate) csrf_token: String,
    began_at: Timestamp,
    seen_at: Timestamp,
}

/// All sessions, by the SHA-256 of their tokens: the memory of the process holds none that could be used.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: Mutex<HashMap<String, Session>>,
}

impl Sessions {
    /// Begins a session; answers with its token, for the cookie.
    pub(crate) fn begin(&self, account: &Account, now: Timestamp) -> Result<(String, Session), SecretError> {
        let (secret, csrf_token) = (token()?, token()?);
        let session = Session {
            user: account.user.clone(),
            role: account.role,
            rights: account.rights(),
            csrf_token,
            began_at: now,
            seen_at: now,
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.is_valid(now));
        let of_user = |session: &Session| session.user == account.user;
        while sessions.values().filter(|session| of_user(session)).count() >= SESSIONS_PER_USER_MAX {
            let oldest = sessions
                .iter()
                .filter(|(_, session)| of_user(session))
                .min_by_key(|(_, session)| session.began_at)
                .map(|(id, _)| id.clone());
            match oldest {
                Some(id) => sessions.remove(&id),
                None => break,
            };
        }
        sessions.insert(id(&secret), session.clone());
        Ok((secret, session))
    }

    /// The session of a token, if it lives; it is used by this.
    pub(crate) fn get(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(&id(secret))?;
        if !session.is_valid(now) {
            sessions.remove(&id(secret));
            return None;
        }
        session.seen_at = session.seen_at.max(now);
        Some(session.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, secret: &str) {
        self.lock().remove(&id(secret));
    }

    /// Ends all sessions of a user.
    pub(crate) fn end_all(&self, user: &str) {
        self.lock().retain(|_, session| session.user != user);
    }

    /// Who is logged in, each once.
    pub(crate) fn users(&self, now: Timestamp) -> Vec<String> {
        let mut users: Vec<String> = self
            .lock()
            .values()
            .filter(|session| session.is_valid(now))
            .map(|session| session.user.clone())
            .collect();
        users.sort();
        users.dedup();
        users
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_valid(&self, now: Timestamp) -> bool {
        now.secs_since(self.began_at) < SESSION_SECS_MAX && now.secs_since(self.seen_at) < IDLE_SECS_MAX
    }
}

fn id(secret: &str) -> String {
    sha256_hex(secret.as_bytes())
}
