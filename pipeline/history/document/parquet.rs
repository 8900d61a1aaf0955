//! Tables as Parquet: one row group, one plain page a column, uncompressed, which every tool of data analysis reads.
//!
//! Written here after the format's specification (apache/parquet-format 2.11, `parquet.thrift`) because that is all a
//! report needs: the library costs more time to compile than the rest of this crate.

use super::table::{Cells, Table};

/// First and last bytes of a file.
const MAGIC: &[u8; 4] = b"PAR1";
/// `Type`: `DOUBLE`, `BYTE_ARRAY`.
const DOUBLE: i64 = 5;
const BYTE_ARRAY: i64 = 6;
/// `FieldRepetitionType`: OPTIONAL.
const OPTIONAL: i64 = 1;
/// `ConvertedType`: UTF8.
const UTF8: i64 = 0;
/// `Encoding`: PLAIN, RLE.
const PLAIN: i64 = 0;
const RLE: i64 = 3;
/// `CompressionCodec` and `PageType`: `UNCOMPRESSED`, `DATA_PAGE`.
const UNCOMPRESSED: i64 = 0;
const DATA_PAGE: i64 = 0;

impl Table {
    /// As Parquet; what is not known is null.
    pub fn parquet(&self) -> Vec<u8> {
        let rows = length(self.rows());
        let mut file = MAGIC.to_vec();
        let chunks: Vec<Chunk> = self.columns.iter().map(|(_, cells)| cells.chunk(&mut file)).collect();
        let mut footer = Thrift::default();
        // FileMetaData: version, schema, num_rows, row_groups, created_by.
        footer.number(1, 1);
        footer.list(2, STRUCT, self.columns.len() + 1);
        // The root: name, num_children.
        footer.begin_item();
        footer.text(4, self.name);
        footer.number(5, length(self.columns.len()));
        footer.end();
        for (name, cells) in &self.columns {
            footer.begin_item();
            // SchemaElement: type, repetition_type, name, converted_type.
            footer.number(1, cells.physical());
            footer.number(3, OPTIONAL);
            footer.text(4, name);
            if let Cells::Text(_) = cells {
                footer.number(6, UTF8);
            }
            footer.end();
        }
        footer.long(3, rows);
        footer.list(4, STRUCT, 1);
        footer.begin_item();
        // RowGroup: columns, total_byte_size, num_rows.
        footer.list(1, STRUCT, self.columns.len());
        for ((name, cells), chunk) in self.columns.iter().zip(&chunks) {
            footer.begin_item();
            // ColumnChunk: file_offset, meta_data.
            footer.long(2, chunk.offset);
            footer.begin(3);
            // ColumnMetaData: type, encodings, path_in_schema, codec, num_values, sizes, data_page_offset.
            footer.number(1, cells.physical());
            footer.list(2, I32, 2);
            footer.item(PLAIN);
            footer.item(RLE);
            footer.list(3, BINARY, 1);
            footer.item_text(name);
            footer.number(4, UNCOMPRESSED);
            footer.long(5, rows);
            footer.long(6, chunk.bytes);
            footer.long(7, chunk.bytes);
            footer.long(9, chunk.offset);
            footer.end();
            footer.end();
        }
        footer.long(2, chunks.iter().map(|chunk| chunk.bytes).sum());
        footer.long(3, rows);
        footer.end();
        footer.text(6, "throng");
        footer.end();
        file.extend(&footer.bytes);
        file.extend((footer.bytes.len() as u32).to_le_bytes());
        file.extend(MAGIC);
        file
    }
}

/// Where a column lies in the file.
struct Chunk {
    offset: i64,
    bytes: i64,
}

impl Cells {
    const fn physical(&self) -> i64 {
        match self {
            Self::Number(_) => DOUBLE,
            Self::Text(_) => BYTE_ARRAY,
        }
    }

    /// Writes the column's only page: its header, which cells are there, and those.
    fn chunk(&self, file: &mut Vec<u8>) -> Chunk {
        let (are_known, mut values): (Vec<bool>, Vec<u8>) = match self {
            Self::Number(cells) => (
                cells.iter().map(Option::is_some).collect(),
                cells.iter().flatten().flat_map(|cell| cell.to_le_bytes()).collect(),
            ),
            Self::Text(cells) => (
                cells.iter().map(Option::is_some).collect(),
                cells
                    .iter()
                    .flatten()
                    .flat_map(|cell| (cell.len() as u32).to_le_bytes().into_iter().chain(cell.bytes()))
                    .collect(),
            ),
        };
        let mut page = definition_levels(&are_known);
        page.append(&mut values);
        let mut header = Thrift::default();
        // PageHeader: type, uncompressed_page_size, compressed_page_size, data_page_header.
        header.number(1, DATA_PAGE);
        header.number(2, length(page.len()));
        header.number(3, length(page.len()));
        header.begin(5);
        // DataPageHeader: num_values, encoding, definition_level_encoding, repetition_level_encoding.
        header.number(1, length(are_known.len()));
        header.number(2, PLAIN);
        header.number(3, RLE);
        header.number(4, RLE);
        header.end();
        header.end();
        let offset = length(file.len());
        file.extend(&header.bytes);
        file.extend(&page);
        Chunk { offset, bytes: length(file.len()) - offset }
    }
}

/// A length as the format counts: what is in memory is far below its limit.
fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// Which cells are there: runs of 1 and of 0 (RLE with a width of one bit), after their length.
fn definition_levels(are_known: &[bool]) -> Vec<u8> {
    let mut runs = Vec::new();
    for run in are_known.chunk_by(|a, b| a == b) {
        varint(&mut runs, (run.len() as u64) << 1);
        runs.push(u8::from(run.first() == Some(&true)));
    }
    let mut levels = (runs.len() as u32).to_le_bytes().to_vec();
    levels.append(&mut runs);
    levels
}

/// Seven bits a byte, the lowest first (ULEB128).
fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Types of Thrift's compact protocol.
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Writes Thrift's compact protocol: structures are begun and ended, lists are begun with their length and closed.
struct Thrift {
    bytes: Vec<u8>,
    /// Number of the last field of each structure that is open, the innermost last.
    last: Vec<i64>,
}

impl Default for Thrift {
    fn default() -> Self {
        Self { bytes: Vec::new(), last: vec![0] }
    }
}

impl Thrift {
    /// A field's number, as the distance from the one before, and its type.
    fn field(&mut self, number: i64, of_type: u8) {
        if let Some(last) = self.last.last_mut() {
            // All distances here are below 16, which fits the short form.
            self.bytes.push((((number - *last) as u8) << 4) | of_type);
            *last = number;
        }
    }

    /// Zigzag: small numbers of either sign are short.
    fn item(&mut self, value: i64) {
        varint(&mut self.bytes, ((value << 1) ^ (value >> 63)) as u64);
    }

    fn item_text(&mut self, text: &str) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn number(&mut self, field: i64, value: i64) {
        self.field(field, I32);
        self.item(value);
    }

    fn long(&mut self, field: i64, value: i64) {
        self.field(field, I64);
        self.item(value);
    }

    fn text(&mut self, field: i64, text: &str) {
        self.field(field, BINARY);
        self.item_text(text);
    }

    /// A structure as a field.
    fn begin(&mut self, field: i64) {
        self.field(field, STRUCT);
        self.last.push(0);
    }

    /// A structure as an item of a list.
    fn begin_item(&mut self) {
        self.last.push(0);
    }

    /// Ends a structure.
    fn end(&mut self) {
        self.bytes.push(0);
        self.last.pop();
    }

    /// A list as a field; its items follow.
    fn list(&mut self, field: i64, of_type: u8, length: usize) {
        self.field(field, LIST);
        if length < 15 {
            self.bytes.push(((length as u8) << 4) | of_type);
        } else {
            self.bytes.push(0xf0 | of_type);
            varint(&mut self.bytes, length as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns and two rows. The library `parquet` 60.1.0 reads these bytes as `{zone: "门", people: null}` and
    /// `{zone: null, people: 2.5}`.
    #[test]
    fn a_file_is_as_others_read_it() {
        let columns = vec![
            ("zone", Cells::Text(vec![Some("门".to_owned()), None])),
            ("people", Cells::Number(vec![None, Some(2.5)])),
        ];
        let file = Table { name: "zones", columns }.parquet();
        let golden = [
            "504152311500151e151e2c15041500150615060000040000000201020003000000e997a81500152015202c1504150015",
            "0615060000040000000200020100000000000004401502193c48057a6f6e6573150400150c250218047a6f6e65250000",
            "150a2502180670656f706c65001604191c192c26081c150c192500061918047a6f6e6515001604164016402608000026",
            "481c150a1925000619180670656f706c6515001604164216422648000016820116040028067468726f6e670077000000",
            "50415231",
        ];
        assert_eq!(hex(&file), golden.concat());
    }

    #[test]
    fn cells_are_told_from_nulls_by_runs() {
        let mut are_known = vec![true; 200];
        are_known.push(false);
        assert_eq!(definition_levels(&are_known), [5, 0, 0, 0, 0x90, 0x03, 1, 2, 0]);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }
}
