//! A client that sends whatever bytes it is given: frames by hand, right and wrong.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::cassandra::CQL_PORT;

/// The opcode of an ERROR.
pub const ERROR: u8 = 0x00;
/// The opcode of a STARTUP.
pub const STARTUP: u8 = 0x01;
/// The opcode of a READY.
pub const READY: u8 = 0x02;
/// The opcode of a QUERY.
pub const QUERY: u8 = 0x07;
/// The opcode of a RESULT.
pub const RESULT: u8 = 0x08;
/// The opcode of a BATCH.
pub const BATCH: u8 = 0x0D;

/// The longest that a server may take to answer, or to close, before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(20);

const LARGEST_REPLY_BYTES: usize = 64 << 20;

/// A frame that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its opcode.
    pub opcode: u8,
    /// Its body.
    pub body: Vec<u8>,
}

impl Frame {
    /// The code of an ERROR.
    pub fn error_code(&self) -> Option<i32> {
        if self.opcode == ERROR { self.body.first_chunk().map(|&code| i32::from_be_bytes(code)) } else { None }
    }
}

/// A connection of which every byte is ours.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects, and says nothing yet.
    pub fn connect(server: IpAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&SocketAddr::new(server, CQL_PORT), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Connects and starts up with protocol `version`, with a compression if one is named.
    pub fn started(server: IpAddr, version: u8, compression: Option<&str>) -> io::Result<Self> {
        let mut raw = Self::connect(server)?;
        let mut options = vec![("CQL_VERSION", "3.0.0")];
        options.extend(compression.map(|name| ("COMPRESSION", name)));
        let mut body = (options.len() as u16).to_be_bytes().to_vec();
        for (key, value) in options {
            for word in [key, value] {
                body.extend((word.len() as u16).to_be_bytes());
                body.extend(word.as_bytes());
            }
        }
        raw.send(&frame(version, 0, STARTUP, &body))?;
        match raw.receive()? {
            Frame { opcode: READY, .. } => Ok(raw),
            other => Err(io::Error::other(format!("not READY but {other:?}"))),
        }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub fn finish_sending(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Receives one frame in the form of v3 and v4, or of v1 and v2, where a stream is one byte. The end of the connection
    /// is `UnexpectedEof`, or a reset.
    pub fn receive(&mut self) -> io::Result<Frame> {
        let mut start = [0; 3];
        self.stream.read_exact(&mut start)?;
        if start[0] & 0x7F > 2 {
            self.stream.read_exact(&mut [0])?;
        }
        let mut rest = [0; 5];
        self.stream.read_exact(&mut rest)?;
        let [opcode, length @ ..] = rest;
        let length = u32::from_be_bytes(length) as usize;
        if length > LARGEST_REPLY_BYTES {
            return Err(io::Error::other("an oversized reply"));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Frame { opcode, body })
    }

    /// Runs a statement at level ONE over protocol v4.
    pub fn query(&mut self, text: &[u8]) -> io::Result<Frame> {
        self.send(&frame(4, 0, QUERY, &query_body(text)))?;
        self.receive()
    }

    /// Whether the server closes the connection, whatever it says before.
    pub fn is_closed(mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
            }
        }
    }
}

/// A request frame on stream 1.
pub fn frame(version: u8, flags: u8, opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![version, flags, 0, 1, opcode];
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    frame
}

/// The body of a QUERY at level ONE without values; the text need not be UTF-8.
pub fn query_body(text: &[u8]) -> Vec<u8> {
    let mut body = (text.len() as u32).to_be_bytes().to_vec();
    body.extend(text);
    body.extend([0, 1, 0]);
    body
}
