//! What an account may do.

use serde::{Deserialize, Serialize};

/// What an account may do; each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Answers alarms and speaks.
    Operator,
    /// Closes red alarms, shelves, merges, changes sites, runs exercises, reads the audit trail.
    Commander,
    /// Keeps the accounts.
    Administrator,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Commander, Self::Administrator];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Commander => "commander",
            Self::Administrator => "administrator",
        }
    }

    /// The role of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
