//! Types as CQL text: `frozen<map<text, int>>` (`CQL3Type`).

use std::fmt;
use std::sync::Arc;

use super::cursor::Cursor;
use super::{CqlType, MAX_TYPE_DEPTH, NativeType, TypeError, UserType};
use crate::cql::ast::Name;

/// Finds a user-defined type by its keyspace, where one is named, and its name, both unquoted.
pub type UserTypeLookup<'a> = dyn Fn(Option<&str>, &str) -> Option<Arc<UserType>> + 'a;

impl CqlType {
    /// Parses a type as `system_schema` and DDL write it.
    pub fn parse(text: &str, user_type: &UserTypeLookup<'_>) -> Result<Self, TypeError> {
        let mut parser = Parser { cursor: Cursor::new(text), user_type };
        let ty = parser.ty(0)?;
        parser.cursor.expect_end()?;
        Ok(ty)
    }
}

/// As `system_schema` and DESCRIBE show the type. User types are named without their keyspace.
impl fmt::Display for CqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frozen = |f: &mut fmt::Formatter<'_>, frozen: bool, body: fmt::Arguments<'_>| {
            if frozen { write!(f, "frozen<{body}>") } else { f.write_fmt(body) }
        };
        match self {
            CqlType::Native(native) => f.write_str(native.name()),
            CqlType::List { element, frozen: is } => frozen(f, *is, format_args!("list<{element}>")),
            CqlType::Set { element, frozen: is } => frozen(f, *is, format_args!("set<{element}>")),
            CqlType::Map { key, value, frozen: is } => frozen(f, *is, format_args!("map<{key}, {value}>")),
            CqlType::Udt { definition, frozen: is } => {
                frozen(f, *is, format_args!("{}", quote_identifier(&definition.name)))
            }
            CqlType::Vector { element, dimension } => write!(f, "vector<{element}, {dimension}>"),
            CqlType::Custom(class) => write!(f, "'{}'", class.replace('\'', "''")),
            CqlType::Tuple(elements) => {
                f.write_str("frozen<tuple<")?;
                for (index, element) in elements.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{element}")?;
                }
                f.write_str(">>")
            }
        }
    }
}

/// `name` as CQL text that means exactly it: in double quotes unless it is a lower-case identifier that is not reserved
/// (`ColumnIdentifier.maybeQuote`).
pub fn quote_identifier(name: &str) -> String {
    if Name::new(name).needs_quotes() { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    user_type: &'a UserTypeLookup<'a>,
}

impl<'a> Parser<'a> {
    fn ty(&mut self, depth: usize) -> Result<CqlType, TypeError> {
        if depth >= MAX_TYPE_DEPTH {
            return Err(TypeError::TooDeep);
        }
        self.cursor.skip_blanks();
        if self.cursor.peek() == Some(b'\'') {
            let class = self.quoted(b'\'')?;
            return CqlType::from_class_name_at(&class, depth);
        }
        let quoted = self.cursor.peek() == Some(b'"');
        let name = self.identifier()?;
        if self.cursor.accept(b'.') {
            let keyspace = name;
            let name = self.identifier()?;
            return self.user_type(Some(&keyspace), &name);
        }
        if quoted {
            return self.user_type(None, &name);
        }
        match name.as_str() {
            "list" => Ok(CqlType::list(self.only_parameter(depth)?)),
            "set" => Ok(CqlType::set(self.only_parameter(depth)?)),
            "frozen" => Ok(self.only_parameter(depth)?.freeze()),
            "map" => {
                self.cursor.expect(b'<')?;
                let key = self.ty(depth + 1)?;
                self.cursor.expect(b',')?;
                let value = self.ty(depth + 1)?;
                self.cursor.expect(b'>')?;
                Ok(CqlType::map(key, value))
            }
            "tuple" => {
                self.cursor.expect(b'<')?;
                let mut elements = vec![self.ty(depth + 1)?.freeze()];
                while self.cursor.accept(b',') {
                    elements.push(self.ty(depth + 1)?.freeze());
                }
                self.cursor.expect(b'>')?;
                Ok(CqlType::tuple(elements))
            }
            "vector" => {
                self.cursor.expect(b'<')?;
                let element = self.ty(depth + 1)?.freeze();
                self.cursor.expect(b',')?;
                let dimension = self.number()?;
                self.cursor.expect(b'>')?;
                CqlType::vector(element, dimension)
            }
            name => match NativeType::from_name(name) {
                Some(native) => Ok(CqlType::Native(native)),
                None => self.user_type(None, name),
            },
        }
    }

    fn user_type(&self, keyspace: Option<&str>, name: &str) -> Result<CqlType, TypeError> {
        match (self.user_type)(keyspace, name) {
            Some(definition) => Ok(CqlType::Udt { definition, frozen: false }),
            None => Err(TypeError::UnknownName(name.to_owned())),
        }
    }

    fn only_parameter(&mut self, depth: usize) -> Result<CqlType, TypeError> {
        self.cursor.expect(b'<')?;
        let parameter = self.ty(depth + 1)?;
        self.cursor.expect(b'>')?;
        Ok(parameter)
    }

    /// An identifier: folded to lower case unless quoted.
    fn identifier(&mut self) -> Result<String, TypeError> {
        self.cursor.skip_blanks();
        if self.cursor.peek() == Some(b'"') {
            return self.quoted(b'"');
        }
        Ok(self.word()?.to_ascii_lowercase())
    }

    fn number(&mut self) -> Result<u32, TypeError> {
        self.cursor.skip_blanks();
        self.word()?.parse().map_err(|_| TypeError::VectorDimension(i64::MAX))
    }

    fn word(&mut self) -> Result<&'a str, TypeError> {
        self.cursor.word(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    fn quoted(&mut self, quote: u8) -> Result<String, TypeError> {
        let start = self.cursor.position + 1;
        let mut end = start;
        let bytes = self.cursor.text.as_bytes();
        loop {
            match (bytes.get(end), bytes.get(end + 1)) {
                (Some(a), Some(b)) if *a == quote && *b == quote => end += 2,
                (Some(a), _) if *a == quote => break,
                (Some(_), _) => end += 1,
                (None, _) => return Err(TypeError::Truncated),
            }
        }
        self.cursor.position = end + 1;
        let quote = char::from(quote);
        let inner = self.cursor.text.get(start..end).unwrap_or_default();
        Ok(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_type;
    use super::*;

    fn no_user_types(_: Option<&str>, _: &str) -> Option<Arc<UserType>> {
        None
    }

    fn contains_user_type(ty: &CqlType) -> bool {
        ty.class_name().contains("UserType")
    }

    proptest! {
        #[test]
        fn the_text_of_a_type_parses_back(ty in any_type()) {
            prop_assume!(!contains_user_type(&ty));
            let parsed = CqlType::parse(&ty.to_string(), &no_user_types).unwrap();
            prop_assert!(parsed.has_same_values_as(&ty));
            let frozen = ty.freeze();
            prop_assert_eq!(CqlType::parse(&frozen.to_string(), &no_user_types), Ok(frozen));
        }

        #[test]
        fn hostile_text_never_panics(text in "[a-z<>,'\". ]{0,40}|(list<|tuple<|frozen<){0,60}") {
            let _ = CqlType::parse(&text, &no_user_types);
        }
    }

    #[test]
    fn user_types_are_looked_up_by_their_unquoted_name() {
        let address = Arc::new(UserType {
            keyspace: "ks".into(),
            name: "My Type".into(),
            fields: vec![("street".into(), NativeType::Text.into())],
        });
        let lookup = |_: Option<&str>, name: &str| (name == "My Type").then(|| Arc::clone(&address));
        let ty = CqlType::parse("LIST<frozen<\"My Type\">>", &lookup).unwrap();
        assert_eq!(ty.to_string(), "list<frozen<\"My Type\">>");
        assert_eq!(CqlType::parse("mytype", &lookup), Err(TypeError::UnknownName("mytype".into())));
    }

    #[test]
    fn varchar_is_text() {
        assert_eq!(CqlType::parse("VarChar", &no_user_types), Ok(NativeType::Text.into()));
    }
}
