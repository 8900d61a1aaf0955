//! Several files in one: a ZIP file without compression (PKWARE's APPNOTE 6.3.3, 4.3), which every desktop opens.

use crate::error::HistoryError;

/// Version 2.0, which folders and stored files need.
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// 1 January 1980, midnight: the same files make the same bytes.
const TIME_AND_DATE: [u8; 4] = [0, 0, 0x21, 0];

/// A ZIP file of these files.
pub(super) fn zip(files: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, HistoryError> {
    let size = |bytes: usize| {
        u32::try_from(bytes).map_err(|_too_large| HistoryError::Format {
            format: "ZIP",
            reason: "it would be larger than 4 GB: ask for a shorter period".to_owned(),
        })
    };
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let count = files.len() as u16;
    for (name, content) in files {
        let at = size(bytes.len())?;
        let mut about = Vec::new();
        about.extend(VERSION.to_le_bytes());
        about.extend(UTF8.to_le_bytes());
        // Stored as it is.
        about.extend(0_u16.to_le_bytes());
        about.extend(TIME_AND_DATE);
        about.extend(crc32(&content).to_le_bytes());
        about.extend(size(content.len())?.to_le_bytes());
        about.extend(size(content.len())?.to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        // Nothing extra.
        about.extend(0_u16.to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&about);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&about);
        // No comment, first disk, no attributes.
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = size(bytes.len())?;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size(directory.len())?.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0; 2]);
    Ok(bytes)
}

/// The CRC-32 of ISO 3309, bit by bit: a report is small.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let (shifted, carry) = (crc >> 1, crc & 1);
            if carry == 1 { shifted ^ 0xedb8_8320 } else { shifted }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standards_test() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_directory_tells_where_each_file_is() {
        let bytes =
            zip(vec![("a.csv".to_owned(), b"1".to_vec()), ("区.csv".to_owned(), b"22".to_vec())]).unwrap();
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        assert_eq!(u16::from_le_bytes([bytes[end + 10], bytes[end + 11]]), 2);
        let at = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
        assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
    }
}
