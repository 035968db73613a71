//! The files that a configuration names: read, or checked, while it is validated.

use std::path::{Path, PathBuf};

use rustls_pemfile::Item;

use super::secret::Secret;
use super::section::Section;

/// No secret is longer: a larger file is the wrong file.
const SECRET_MAX_BYTES: usize = 4096;
/// A shorter secret could be guessed.
const SECRET_MIN_BYTES: usize = 16;

/// The text of a password file, without the line end.
pub(super) fn password(section: &mut Section<'_>, key: &str, path: &Path) -> Option<Secret> {
    let text = small_text(section, key, path)?;
    if text.is_empty() {
        section.refuse(key, format!("{} is empty", path.display()));
    }
    Some(Secret::new(text))
}

/// A secret that authenticates what proxies hand out.
pub(super) fn secret(section: &mut Section<'_>, key: &str, path: &Path) -> Option<Secret> {
    let text = small_text(section, key, path)?;
    if text.len() < SECRET_MIN_BYTES {
        section.refuse(key, format!("{} must hold at least {SECRET_MIN_BYTES} bytes", path.display()));
    }
    Some(Secret::new(text))
}

/// The file under `key`, which must hold at least one PEM certificate.
pub(super) fn certificates(section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    pem(section, key, "certificate", |item| matches!(item, Item::X509Certificate(_)))
}

/// The file under `key`, which must hold a PEM private key.
pub(super) fn private_key(section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
    pem(section, key, "private key", |item| matches!(item, Item::Pkcs1Key(_) | Item::Pkcs8Key(_) | Item::Sec1Key(_)))
}

fn pem(section: &mut Section<'_>, key: &'static str, what: &str, wanted: impl Fn(&Item) -> bool) -> Option<PathBuf> {
    let written = section.optional::<PathBuf>(key)?;
    let path = section.resolve(&written);
    let bytes = read(section, key, &path)?;
    if !rustls_pemfile::read_all(&mut bytes.as_slice()).any(|item| item.is_ok_and(|item| wanted(&item))) {
        section.refuse(key, format!("{} holds no {what} in PEM form", path.display()));
        return None;
    }
    Some(path)
}

fn small_text(section: &mut Section<'_>, key: &str, path: &Path) -> Option<String> {
    let path = section.resolve(path);
    let bytes = read(section, key, &path)?;
    match String::from_utf8(bytes) {
        Ok(text) if text.len() <= SECRET_MAX_BYTES => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        _ => {
            section.refuse(key, format!("{} must be a text of at most {SECRET_MAX_BYTES} bytes", path.display()));
            None
        }
    }
}

fn read(section: &mut Section<'_>, key: &str, path: &Path) -> Option<Vec<u8>> {
    match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            section.refuse(key, format!("{} cannot be read: {error}", path.display()));
            None
        }
    }
}
