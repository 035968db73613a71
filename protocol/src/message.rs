//! Messages: what is in an envelope.
//!
//! The [`view`]s read of a message only what routing it needs, without allocating, and [`patch`] forwards it with some
//! of its fields changed, in place where their length allows.
//!
//! Source: `native_protocol_v{3,4,5}.spec`, section 4.

mod batch_type;
mod consistency;
mod error_code;
pub mod patch;
mod query_flags;
pub mod view;
mod write_type;

pub use batch_type::BatchType;
pub use consistency::{Consistency, SerialConsistency};
pub use error_code::ErrorCode;
pub use query_flags::QueryFlags;
pub use write_type::WriteType;
