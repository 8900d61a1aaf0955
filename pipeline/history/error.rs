//! What can go wrong, in words for whoever runs the site. Passwords never get this far.

/// Why the history did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store cannot be opened.
    #[error("cannot open the history {place}: {reason}")]
    Open {
        /// Path or address, without password.
        place: String,
        /// What the database says, and what to do.
        reason: String,
    },
    /// The store was opened and then failed.
    #[error("the history {place} cannot {doing}: {reason}")]
    Database {
        /// Path or address, without password.
        place: String,
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
    /// What was asked makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// A report or table cannot be written.
    #[error("cannot write the report as {format}: {reason}")]
    Format {
        /// The form of the report.
        format: &'static str,
        /// Why.
        reason: String,
    },
    /// The writer thread has ended: the history was closed, or its store failed for good.
    #[error("the history is closed: open it again to record more")]
    Closed,
}

/// An address without its password, as every message shows it.
pub(crate) fn redacted(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (before_query, query) =
        rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    // The last @ ends the credentials: a password may hold an @ that nobody escaped, and a path may not.
    let shown = match before_query.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
            format!("{scheme}://{user}:***@{host}")
        }
        None => format!("{scheme}://{before_query}"),
    };
    match query {
        Some(query) => {
            let shown_query: Vec<String> = query
                .split('&')
                .map(|pair| match pair.split_once('=') {
                    Some((key, _)) if key.to_ascii_lowercase().contains("pass") => format!("{key}=***"),
                    _ => pair.to_owned(),
                })
                .collect();
            format!("{shown}?{}", shown_query.join("&"))
        }
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(
            redacted("postgres://throng:s3cr@et@db.lan:5432/history"),
            "postgres://throng:***@db.lan:5432/history"
        );
        assert_eq!(
            redacted("postgres://db/history?user=a&password=s3cret&sslmode=disable"),
            "postgres://db/history?user=a&password=***&sslmode=disable"
        );
        assert_eq!(redacted("/var/lib/throng/history.db"), "/var/lib/throng/history.db");
    }
}
