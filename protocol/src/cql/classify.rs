//! What a statement is about, by its tokens alone: for texts with constants in them, which are seen once and not worth a tree.

use super::ast::Name;
use super::keyword::Keyword;
use super::lexer::{Lexer, Token, TokenKind};

/// The kind of a statement, by its first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// BEGIN … BATCH
    Batch,
    /// USE
    Use,
    /// TRUNCATE
    Truncate,
    /// CREATE, ALTER and DROP of keyspaces, tables, types, indexes, views, triggers, functions and aggregates
    Schema,
    /// CREATE, ALTER and DROP of roles, users and identities; ADD IDENTITY, GRANT, REVOKE
    Role,
    /// LIST
    List,
    /// DESCRIBE
    Describe,
    /// No statement, or one that is not known here.
    Unknown,
}

/// What is visible of a statement without parsing it. Of a text that is no statement it means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification<'a> {
    /// The kind of statement.
    pub kind: StatementKind,
    /// The keyspace that qualifies the table, or the one of USE.
    pub keyspace: Option<Name<'a>>,
    /// The table of a SELECT, INSERT, UPDATE, DELETE or TRUNCATE; of a batch, that of its first statement.
    pub table: Option<Name<'a>>,
    /// Whether there is a condition: `IF …`, in a batch of any statement, or `IF EXISTS` of a schema change.
    pub conditional: bool,
    /// Whether a function may be called, other than `token`, `count`, `cast`, `writetime`, `maxwritetime` and `ttl`. Where it
    /// says no, none is.
    pub may_call_functions: bool,
    /// Whether something may be computed: there is `+`, `-`, `*`, `/`, `%`, `+=` or `-=`, or a negative number behind a name.
    pub may_compute: bool,
    /// How many bind markers there are. It may be wrong for maps in a selection (`SELECT {f(a): b}`), never elsewhere.
    pub markers: u16,
    /// Whether the text is made of tokens up to its end. If not, no more than its first tokens were looked at.
    pub complete: bool,
}

/// Classifies a statement by its tokens.
///
/// It does not check anything: a text that [`super::parse`] refuses is classified as well, somehow.
pub fn classify(text: &str) -> Classification<'_> {
    let mut classifier = Classifier::new(text);
    for token in Lexer::new(text) {
        match token {
            Ok(token) if token.kind == TokenKind::End => classifier.result.complete = true,
            Ok(token) => classifier.see(token),
            Err(_) => break,
        }
    }
    classifier.result
}

struct Classifier<'a> {
    text: &'a str,
    result: Classification<'a>,
    /// The token before this one, and the one before that.
    previous: TokenKind,
    before_previous: TokenKind,
    seeks: Seeks,
    /// How many braces are open.
    braces: u32,
    /// What may still become a marker.
    hinted: Hinted,
}

/// `(type) :name` in braces, which a key in parentheses resembles: `{(1): f(2)}`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hinted {
    /// The colon behind the parenthesis was seen.
    Colon,
    /// And a name behind that: of a marker, unless a call follows.
    Name,
    Nothing,
}

/// What of the table's name is still sought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seeks {
    /// The first word of the statement.
    Kind,
    /// The second.
    Object,
    /// The word before the name.
    Preposition(Keyword),
    /// The name, or the keyspace that qualifies it.
    Name,
    /// A dot, if it was the keyspace.
    Dot,
    /// The name behind the dot.
    Table,
    Nothing,
}

impl<'a> Classifier<'a> {
    fn new(text: &'a str) -> Self {
        let result = Classification {
            kind: StatementKind::Unknown,
            keyspace: None,
            table: None,
            conditional: false,
            may_call_functions: false,
            may_compute: false,
            markers: 0,
            complete: false,
        };
        Self {
            text,
            result,
            previous: TokenKind::End,
            before_previous: TokenKind::End,
            seeks: Seeks::Kind,
            hinted: Hinted::Nothing,
            braces: 0,
        }
    }

    #[inline]
    fn see(&mut self, token: Token) {
        let kind = token.kind;
        let named = self.seeks == Seeks::Dot;
        if self.seeks != Seeks::Nothing {
            self.seek(token);
        }
        if self.hinted != Hinted::Nothing {
            self.see_behind_hint(kind);
        }
        match kind {
            TokenKind::Question => self.count_marker(),
            TokenKind::Colon if self.braces > 0 && self.previous == TokenKind::ParenthesisClose => {
                self.hinted = Hinted::Colon;
            }
            TokenKind::Colon if self.braces == 0 || !ends_key(self.previous) => self.count_marker(),
            TokenKind::BraceOpen => self.braces += 1,
            TokenKind::BraceClose => self.braces = self.braces.saturating_sub(1),
            TokenKind::Keyword(Keyword::If) => self.result.conditional = true,
            // `INSERT INTO table (…)` is no call.
            TokenKind::ParenthesisOpen if names_function(self.previous) && !named => {
                self.result.may_call_functions = true;
            }
            TokenKind::Star => {
                let all =
                    matches!(self.previous, TokenKind::Keyword(Keyword::Select | Keyword::Distinct | Keyword::Json))
                        || self.before_previous == TokenKind::Keyword(Keyword::Count);
                self.result.may_compute |= !all;
            }
            TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Slash
            | TokenKind::Percent
            | TokenKind::PlusEqual
            | TokenKind::MinusEqual => self.result.may_compute = true,
            TokenKind::Integer if is_name(self.previous) && token.text(self.text).starts_with('-') => {
                self.result.may_compute = true;
            }
            _ => {}
        }
        self.before_previous = self.previous;
        self.previous = kind;
    }

    fn see_behind_hint(&mut self, kind: TokenKind) {
        self.hinted = match self.hinted {
            Hinted::Colon if is_name(kind) => Hinted::Name,
            Hinted::Name if !matches!(kind, TokenKind::ParenthesisOpen | TokenKind::Dot) => {
                self.count_marker();
                Hinted::Nothing
            }
            _ => Hinted::Nothing,
        };
    }

    fn count_marker(&mut self) {
        self.result.markers = self.result.markers.saturating_add(1);
    }

    fn seek(&mut self, token: Token) {
        self.seeks = match (self.seeks, token.kind) {
            (Seeks::Kind, TokenKind::Keyword(first)) => self.first_word(first),
            (Seeks::Object, TokenKind::Keyword(Keyword::Custom | Keyword::Or | Keyword::Replace)) => Seeks::Object,
            (Seeks::Object, TokenKind::Keyword(Keyword::Role | Keyword::User | Keyword::Identity)) => {
                self.result.kind = StatementKind::Role;
                Seeks::Nothing
            }
            (
                Seeks::Preposition(_),
                TokenKind::Keyword(word @ (Keyword::Insert | Keyword::Update | Keyword::Delete)),
            ) => preposition(word),
            (Seeks::Preposition(word), TokenKind::Keyword(found)) if word == found => Seeks::Name,
            (Seeks::Preposition(word), _) => Seeks::Preposition(word),
            // TRUNCATE TABLE
            (Seeks::Name, TokenKind::Keyword(Keyword::Table)) => Seeks::Name,
            (Seeks::Name, kind) if is_name(kind) => {
                let name = Some(self.name(token));
                if self.result.kind == StatementKind::Use {
                    self.result.keyspace = name;
                    Seeks::Nothing
                } else {
                    self.result.table = name;
                    Seeks::Dot
                }
            }
            (Seeks::Dot, TokenKind::Dot) => Seeks::Table,
            (Seeks::Table, kind) if is_name(kind) => {
                self.result.keyspace = self.result.table.take();
                self.result.table = Some(self.name(token));
                Seeks::Dot
            }
            _ => Seeks::Nothing,
        };
    }

    /// The kind, and what to seek next.
    fn first_word(&mut self, first: Keyword) -> Seeks {
        let (kind, seeks) = match first {
            Keyword::Select => (StatementKind::Select, preposition(first)),
            Keyword::Insert => (StatementKind::Insert, preposition(first)),
            Keyword::Update => (StatementKind::Update, preposition(first)),
            Keyword::Delete => (StatementKind::Delete, preposition(first)),
            Keyword::Begin => (StatementKind::Batch, Seeks::Preposition(Keyword::Apply)),
            Keyword::Use => (StatementKind::Use, Seeks::Name),
            Keyword::Truncate => (StatementKind::Truncate, Seeks::Name),
            Keyword::Create | Keyword::Alter | Keyword::Drop => (StatementKind::Schema, Seeks::Object),
            Keyword::Grant | Keyword::Revoke | Keyword::Add => (StatementKind::Role, Seeks::Nothing),
            Keyword::List => (StatementKind::List, Seeks::Nothing),
            Keyword::Describe | Keyword::Desc => (StatementKind::Describe, Seeks::Nothing),
            _ => (StatementKind::Unknown, Seeks::Nothing),
        };
        self.result.kind = kind;
        seeks
    }

    fn name(&self, token: Token) -> Name<'a> {
        let text = token.text(self.text);
        match token.kind {
            TokenKind::QuotedName => Name::quoted(text),
            _ => Name::unquoted(text),
        }
    }
}

/// What stands before the table's name in such a statement.
fn preposition(statement: Keyword) -> Seeks {
    match statement {
        Keyword::Insert => Seeks::Preposition(Keyword::Into),
        Keyword::Update => Seeks::Name,
        _ => Seeks::Preposition(Keyword::From),
    }
}

fn is_name(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Identifier | TokenKind::QuotedName => true,
        TokenKind::Keyword(keyword) => !keyword.is_reserved(),
        _ => false,
    }
}

/// Whether the token before a parenthesis may be the name of a function (that somebody defined, or that is not always the
/// same).
fn names_function(kind: TokenKind) -> bool {
    match kind {
        TokenKind::Identifier | TokenKind::QuotedName => true,
        TokenKind::Keyword(Keyword::Token | Keyword::Count | Keyword::Values) => false,
        TokenKind::Keyword(keyword) => keyword.may_name_function(),
        _ => false,
    }
}

/// Whether what stands before a colon in braces is a key, so that the colon is no marker's.
fn ends_key(kind: TokenKind) -> bool {
    !matches!(
        kind,
        TokenKind::Comma
            | TokenKind::Colon
            | TokenKind::BraceOpen
            | TokenKind::BracketOpen
            | TokenKind::ParenthesisOpen
            | TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::Slash
            | TokenKind::Percent
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (StatementKind, Option<String>, Option<String>) {
        let classification = classify(text);
        let text = |name: Option<Name<'_>>| name.map(|name| name.as_str().to_owned());
        (classification.kind, text(classification.keyspace), text(classification.table))
    }

    fn named(kind: StatementKind, keyspace: &str, table: &str) -> (StatementKind, Option<String>, Option<String>) {
        let text = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        (kind, text(keyspace), text(table))
    }

    #[test]
    fn the_table_is_found() {
        use StatementKind as K;
        assert_eq!(table("SELECT a, f(b) FROM Ks.T WHERE x = 1"), named(K::Select, "ks", "t"));
        assert_eq!(table("select * from \"T\"\"x\";"), named(K::Select, "", "T\"x"));
        assert_eq!(table("INSERT INTO list (a) VALUES (1)"), named(K::Insert, "", "list"));
        assert_eq!(table("/* hm */ UPDATE k.t SET a = 1 WHERE b = 2"), named(K::Update, "k", "t"));
        assert_eq!(table("DELETE m['from'] FROM t WHERE a = 1"), named(K::Delete, "", "t"));
        assert_eq!(
            table("BEGIN UNLOGGED BATCH UPDATE a.b SET c = 1 WHERE d = 1 APPLY BATCH"),
            named(K::Batch, "a", "b")
        );
        assert_eq!(
            table("BEGIN BATCH USING TIMESTAMP 1 DELETE FROM b WHERE d = 1; APPLY BATCH"),
            named(K::Batch, "", "b")
        );
        assert_eq!(table("TRUNCATE TABLE k.t"), named(K::Truncate, "k", "t"));
        assert_eq!(table("USE Ks"), named(K::Use, "ks", ""));
    }

    #[test]
    fn the_first_words_tell_the_kind() {
        use StatementKind as K;
        for (text, kind) in [
            ("CREATE TABLE t (a int PRIMARY KEY)", K::Schema),
            ("CREATE OR REPLACE FUNCTION f", K::Schema),
            ("DROP ROLE r", K::Role),
            ("CREATE USER u", K::Role),
            ("ALTER KEYSPACE k", K::Schema),
            ("ADD IDENTITY 'x' TO ROLE 'y'", K::Role),
            ("LIST USERS", K::List),
            ("desc tables", K::Describe),
            ("EXPLAIN SELECT", K::Unknown),
            ("", K::Unknown),
        ] {
            assert_eq!(classify(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn calls_are_suspected_and_never_missed() {
        for text in
            ["SELECT now() FROM t", "INSERT INTO t (a) VALUES (uuid ())", "SELECT a FROM t WHERE b < ks.\"F\"(1)"]
        {
            assert!(classify(text).may_call_functions, "{text}");
        }
        for text in [
            "INSERT INTO t (a) VALUES ('now()')",
            "INSERT INTO k.t (a) VALUES (1)",
            "SELECT count(*), ttl(a) FROM t WHERE token(a) > 1 AND b IN (1, 2) AND (c, d) = (1, 2)",
        ] {
            assert!(!classify(text).may_call_functions, "{text}");
        }
    }

    #[test]
    fn markers_are_told_from_separators() {
        for text in [
            "SELECT * FROM t WHERE a = ? AND b = :b AND c IN :key LIMIT :max",
            "UPDATE t USING TTL :ttl SET a = {b: 'x', c: :c}, f = {'d' : [:d, ?]} WHERE e = {:e}",
            "INSERT INTO t (a) VALUES ({?: :a, 'b': {c:1}, :d: 2})",
            "INSERT INTO t (a, \":a\") VALUES ('?', 1) -- ?\n",
        ] {
            let statement = crate::cql::parse(text).expect("a statement");
            assert_eq!(classify(text).markers as usize, statement.markers().len(), "{text}");
        }
    }

    #[test]
    fn computing_is_suspected() {
        for text in [
            "UPDATE t SET a = a + 1 WHERE b = 1",
            "UPDATE t SET a = a -1 WHERE b = 1",
            "UPDATE t SET a += ? WHERE b = 1",
        ] {
            assert!(classify(text).may_compute, "{text}");
        }
        for text in ["SELECT * FROM t", "SELECT count(*) FROM t WHERE a = -1", "SELECT DISTINCT * FROM t"] {
            assert!(!classify(text).may_compute, "{text}");
        }
    }

    #[test]
    fn a_condition_is_seen() {
        assert!(classify("INSERT INTO t (a) VALUES (1) IF NOT EXISTS").conditional);
        assert!(!classify("INSERT INTO t (\"if\") VALUES ('IF')").conditional);
    }

    #[test]
    fn what_is_no_token_ends_it() {
        assert!(!classify("SELECT 'a").complete);
        assert!(classify("SELECT 'a'").complete);
    }
}
