//! Every native type as bytes, and bytes as every native type (`BytesConversionFcts`).

use bytes::Bytes;
use quorate_protocol::value::{NativeType, Value};

use super::{Function, serialized};
use crate::engine::error::EngineError;

pub(super) fn overloads(name: &str) -> Option<Vec<Function>> {
    let native = |type_name: &str| NativeType::from_name(type_name).filter(|native| *native != NativeType::Blob);
    let from_blob = name.strip_prefix("blob_as_").or_else(|| name.strip_prefix("blobas"));
    if let Some(to) = from_blob.and_then(native) {
        return Some(vec![serialized(name, vec![NativeType::Blob.into()], to, from_bytes)]);
    }
    let to_blob = name.strip_suffix("_as_blob").or_else(|| name.strip_suffix("asblob"));
    let from = to_blob.and_then(native)?;
    Some(vec![serialized(name, vec![from.into()], NativeType::Blob, |_, arguments| {
        Ok(arguments.first().cloned().flatten())
    })])
}

fn from_bytes(function: &Function, arguments: &[Option<Bytes>]) -> Result<Option<Bytes>, EngineError> {
    let Some(Some(bytes)) = arguments.first() else { return Ok(None) };
    if Value::decode(&function.returns, bytes).is_err() {
        let hex = Value::Blob(bytes.to_vec()).to_literal(&NativeType::Blob.into());
        return Err(EngineError::invalid(format!(
            "In call to function system.{}, value {hex} is not a valid binary representation for type {}",
            function.name, function.returns
        )));
    }
    Ok(Some(bytes.clone()))
}
