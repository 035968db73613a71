//! `WITH name = value AND …`

use super::{Constant, Name};

/// The properties of a WITH clause.
pub type Properties<'a> = Vec<Property<'a>>;

/// One property.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Property<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Its value.
    pub value: PropertyValue<'a>,
}

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PropertyValue<'a> {
    /// A constant.
    Constant(Constant<'a>),
    /// An unreserved keyword, taken as a string, in the case it was written.
    Keyword(&'a str),
    /// `{'class': 'SimpleStrategy', 'replication_factor': 1}`
    Map(Vec<(Constant<'a>, Constant<'a>)>),
}
