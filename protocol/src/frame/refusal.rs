//! The answer to a version that we do not speak.

use super::header::RESPONSE;
use super::{HeaderFlags, Opcode, Version};

/// The supported versions as Cassandra lists them: `3/v3, 4/v4, 5/v5`.
pub fn supported_versions() -> String {
    Version::ALL.map(Version::description).join(", ")
}

/// The whole ERROR frame for a request of an unsupported `version`; drivers step down to a version it names.
///
/// Versions 1 and 2 are answered in themselves, with their eight-byte header; every other in our newest version
/// (CASSANDRA-11464).
pub fn unsupported_version(version: u8, stream: i16) -> Vec<u8> {
    let message = format!(
        "Invalid or unsupported protocol version ({version}); supported versions are ({})",
        supported_versions()
    );
    let old = matches!(version, 1 | 2);
    let number = if old { version } else { Version::NEWEST.number() };
    let mut frame = vec![number | RESPONSE, HeaderFlags::NONE.0];
    let [high, low] = stream.to_be_bytes();
    if old {
        // The stream id of these versions is one byte: the first of what our layout takes for two.
        frame.push(high);
    } else {
        frame.extend([high, low]);
    }
    frame.push(Opcode::Error.code());
    let body_len = (4 + 2 + message.len()) as u32;
    frame.extend(body_len.to_be_bytes());
    frame.extend(PROTOCOL_ERROR.to_be_bytes());
    frame.extend((message.len() as u16).to_be_bytes());
    frame.extend(message.as_bytes());
    frame
}

const PROTOCOL_ERROR: i32 = 0x000A;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Envelope;

    #[test]
    fn a_newer_version_is_answered_in_our_newest() {
        let frame = Envelope::parse(unsupported_version(6, 5).into()).expect("a frame");
        assert_eq!((frame.version(), frame.stream(), frame.opcode()), (Version::V5, 5, Opcode::Error));
        let text = "Invalid or unsupported protocol version (6); supported versions are (3/v3, 4/v4, 5/v5)";
        assert_eq!(&frame.body()[6..], text.as_bytes());
    }

    #[test]
    fn version_1_and_2_are_answered_with_their_own_header() {
        let frame = unsupported_version(2, 0x0300);
        assert_eq!(&frame[..8], &[0x82, 0, 3, 0, 0, 0, 0, frame.len() as u8 - 8]);
    }
}
