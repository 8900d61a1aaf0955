//! A relay for a siren or a light by Modbus TCP: coil `first + 0..3` is on while the zone is at blue, yellow, orange or red.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use throng_analytics::level::Level;

/// Longest time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Function "write multiple coils".
const WRITE_COILS: u8 = 15;

/// The request that sets the four coils of a level. Unknown leaves all off but is not normal: relays that must tell the
/// two apart take the webhook.
pub fn request(transaction: u16, unit: u8, first: u16, level: Option<Level>) -> [u8; 14] {
    let bits = match level {
        None | Some(Level::Normal) => 0,
        Some(level) => 1_u8 << (level.number() - 1),
    };
    let [t0, t1] = transaction.to_be_bytes();
    let [a0, a1] = first.to_be_bytes();
    // Head: transaction, protocol 0, 8 bytes follow, unit. Then function, address, 4 coils in 1 byte.
    [t0, t1, 0, 0, 0, 8, unit, WRITE_COILS, a0, a1, 0, 4, 1, bits]
}

/// Sets the coils.
///
/// # Errors
/// No answer, or an exception of the device.
pub fn set(address: &str, transaction: u16, unit: u8, first: u16, level: Option<Level>) -> Result<()> {
    let mut socket =
        TcpStream::connect(address).with_context(|| format!("no Modbus device answers at {address}"))?;
    socket.set_read_timeout(Some(ANSWER_WITHIN))?;
    socket.set_write_timeout(Some(ANSWER_WITHIN))?;
    socket.write_all(&request(transaction, unit, first, level))?;
    let mut head = [0; 9];
    socket.read_exact(&mut head).with_context(|| format!("the Modbus device {address} does not answer"))?;
    match head[7] {
        WRITE_COILS => Ok(()),
        _ => bail!("the Modbus device {address} refuses: exception {}", head[8]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_its_coil() {
        assert_eq!(
            request(0x0102, 9, 0x0010, Some(Level::Orange)),
            [1, 2, 0, 0, 0, 8, 9, 15, 0, 0x10, 0, 4, 1, 0b100]
        );
        assert_eq!(request(0, 1, 0, None)[13], 0);
        assert_eq!(request(0, 1, 0, Some(Level::Blue))[13], 1);
        assert_eq!(request(0, 1, 0, Some(Level::Red))[13], 0b1000);
    }
}
