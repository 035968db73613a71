//! WRITETIME, MAXWRITETIME and TTL (`Selectable.WritetimeOrTTL`).

use quorate_protocol::cql::ast::{Selector, Term, WritetimeKind};
use quorate_protocol::value::{CqlType, NativeType};

use super::{Compiler, Operand};
use crate::engine::error::EngineError;
use crate::engine::expression::{Expression, Typed};
use crate::engine::stamp::{Stamp, Step};

impl Compiler<'_> {
    /// What is asked of cells stands behind the cells of the columns, where there are any such cells.
    pub(super) fn writetime(&mut self, kind: WritetimeKind, of: &Selector<'_>) -> Result<Typed, EngineError> {
        let mut steps = Vec::new();
        let (column, cql_type) = self.column_below(of, &mut steps)?;
        let Some(table) = self.table else {
            return Err(EngineError::invalid("writetime and ttl are of columns only"));
        };
        if table.is_key(column) {
            let function = match kind {
                WritetimeKind::Writetime => "writetime",
                WritetimeKind::MaxWritetime => "maxwritetime",
                WritetimeKind::Ttl => "ttl",
            };
            let name = table.columns().get(column).map_or("", |column| column.name.as_str());
            return Err(EngineError::invalid(format!(
                "Cannot use selection function {function} on PRIMARY KEY part {name}"
            )));
        }
        let native: CqlType = if kind == WritetimeKind::Ttl { NativeType::Int } else { NativeType::BigInt }.into();
        let is_of_many = self.selector(of)?.cql_type.is_multi_cell() && kind != WritetimeKind::MaxWritetime;
        let place = table.columns().len() + self.stamps.len();
        self.stamps.push(Stamp { kind, column, cql_type, steps });
        let cql_type = if is_of_many { CqlType::list(native) } else { native };
        Ok(Typed { expression: Expression::Column(place), cql_type })
    }

    /// The column that a value is taken out of, and how.
    fn column_below(
        &mut self,
        selector: &Selector<'_>,
        steps: &mut Vec<Step>,
    ) -> Result<(usize, CqlType), EngineError> {
        match selector {
            Selector::Column(name) => self.column(name.as_str()),
            Selector::Field(of, _) => {
                let found = self.column_below(of, steps)?;
                if let Expression::Field(_, index) = self.selector(selector)?.expression {
                    steps.push(Step::Field(index));
                }
                Ok(found)
            }
            Selector::Element(pair) => {
                let found = self.column_below(&pair.0, steps)?;
                let (_, key) = self.addressed(&pair.0, "element")?;
                steps.push(Step::Element(pair.1.compile(self, &key)?));
                Ok(found)
            }
            Selector::Slice(parts) => {
                let found = self.column_below(&parts.0, steps)?;
                let (_, key) = self.addressed(&parts.0, "slice")?;
                let mut bound =
                    |bound: &Option<Term<'_>>| bound.as_ref().map(|term| term.compile(self, &key)).transpose();
                let (from, to) = (bound(&parts.1)?, bound(&parts.2)?);
                steps.push(Step::Slice(from, to));
                Ok(found)
            }
            _ => Err(EngineError::invalid("writetime and ttl are of columns only")),
        }
    }
}
