//! Messages: what is in an envelope.
//!
//! [`RequestMessage`] and [`ResponseMessage`] are whole messages, decoded and encoded field by field. The [`view`]s
//! read only what routing a message needs, without allocating, and [`patch`] forwards it with some of its fields
//! changed, in place where their length allows.
//!
//! Source: `native_protocol_v{3,4,5}.spec`, section 4.

mod batch_type;
mod consistency;
mod error_code;
mod parameters;
pub mod patch;
mod payload;
mod query_flags;
pub mod request;
pub mod response;
pub mod view;
mod write_type;

pub use batch_type::BatchType;
pub use consistency::{Consistency, SerialConsistency};
pub use error_code::ErrorCode;
pub use payload::CustomPayload;
pub use query_flags::QueryFlags;
pub use request::{Request, RequestMessage};
pub use response::{Response, ResponseMessage};
pub use write_type::WriteType;
