//! The answer to a version that the server does not speak.

use super::header::RESPONSE;
use super::{HeaderFlags, Opcode, Version};

/// The versions up to `newest` as Cassandra lists them: `3/v3, 4/v4, 5/v5, 6/v6-beta`.
pub fn supported_versions(newest: Version) -> String {
    let known = Version::ALL.into_iter().filter(|version| *version <= newest).map(Version::description);
    known.collect::<Vec<_>>().join(", ")
}

/// The whole ERROR frame for a request of an unsupported `version`; drivers step down to a version it names.
///
/// Versions 1 and 2 are answered in themselves, with their eight-byte header (CASSANDRA-11464); every other in the
/// newest final version that the server speaks, up to `newest`. The answer is on stream 0 whatever the request's: the header of an unknown version
/// may be laid out in any way, and drivers expect what Cassandra does.
pub fn unsupported_version(version: u8, newest: Version) -> Vec<u8> {
    let supported = supported_versions(newest);
    let message = format!("Invalid or unsupported protocol version ({version}); supported versions are ({supported})");
    let old = matches!(version, 1 | 2);
    let number = if old { version } else { newest.min(Version::NEWEST).number() };
    let stream: &[u8] = if old { &[0] } else { &[0, 0] };
    let body_len = (4 + 2 + message.len()) as u32;

    let mut frame = vec![number | RESPONSE, HeaderFlags::NONE.0];
    frame.extend(stream);
    frame.push(Opcode::Error.code());
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
    fn a_newer_version_is_answered_in_the_newest_that_is_final() {
        let frame = Envelope::parse(unsupported_version(7, Version::V6).into()).expect("a frame");
        assert_eq!((frame.version(), frame.stream(), frame.opcode()), (Version::V5, 0, Opcode::Error));
        let text = "Invalid or unsupported protocol version (7); supported versions are (3/v3, 4/v4, 5/v5, 6/v6-beta)";
        assert_eq!(&frame.body()[6..], text.as_bytes());
    }

    #[test]
    fn version_5_is_refused_by_a_server_of_version_4() {
        let frame = Envelope::parse(unsupported_version(5, Version::V4).into()).expect("a frame");
        assert_eq!(frame.version(), Version::V4);
        assert!(frame.body().ends_with(b"(5); supported versions are (3/v3, 4/v4)"));
    }

    #[test]
    fn version_1_and_2_are_answered_with_their_own_header() {
        let frame = unsupported_version(2, Version::V5);
        assert_eq!(&frame[..8], &[0x82, 0, 0, 0, 0, 0, 0, frame.len() as u8 - 8]);
    }
}
