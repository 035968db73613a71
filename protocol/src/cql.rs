//! CQL, the query language of Cassandra 5.0: text → tokens → statement → text.
//!
//! [`parse`] reads one statement into a tree that borrows from the text ([`ast`]); the tree's `Display` prints CQL again, and
//! parsing what was printed gives the same tree. [`lexer`] finds the tokens without allocation.
//!
//! The language is the one of Cassandra's `Lexer.g` and `Parser.g`, branch `cassandra-5.0`.

pub mod ast;
mod error;
mod grammar;
pub mod keyword;
pub mod lexer;
mod print;

pub use ast::Statement;
pub use error::{SyntaxError, SyntaxErrorKind};
pub use grammar::{DEPTH_MAX, MARKERS_MAX, parse};
