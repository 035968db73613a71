//! How a connection reads.

use bytes::BytesMut;
use quorate_protocol::frame::{Decoder, Envelope, FrameError};

/// What `decoder` makes of `bytes` that come in reads of `read_len` bytes, up to the first error.
pub fn decode(mut decoder: Decoder, bytes: &[u8], read_len: usize) -> (Vec<Envelope>, Option<FrameError>) {
    let (mut input, mut envelopes) = (BytesMut::new(), Vec::new());
    for read in bytes.chunks(read_len) {
        input.extend_from_slice(read);
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(envelope)) => envelopes.push(envelope),
                Ok(None) => break,
                Err(error) => return (envelopes, Some(error)),
            }
        }
    }
    (envelopes, None)
}
