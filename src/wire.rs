//! One byte stream to a client or to a backend, plain or TLS.
//!
//! A wire belongs to one thread. Its owner polls it for bytes; anybody on the thread may try to write to it, so that a
//! reply leaves in the turn that produced it and wakes nobody.

mod tls;

use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub(crate) use tls::{TlsWire, client_config, server_config, server_name};

/// How much room a read is offered, in bytes.
const READ_CHUNK: usize = 64 * 1024;
/// Below this much room the buffer gets a new chunk.
const READ_ROOM_MIN: usize = 4 * 1024;

/// A byte stream.
pub(crate) enum Wire {
    /// TCP as it is.
    Plain(PlainWire),
    /// TLS over TCP.
    Tls(Box<TlsWire>),
}

/// The two halves of a TCP stream.
pub(crate) struct PlainWire {
    read: RefCell<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Wire {
    /// Wraps a connected TCP stream.
    pub(crate) fn plain(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Wire::Plain(PlainWire { read: RefCell::new(read), write })
    }

    /// Reads what is there into `buffer`; zero is the end of the stream.
    pub(crate) fn poll_fill(&self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        if buffer.capacity() - buffer.len() < READ_ROOM_MIN {
            buffer.reserve(READ_CHUNK);
        }
        match self {
            Wire::Plain(wire) => {
                let mut read = wire.read.borrow_mut();
                let fill = pin!(read.read_buf(buffer));
                fill.poll(cx)
            }
            Wire::Tls(wire) => wire.poll_fill(cx, buffer),
        }
    }

    /// Writes as much of `bytes` as the socket takes now; `Ok(0)` where it takes nothing.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Wire::Plain(wire) => wire.write.try_write(bytes),
            Wire::Tls(wire) => wire.try_write(bytes),
        };
        match written {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Whether the wire itself still holds bytes that it has accepted (TLS records).
    pub(crate) fn holds_bytes(&self) -> bool {
        match self {
            Wire::Plain(_) => false,
            Wire::Tls(wire) => wire.holds_bytes(),
        }
    }

    /// Ready when the socket takes bytes again.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Wire::Plain(wire) => wire.write.as_ref().poll_write_ready(cx),
            Wire::Tls(wire) => wire.poll_writable(cx),
        }
    }

    /// Reads at least one byte, or nothing at the end of the stream.
    pub(crate) async fn fill(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        std::future::poll_fn(|cx| self.poll_fill(cx, buffer)).await
    }

    /// Writes all of `bytes`.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() || self.holds_bytes() {
            let written = self.try_write(bytes)?;
            bytes = &bytes[written..];
            if written == 0 || (bytes.is_empty() && self.holds_bytes()) {
                std::future::poll_fn(|cx| {
                    ready!(self.poll_writable(cx))?;
                    Poll::Ready(io::Result::Ok(()))
                })
                .await?;
            }
        }
        Ok(())
    }
}
