//! USING TIMESTAMP and TTL (`org.apache.cassandra.cql3.Attributes`).

use quorate_protocol::cql::ast::{Term, Using};
use quorate_protocol::value::NativeType;

use super::arguments::{Arguments, Given};
use super::context::WriteContext;
use crate::engine::bind::Receiver;
use crate::engine::compile::{Compiler, Operand};
use crate::engine::error::EngineError;
use crate::engine::expression::Expression;
use crate::engine::schema::TableDefinition;

/// The largest TTL: 20 years.
const TTL_MAX_SECONDS: i32 = 20 * 365 * 24 * 60 * 60;

/// The last second that an expiry may lie in, unless Cassandra 5.0 gives up being compatible with 4
/// (`Cell.MAX_DELETION_TIME_2038_LEGACY_CAP`).
const EXPIRY_MAX_SECONDS: i64 = i32::MAX as i64 - 1;

/// What USING says.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) timestamp: Option<Expression>,
    pub(super) ttl: Option<Expression>,
}

impl Attributes {
    /// Compiles a USING clause; of two equal attributes the last counts.
    pub(super) fn compile(using: &[Using<'_>], compiler: &mut Compiler<'_>) -> Result<Self, EngineError> {
        let mut attributes = Attributes::default();
        for attribute in using {
            match attribute {
                Using::Timestamp(term) => attributes.timestamp = Some(timestamp(term, compiler)?),
                Using::Ttl(term) => {
                    attributes.ttl = Some(term.compile(compiler, &Receiver::new("[ttl]", NativeType::Int))?);
                }
            }
        }
        Ok(attributes)
    }

    /// Compiles the timestamp of a DELETE, which has no TTL.
    pub(super) fn of_timestamp(term: Option<&Term<'_>>, compiler: &mut Compiler<'_>) -> Result<Self, EngineError> {
        let timestamp = term.map(|term| timestamp(term, compiler)).transpose()?;
        Ok(Attributes { timestamp, ttl: None })
    }

    /// The write time: as the statement says, or else `default`.
    pub(super) fn timestamp(
        &self,
        default: i64,
        arguments: &Arguments,
        context: &mut WriteContext<'_>,
    ) -> Result<i64, EngineError> {
        let Some(expression) = &self.timestamp else { return Ok(default) };
        match arguments.evaluate(expression, context.environment)? {
            Given::Unset => Ok(default),
            Given::Null => Err(EngineError::invalid("Invalid null value of timestamp")),
            Given::Value(bytes) => match <[u8; 8]>::try_from(bytes.as_ref()).map(i64::from_be_bytes) {
                Ok(i64::MIN) => Err(EngineError::invalid(format!(
                    "Out of bound timestamp, must be in [{}, {}]",
                    i64::MIN + 1,
                    i64::MAX
                ))),
                Ok(timestamp) => Ok(timestamp),
                Err(_) => Err(EngineError::invalid("Invalid empty value of timestamp")),
            },
        }
    }

    /// The TTL in seconds: as the statement says, or else the table's; zero is none.
    pub(super) fn ttl_seconds(
        &self,
        definition: &TableDefinition,
        arguments: &Arguments,
        context: &mut WriteContext<'_>,
    ) -> Result<u32, EngineError> {
        let default = definition.options.default_time_to_live_seconds;
        let given = match &self.ttl {
            None => Given::Unset,
            Some(expression) => arguments.evaluate(expression, context.environment)?,
        };
        let ttl = match given {
            Given::Unset => default,
            Given::Null => 0,
            Given::Value(bytes) => match <[u8; 4]>::try_from(bytes.as_ref()).map(i32::from_be_bytes) {
                Err(_) => 0,
                Ok(ttl) if ttl > TTL_MAX_SECONDS => {
                    let message = format!("ttl is too large. requested ({ttl}) maximum ({TTL_MAX_SECONDS})");
                    return Err(EngineError::invalid(message));
                }
                Ok(ttl) => u32::try_from(ttl)
                    .map_err(|_| EngineError::invalid(format!("A TTL must be greater or equal to 0, but was {ttl}")))?,
            },
        };
        if context.now_seconds.saturating_add(i64::from(ttl)) > EXPIRY_MAX_SECONDS {
            let spec = definition.table.spec();
            return Err(EngineError::invalid(format!(
                "Request on table {}.{} with {}ttl of {ttl} seconds exceeds maximum supported expiration date of \
                 2038-01-19T03:14:06+00:00. In order to avoid this use a lower TTL, change the expiration date overflow \
                 policy or upgrade to a version where this limitation is fixed. See CASSANDRA-14092 and CASSANDRA-14227 \
                 for more details.",
                spec.keyspace,
                spec.table,
                if self.ttl.is_none() { "default " } else { "" },
            )));
        }
        Ok(ttl)
    }
}

fn timestamp(term: &Term<'_>, compiler: &mut Compiler<'_>) -> Result<Expression, EngineError> {
    term.compile(compiler, &Receiver::new("[timestamp]", NativeType::BigInt))
}
