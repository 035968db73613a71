//! CQL, the query language of Cassandra 5.0: text → tokens → statement → text.
//!
//! [`ast`] is the syntax tree, which borrows from the text; [`lexer`] finds the tokens without allocation.
//!
//! The language is the one of Cassandra's `Lexer.g` and `Parser.g`, branch `cassandra-5.0`.

pub mod ast;
pub mod keyword;
pub mod lexer;

pub use ast::Statement;
