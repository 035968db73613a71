//! TLS over a TCP stream, driven by hand so that a record can be written in the turn that produced it.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, BytesMut};
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};

/// Ciphertext that may wait for the socket, in bytes, before more plaintext is refused.
const HELD_BYTES_MAX: usize = 256 * 1024;

/// A TLS session and its socket.
pub(crate) struct TlsWire {
    session: RefCell<Connection>,
    socket: TcpStream,
}

impl TlsWire {
    /// The accepting side: completes the handshake, or fails.
    pub(crate) async fn accept(socket: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        Self::handshake(socket, session.into()).await
    }

    /// The connecting side: completes the handshake, or fails.
    pub(crate) async fn connect(
        socket: TcpStream,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Self::handshake(socket, session.into()).await
    }

    async fn handshake(socket: TcpStream, mut session: Connection) -> io::Result<Self> {
        session.set_buffer_limit(Some(HELD_BYTES_MAX));
        while session.is_handshaking() {
            while session.wants_write() {
                match session.write_tls(&mut Socket(&socket)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.writable().await?,
                    Err(error) => return Err(error),
                }
            }
            if !session.is_handshaking() {
                break;
            }
            socket.readable().await?;
            match session.read_tls(&mut Socket(&socket)) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {
                    if let Err(error) = session.process_new_packets() {
                        // The alert tells the peer why; it may be gone already.
                        let _ = session.write_tls(&mut Socket(&socket));
                        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { session: RefCell::new(session), socket })
    }

    pub(crate) fn poll_fill(&self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        loop {
            let mut session = self.session.borrow_mut();
            let mut plaintext = [0_u8; 16 * 1024];
            match session.reader().read(&mut plaintext) {
                Ok(count) => {
                    buffer.put_slice(&plaintext[..count]);
                    return Poll::Ready(Ok(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                Err(error) => return Poll::Ready(Err(error)),
            }
            ready!(self.socket.poll_read_ready(cx))?;
            match session.read_tls(&mut Socket(&self.socket)) {
                Ok(0) => return Poll::Ready(Ok(0)),
                Ok(_) => {
                    session.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                    // A key update or an alert may be owed.
                    let _ = flush(&mut session, &self.socket)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.session.borrow_mut();
        flush(&mut session, &self.socket)?;
        let accepted = session.writer().write(bytes)?;
        flush(&mut session, &self.socket)?;
        if accepted == 0 && !bytes.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(accepted) }
    }

    pub(crate) fn holds_bytes(&self) -> bool {
        self.session.borrow().wants_write()
    }

    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_write_ready(cx))?;
            if flush(&mut self.session.borrow_mut(), &self.socket)? {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// Writes the records that wait; true when none is left.
fn flush(session: &mut Connection, socket: &TcpStream) -> io::Result<bool> {
    while session.wants_write() {
        match session.write_tls(&mut Socket(socket)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The socket as rustls wants it: blocking calls that never block.
struct Socket<'a>(&'a TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a listener needs: its certificate chain and key, and the authority that client certificates must come from,
/// where mutual TLS is wanted.
pub(crate) fn server_config(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> io::Result<Arc<ServerConfig>> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?;
    let builder = match client_ca {
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider());
            let verifier = verifier.build().map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(certificates(certificate)?, private_key(key)?).map_err(io::Error::other)?;
    Ok(Arc::new(config))
}

/// What a connection to a backend needs: the authority it trusts, and its own certificate where mutual TLS is wanted.
pub(crate) fn client_config(ca: &Path, identity: Option<(&Path, &Path)>) -> io::Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.with_root_certificates(roots(ca)?);
    let config = match identity {
        Some((certificate, key)) => {
            builder.with_client_auth_cert(certificates(certificate)?, private_key(key)?).map_err(io::Error::other)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// The name or address that a backend's certificate must carry.
pub(crate) fn server_name(host: &str) -> io::Result<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// Named, since a dependency of a dependency brings another, and rustls does not choose between two.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(path: &Path) -> io::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(io::Error::other)?;
    }
    Ok(store)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(pem_error(path))?
        .collect::<Result<_, _>>()
        .map_err(pem_error(path))?;
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{}: no certificate in it", path.display())));
    }
    Ok(found)
}

fn private_key(path: &Path) -> io::Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(pem_error(path))
}

fn pem_error(path: &Path) -> impl Fn(pem::Error) -> io::Error + '_ {
    move |error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
}
