//! What stands in front of a message: tracing id, warnings, custom payload (section 4).

use uuid::Uuid;

use crate::frame::{DecodeError, Direction, Envelope, HeaderFlags, Opcode, Reader};

/// What stands in front of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestExtras<'a> {
    /// The client wants the request traced.
    pub tracing: bool,
    /// The custom payload, a whole `[bytes map]`.
    pub custom_payload: Option<&'a [u8]>,
}

/// What stands in front of a response.
#[derive(Debug, Clone, Copy)]
pub struct ResponseExtras<'a> {
    /// The id of the trace, if the request was traced.
    pub tracing_id: Option<Uuid>,
    /// The warnings, a whole `[string list]`.
    pub warnings: Option<&'a [u8]>,
    /// The custom payload, a whole `[bytes map]`.
    pub custom_payload: Option<&'a [u8]>,
}

impl<'a> RequestExtras<'a> {
    /// Reads the extras of a request; the reader then stands before the message, and counts from the body's start.
    ///
    /// # Errors
    /// When the envelope is not a request of this opcode, or the payload is malformed.
    pub fn read(envelope: &'a Envelope, opcode: Opcode) -> Result<(Self, Reader<'a>), DecodeError> {
        if envelope.opcode() != opcode {
            return Err(DecodeError::Unexpected { what: opcode.name() });
        }
        let mut reader = Reader::new(envelope.body());
        let custom_payload = custom_payload(envelope, &mut reader)?;
        Ok((Self { tracing: envelope.flags().contains(HeaderFlags::TRACING), custom_payload }, reader))
    }
}

impl<'a> ResponseExtras<'a> {
    /// Reads the extras of any response; the reader then stands before the message, and counts from the body's start.
    ///
    /// # Errors
    /// When the envelope is not a response, or an extra is malformed.
    pub fn read(envelope: &'a Envelope) -> Result<(Self, Reader<'a>), DecodeError> {
        if envelope.header().direction() != Direction::Response {
            return Err(DecodeError::Unexpected { what: "response" });
        }
        let flags = envelope.flags();
        let mut reader = Reader::new(envelope.body());
        let tracing_id = flags.contains(HeaderFlags::TRACING).then(|| reader.uuid("tracing id")).transpose()?;
        let warnings = flags.contains(HeaderFlags::WARNING).then(|| string_list(envelope, &mut reader)).transpose()?;
        let custom_payload = custom_payload(envelope, &mut reader)?;
        Ok((Self { tracing_id, warnings, custom_payload }, reader))
    }

    /// The warnings, one by one.
    pub fn warnings(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let mut reader = Reader::new(self.warnings.unwrap_or_default());
        let count = reader.short("warnings").unwrap_or_default();
        (0..count).map_while(move |_| reader.string("warning").ok())
    }
}

fn custom_payload<'a>(envelope: &'a Envelope, reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    let what = "custom payload";
    if !envelope.flags().contains(HeaderFlags::CUSTOM_PAYLOAD) {
        return Ok(None);
    }
    if !envelope.version().features().custom_payload {
        return Err(DecodeError::NotInVersion { what });
    }
    reader
        .spanning(|reader| {
            for _ in 0..reader.short(what)? {
                reader.string(what)?;
                reader.bytes(what)?;
            }
            Ok(())
        })
        .map(Some)
}

fn string_list<'a>(envelope: &'a Envelope, reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let what = "warnings";
    if !envelope.version().features().warnings {
        return Err(DecodeError::NotInVersion { what });
    }
    reader.spanning(|reader| {
        let count = reader.short(what)?;
        (0..count).try_for_each(|_| reader.string(what).map(drop))
    })
}
