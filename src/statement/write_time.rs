//! The write time that a statement itself gives.

use quorate_protocol::cql::ast::{Constant, Term, Using};

/// What stands after `USING TIMESTAMP`, in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WriteTime {
    /// A number.
    Literal(i64),
    /// A bind value.
    Bound {
        /// How many markers stand before it.
        position: u16,
        /// The name in `:name`.
        name: Option<Box<str>>,
    },
}

impl WriteTime {
    /// `None` for what no store takes as a write time.
    pub(super) fn of(term: &Term<'_>) -> Option<Self> {
        match term {
            Term::Constant(Constant::Integer(number)) => number.parse().ok().map(Self::Literal),
            Term::Marker(marker) => Some(Self::Bound {
                position: marker.position,
                name: marker.name.as_ref().map(|name| name.as_str().into()),
            }),
            _ => None,
        }
    }

    /// Those in `USING …`.
    pub(super) fn of_using<'u>(using: &'u [Using<'_>]) -> impl Iterator<Item = Self> + 'u {
        using.iter().filter_map(|attribute| match attribute {
            Using::Timestamp(term) => Self::of(term),
            Using::Ttl(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use super::*;

    #[test]
    fn markers_are_counted_through_the_whole_batch() {
        let statement = Statement::analyse(
            "BEGIN BATCH INSERT INTO t (k) VALUES (?) USING TIMESTAMP ?; \
             UPDATE t USING TIMESTAMP :Then SET v = ? WHERE k = 1; DELETE FROM t USING TIMESTAMP 9 WHERE k = ? APPLY BATCH",
        );
        let bound = |position, name: Option<&str>| WriteTime::Bound { position, name: name.map(Into::into) };
        assert_eq!(*statement.write_times, [bound(1, None), bound(2, Some("then")), WriteTime::Literal(9)]);
    }
}
