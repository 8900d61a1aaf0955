//! A row of an answer of either database.

use postgres::types::FromSqlOwned;
use rusqlite::types::FromSql;

/// The cells of a row, by their places in its statement.
pub(super) trait AnyRow {
    /// What the database says where a cell is not what it should be.
    type Error;

    /// A cell.
    fn cell<T: FromSql + FromSqlOwned>(&self, at: usize) -> Result<T, Self::Error>;
    /// Bytes of a cell; none of NULL.
    fn bytes(&self, at: usize) -> Result<&[u8], Self::Error>;
}

impl AnyRow for rusqlite::Row<'_> {
    type Error = rusqlite::Error;

    fn cell<T: FromSql + FromSqlOwned>(&self, at: usize) -> rusqlite::Result<T> {
        self.get(at)
    }

    fn bytes(&self, at: usize) -> rusqlite::Result<&[u8]> {
        Ok(self.get_ref(at)?.as_blob_or_null()?.unwrap_or_default())
    }
}

impl AnyRow for postgres::Row {
    type Error = postgres::Error;

    fn cell<T: FromSql + FromSqlOwned>(&self, at: usize) -> Result<T, postgres::Error> {
        self.try_get(at)
    }

    fn bytes(&self, at: usize) -> Result<&[u8], postgres::Error> {
        Ok(self.try_get::<_, Option<&[u8]>>(at)?.unwrap_or_default())
    }
}
