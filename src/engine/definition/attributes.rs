//! The properties of a WITH clause as texts and maps of texts (`PropertyDefinitions`).

use std::collections::BTreeMap;

use quorate_protocol::cql::ast::{Property, PropertyValue};

use crate::engine::error::EngineError;

/// Properties by name.
pub(super) struct Attributes<'a>(Vec<&'a Property<'a>>);

impl<'a> Attributes<'a> {
    pub(super) fn new(properties: impl IntoIterator<Item = &'a Property<'a>>) -> Self {
        Attributes(properties.into_iter().collect())
    }

    /// Refuses names that are not among these.
    pub(super) fn check_names(&self, known: &[&str]) -> Result<(), EngineError> {
        match self.0.iter().find(|property| !known.contains(&property.name.as_str())) {
            Some(unknown) => Err(EngineError::syntax(format!("Unknown property '{}'", unknown.name.as_str()))),
            None => Ok(()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, EngineError> {
        match self.value(name) {
            None => Ok(None),
            Some(PropertyValue::Constant(constant)) => Ok(Some(constant.raw_text())),
            Some(PropertyValue::Keyword(word)) => Ok(Some(word)),
            Some(PropertyValue::Map(_)) => {
                Err(EngineError::syntax(format!("Invalid value for property '{name}'. It should be a string")))
            }
        }
    }

    pub(super) fn map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, EngineError> {
        match self.value(name) {
            None => Ok(None),
            Some(PropertyValue::Map(entries)) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    if map.insert(key.raw_text().to_owned(), value.raw_text().to_owned()).is_some() {
                        let refusal = format!("Multiple definition for property {}", key.raw_text());
                        return Err(EngineError::syntax(refusal));
                    }
                }
                Ok(Some(map))
            }
            Some(_) => Err(EngineError::syntax(format!("Invalid value for property '{name}'. It should be a map."))),
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, EngineError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.to_lowercase().as_str() {
            "1" | "true" | "yes" => Ok(Some(true)),
            "0" | "false" | "no" => Ok(Some(false)),
            _ => Err(EngineError::syntax(format!(
                "Invalid boolean value {text} for '{name}'. Positive values can be '1', 'true' or 'yes'. \
                 Negative values can be '0', 'false' or 'no'."
            ))),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i32>, EngineError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(EngineError::syntax(format!("Invalid integer value {text} for '{name}'"))),
        }
    }

    pub(super) fn double(&self, name: &str) -> Result<Option<f64>, EngineError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(EngineError::syntax(format!("Invalid double value {text} for '{name}'"))),
        }
    }

    fn value(&self, name: &str) -> Option<&'a PropertyValue<'a>> {
        self.0.iter().find(|property| property.name.as_str() == name).map(|property| &property.value)
    }
}
