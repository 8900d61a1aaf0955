//! Accounts on disk.

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::{Store, StoreError};
use crate::{rights::Rights, role::Role};

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Account {
    /// What is typed in.
    pub(crate) user: String,
    /// Name for people.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Argon2id in PHC form; never leaves the console.
    #[serde(skip)]
    pub(crate) password_hash: String,
    /// Sites that may be seen; absent: all.
    pub(crate) sites: Option<Vec<String>>,
    /// Cameras that may be seen, `CAMERA` or `SITE/CAMERA`; absent: all.
    pub(crate) cameras: Option<Vec<String>>,
    #[serde(flatten)]
    pub(crate) preferences: Preferences,
}

/// How somebody likes the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Preferences {
    pub(crate) language: Option<String>,
    pub(crate) theme: Option<String>,
}

impl Account {
    pub(crate) fn rights(&self) -> Rights {
        Rights::of(self.sites.as_deref(), self.cameras.as_deref())
    }
}

impl Store {
    pub(crate) fn account(&self, user: &str) -> Result<Option<Account>, StoreError> {
        let raw = self
            .connection()
            .prepare_cached(&format!("{SELECT} WHERE user = ?1"))?
            .query_row([user], raw_account)
            .optional()?;
        raw.map(RawAccount::read).transpose()
    }

    pub(crate) fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY user"))?;
        let rows: Vec<RawAccount> = statement.query_map([], raw_account)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(RawAccount::read).collect()
    }

    /// Adds an account, or writes over the one of that user.
    pub(crate) fn put_account(&self, account: &Account) -> Result<(), StoreError> {
        let list = |names: &Option<Vec<String>>| names.as_ref().map(serde_json::to_string).transpose();
        self.connection().execute(
            "INSERT INTO account (user, name, role, password_hash, sites, cameras, language, theme)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (user) DO UPDATE SET name = ?2, role = ?3, password_hash = ?4, sites = ?5, cameras = ?6,
                 language = ?7, theme = ?8",
            params![
                account.user,
                account.name,
                account.role.name(),
                account.password_hash,
                list(&account.sites)?,
                list(&account.cameras)?,
                account.preferences.language,
                account.preferences.theme,
            ],
        )?;
        Ok(())
    }

    /// `false`: there is no such account.
    pub(crate) fn delete_account(&self, user: &str) -> Result<bool, StoreError> {
        Ok(self.connection().execute("DELETE FROM account WHERE user = ?1", [user])? > 0)
    }
}

const SELECT: &str = "SELECT user, name, role, password_hash, sites, cameras, language, theme FROM account";

struct RawAccount {
    account: Account,
    sites: Option<String>,
    cameras: Option<String>,
}

impl RawAccount {
    fn read(self) -> Result<Account, StoreError> {
        let list = |json: Option<String>| json.map(|json| serde_json::from_str(&json)).transpose();
        Ok(Account { sites: list(self.sites)?, cameras: list(self.cameras)?, ..self.account })
    }
}

fn raw_account(row: &Row<'_>) -> rusqlite::Result<RawAccount> {
    let role: String = row.get(2)?;
    Ok(RawAccount {
        account: Account {
            user: row.get(0)?,
            name: row.get(1)?,
            // A role that this program does not know may do the least.
            role: Role::from_name(&role).unwrap_or(Role::Viewer),
            password_hash: row.get(3)?,
            sites: None,
            cameras: None,
            preferences: Preferences { language: row.get(6)?, theme: row.get(7)? },
        },
        sites: row.get(4)?,
        cameras: row.get(5)?,
    })
}
