//! Types as Cassandra's marshal class names, such as
//! `org.apache.cassandra.db.marshal.MapType(org.apache.cassandra.db.marshal.UTF8Type,…)` (`TypeParser`).

use std::fmt::Write;
use std::sync::Arc;

use super::cursor::Cursor;
use super::{CqlType, MAX_TYPE_DEPTH, NativeType, TypeError, UserType};

const PACKAGE: &str = "org.apache.cassandra.db.marshal.";

impl CqlType {
    /// The type of a marshal class name, with or without its package. A class that is none of Cassandra's own CQL types
    /// becomes [`CqlType::Custom`]; `ReversedType(x)` is `x`: order is the column's business, not the type's.
    pub fn from_class_name(name: &str) -> Result<Self, TypeError> {
        Self::from_class_name_at(name, 0)
    }

    /// As [`CqlType::from_class_name`], for a name found `depth` levels deep in another type.
    pub(super) fn from_class_name_at(name: &str, depth: usize) -> Result<Self, TypeError> {
        let mut parser = Parser(Cursor::new(name));
        let ty = parser.class(depth)?;
        parser.0.expect_end()?;
        Ok(ty)
    }

    /// The marshal class name, with its package, as `AbstractType.toString` writes it. Frozen collections and user types
    /// are wrapped in `FrozenType`, unless they sit in one already.
    pub fn class_name(&self) -> String {
        let mut out = String::new();
        write_class(self, false, &mut out);
        out
    }
}

fn write_class(ty: &CqlType, in_frozen: bool, out: &mut String) {
    let frozen = !in_frozen
        && matches!(
            ty,
            CqlType::List { frozen: true, .. }
                | CqlType::Set { frozen: true, .. }
                | CqlType::Map { frozen: true, .. }
                | CqlType::Udt { frozen: true, .. }
        );
    if frozen {
        out.push_str(PACKAGE);
        out.push_str("FrozenType(");
    }
    let inside = in_frozen || frozen;
    match ty {
        CqlType::Native(native) => {
            out.push_str(PACKAGE);
            out.push_str(native.class_name());
        }
        CqlType::List { element, .. } => write_call("ListType", [element.as_ref()], inside, out),
        CqlType::Set { element, .. } => write_call("SetType", [element.as_ref()], inside, out),
        CqlType::Map { key, value, .. } => write_call("MapType", [key.as_ref(), value.as_ref()], inside, out),
        CqlType::Tuple(elements) => write_call("TupleType", elements.iter(), inside, out),
        CqlType::Vector { element, dimension } => {
            let _ = write!(out, "{PACKAGE}VectorType(");
            write_class(element, inside, out);
            let _ = write!(out, " , {dimension})");
        }
        CqlType::Udt { definition, .. } => write_user_type(definition, inside, out),
        CqlType::Custom(class) => out.push_str(class),
    }
    if frozen {
        out.push(')');
    }
}

fn write_call<'a>(class: &str, elements: impl IntoIterator<Item = &'a CqlType>, inside: bool, out: &mut String) {
    let _ = write!(out, "{PACKAGE}{class}(");
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_class(element, inside, out);
    }
    out.push(')');
}

fn write_user_type(definition: &UserType, inside: bool, out: &mut String) {
    let _ = write!(out, "{PACKAGE}UserType({},", definition.keyspace);
    write_hex(&definition.name, out);
    for (name, ty) in &definition.fields {
        out.push(',');
        write_hex(name, out);
        out.push(':');
        write_class(ty, inside, out);
    }
    out.push(')');
}

fn write_hex(text: &str, out: &mut String) {
    for byte in text.bytes() {
        let _ = write!(out, "{byte:02x}");
    }
}

struct Parser<'a>(Cursor<'a>);

impl<'a> Parser<'a> {
    fn class(&mut self, depth: usize) -> Result<CqlType, TypeError> {
        if depth >= MAX_TYPE_DEPTH {
            return Err(TypeError::TooDeep);
        }
        self.0.skip_blanks();
        let start = self.0.position;
        let name = self.word()?;
        let class = name.strip_prefix(PACKAGE).unwrap_or(name);
        Ok(match class {
            "ListType" => CqlType::list(self.only_parameter(depth)?),
            "SetType" => CqlType::set(self.only_parameter(depth)?),
            "FrozenType" => self.only_parameter(depth)?.freeze(),
            "ReversedType" => self.only_parameter(depth)?,
            "MapType" => {
                self.0.expect(b'(')?;
                let key = self.class(depth + 1)?;
                self.0.expect(b',')?;
                let value = self.class(depth + 1)?;
                self.0.expect(b')')?;
                CqlType::map(key, value)
            }
            "TupleType" => {
                self.0.expect(b'(')?;
                let mut elements = vec![self.class(depth + 1)?];
                while self.0.accept(b',') {
                    elements.push(self.class(depth + 1)?);
                }
                self.0.expect(b')')?;
                CqlType::tuple(elements)
            }
            "VectorType" => {
                self.0.expect(b'(')?;
                let element = self.class(depth + 1)?;
                self.0.expect(b',')?;
                let dimension = self.word()?.parse().map_err(|_| TypeError::VectorDimension(i64::MAX))?;
                self.0.expect(b')')?;
                CqlType::vector(element, dimension)?
            }
            "UserType" => self.user_type(depth)?,
            class => match NativeType::from_class_name(class) {
                Some(native) => CqlType::Native(native),
                None => {
                    self.skip_parameters()?;
                    CqlType::Custom(Arc::from(self.0.text.get(start..self.0.position).unwrap_or(name)))
                }
            },
        })
    }

    fn user_type(&mut self, depth: usize) -> Result<CqlType, TypeError> {
        self.0.expect(b'(')?;
        let keyspace = self.word()?.to_owned();
        self.0.expect(b',')?;
        let name = self.hex_word()?;
        let mut fields = Vec::new();
        while self.0.accept(b',') {
            let field = self.hex_word()?;
            self.0.expect(b':')?;
            fields.push((field, self.class(depth + 1)?));
        }
        self.0.expect(b')')?;
        Ok(CqlType::Udt { definition: Arc::new(UserType { keyspace, name, fields }), frozen: false })
    }

    fn only_parameter(&mut self, depth: usize) -> Result<CqlType, TypeError> {
        self.0.expect(b'(')?;
        let parameter = self.class(depth + 1)?;
        self.0.expect(b')')?;
        Ok(parameter)
    }

    /// Steps over the balanced parentheses of a class that is not ours to understand.
    fn skip_parameters(&mut self) -> Result<(), TypeError> {
        if self.0.peek() != Some(b'(') {
            return Ok(());
        }
        let mut open = 0_usize;
        while let Some(byte) = self.0.peek() {
            self.0.position += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                return Ok(());
            }
        }
        Err(TypeError::Truncated)
    }

    fn hex_word(&mut self) -> Result<String, TypeError> {
        let digits = self.word()?;
        let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
        let decoded = pairs.iter().map(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?));
        match (decoded.collect::<Option<Vec<u8>>>(), odd) {
            (Some(bytes), []) => String::from_utf8(bytes).map_err(|_| TypeError::InvalidUtf8),
            _ => Err(self.0.error()),
        }
    }

    /// A run of the characters that class names, keyspaces and numbers are made of (`TypeParser.isIdentifierChar`).
    fn word(&mut self) -> Result<&'a str, TypeError> {
        self.0.word(|byte| byte.is_ascii_alphanumeric() || b"-+._&$".contains(&byte))
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::any_type;
    use super::*;

    proptest! {
        #[test]
        fn a_class_name_round_trips(ty in any_type()) {
            prop_assert_eq!(CqlType::from_class_name(&ty.class_name()), Ok(ty.clone()));
            let frozen = ty.freeze();
            prop_assert!(CqlType::from_class_name(&frozen.class_name()).unwrap().has_same_values_as(&frozen));
        }

        #[test]
        fn hostile_class_names_never_panic(name in "[a-zA-Z(),:. ]{0,40}|(ListType\\(|TupleType\\(|UserType\\(){0,50}") {
            let _ = CqlType::from_class_name(&name);
        }
    }

    #[test]
    fn cassandras_own_spelling_of_a_vector_is_understood() {
        let name = "org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , 3)";
        let vector = CqlType::vector(NativeType::Float, 3).unwrap();
        assert_eq!(CqlType::from_class_name(name), Ok(vector.clone()));
        assert_eq!(vector.class_name(), name);
    }

    #[test]
    fn an_unknown_class_keeps_its_parameters() {
        let name = "com.example.Shape(UTF8Type,Other(1))";
        assert_eq!(CqlType::from_class_name(name), Ok(CqlType::Custom(name.into())));
        assert_eq!(
            CqlType::from_class_name(&format!("ListType({name})")),
            Ok(CqlType::list(CqlType::Custom(name.into())))
        );
    }

    #[test]
    fn only_the_outermost_frozen_is_written() {
        let ty = CqlType::list(CqlType::set(NativeType::Int)).freeze();
        assert_eq!(ty.class_name().replace(PACKAGE, ""), "FrozenType(ListType(SetType(Int32Type)))");
    }
}
