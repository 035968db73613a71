//! The facts of a plain statement, without a syntax tree.
//!
//! Plain is what applications send all day: INSERT, SELECT, UPDATE and DELETE on columns as they are, with constants and
//! markers for values. Anything else (a call, a collection, an operator, IF) is left to the grammar, so that everything
//! accepted here is accepted there with the same facts.

use quorate_protocol::cql::ast::Name;
use quorate_protocol::cql::keyword::Keyword as K;
use quorate_protocol::cql::lexer::{Lexer, TokenKind as T};

use super::selection::Columns;
use super::{Kind, Select, Selection, Statement, WriteTime};

/// The facts of the statement, if it is plain.
pub(super) fn statement(text: &str) -> Option<Statement> {
    let mut tokens = Tokens::new(text);
    let facts = match tokens.take()? {
        T::Keyword(K::Select) => select(&mut tokens),
        T::Keyword(K::Insert) => insert(&mut tokens),
        T::Keyword(K::Update) => update(&mut tokens),
        T::Keyword(K::Delete) => delete(&mut tokens),
        _ => None,
    }?;
    tokens.accept(T::Semicolon);
    tokens.accept(T::End).then_some(facts)
}

fn select(tokens: &mut Tokens<'_>) -> Option<Statement> {
    let mut selection = Selection::All;
    if !tokens.accept(T::Star) {
        selection = Selection::Columns;
        tokens.list(Tokens::name)?;
    }
    tokens.expect(T::Keyword(K::From))?;
    let mut facts = on_table(Kind::Select, tokens)?;
    let mut columns = Vec::new();
    if tokens.accept(T::Keyword(K::Where)) {
        relations(tokens, &mut columns)?;
    }
    let mut limited = false;
    if tokens.accept(T::Keyword(K::Limit)) {
        tokens.integer_or_marker()?;
        limited = true;
    }
    let filtering = tokens.accept(T::Keyword(K::Allow));
    if filtering {
        tokens.expect(T::Keyword(K::Filtering))?;
    }
    let mut dependence = Columns::default();
    columns.iter().for_each(|column| dependence.restrict(column.as_str()));
    facts.select = Some(Box::new(Select {
        selection,
        cells: dependence.into_cells(),
        json: false,
        distinct: false,
        aggregates: false,
        limited,
        ordered: false,
        filtering,
    }));
    Some(facts)
}

fn insert(tokens: &mut Tokens<'_>) -> Option<Statement> {
    tokens.expect(T::Keyword(K::Into))?;
    let mut facts = on_table(Kind::Insert, tokens)?;
    tokens.expect(T::ParenthesisOpen)?;
    tokens.list(Tokens::name)?;
    tokens.expect(T::ParenthesisClose)?;
    tokens.expect(T::Keyword(K::Values))?;
    tokens.expect(T::ParenthesisOpen)?;
    tokens.list(Tokens::value)?;
    tokens.expect(T::ParenthesisClose)?;
    facts.write_times = using(tokens)?;
    Some(facts)
}

fn update(tokens: &mut Tokens<'_>) -> Option<Statement> {
    let mut facts = on_table(Kind::Update, tokens)?;
    facts.write_times = using(tokens)?;
    tokens.expect(T::Keyword(K::Set))?;
    tokens.list(|tokens| {
        tokens.name()?;
        tokens.expect(T::Equal)?;
        tokens.value()
    })?;
    tokens.expect(T::Keyword(K::Where))?;
    relations(tokens, &mut Vec::new())?;
    Some(facts)
}

fn delete(tokens: &mut Tokens<'_>) -> Option<Statement> {
    if !tokens.accept(T::Keyword(K::From)) {
        tokens.list(Tokens::name)?;
        tokens.expect(T::Keyword(K::From))?;
    }
    let mut facts = on_table(Kind::Delete, tokens)?;
    if tokens.accept(T::Keyword(K::Using)) {
        tokens.expect(T::Keyword(K::Timestamp))?;
        facts.write_times = [tokens.write_time()?].into();
    }
    tokens.expect(T::Keyword(K::Where))?;
    relations(tokens, &mut Vec::new())?;
    Some(facts)
}

fn on_table(kind: Kind, tokens: &mut Tokens<'_>) -> Option<Statement> {
    let first = tokens.name()?;
    let second = if tokens.accept(T::Dot) { Some(tokens.name()?) } else { None };
    let (keyspace, table) = match second {
        Some(table) => (Some(first), table),
        None => (None, first),
    };
    let mut facts = Statement::of_kind(kind);
    facts.keyspace = keyspace.map(|keyspace| keyspace.as_str().into());
    facts.table = Some(table.as_str().into());
    Some(facts)
}

/// What TIMESTAMP in USING says.
fn using(tokens: &mut Tokens<'_>) -> Option<Box<[WriteTime]>> {
    if !tokens.accept(T::Keyword(K::Using)) {
        return Some(Box::default());
    }
    let mut write_times = Vec::new();
    loop {
        match tokens.take()? {
            T::Keyword(K::Timestamp) => write_times.push(tokens.write_time()?),
            T::Keyword(K::Ttl) => tokens.integer_or_marker()?,
            _ => return None,
        }
        if !tokens.accept(T::Keyword(K::And)) {
            return Some(write_times.into());
        }
    }
}

/// `a = 1 AND b IN (1, 2) AND …`
fn relations<'a>(tokens: &mut Tokens<'a>, columns: &mut Vec<Name<'a>>) -> Option<()> {
    loop {
        columns.push(tokens.name()?);
        match tokens.take()? {
            T::Equal | T::NotEqual | T::Less | T::LessOrEqual | T::Greater | T::GreaterOrEqual => tokens.value()?,
            T::Keyword(K::In) => {
                tokens.expect(T::ParenthesisOpen)?;
                tokens.list(Tokens::value)?;
                tokens.expect(T::ParenthesisClose)?;
            }
            _ => return None,
        }
        if !tokens.accept(T::Keyword(K::And)) {
            return Some(());
        }
    }
}

/// The tokens of a text with one looked ahead. Every method gives up with `None` where the statement is not plain.
struct Tokens<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    next: Option<(T, &'a str)>,
    markers: u16,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = Self { text, lexer: Lexer::new(text), next: None, markers: 0 };
        tokens.advance();
        tokens
    }

    fn advance(&mut self) {
        self.next = match self.lexer.next() {
            Some(Ok(token)) => Some((token.kind, token.text(self.text))),
            _ => None,
        };
    }

    fn take(&mut self) -> Option<T> {
        let (kind, _) = self.next?;
        self.advance();
        Some(kind)
    }

    fn accept(&mut self, kind: T) -> bool {
        let found = self.next.is_some_and(|(next, _)| next == kind);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: T) -> Option<()> {
        self.accept(kind).then_some(())
    }

    /// One item or more, between commas.
    fn list<R>(&mut self, mut item: impl FnMut(&mut Self) -> Option<R>) -> Option<()> {
        loop {
            item(self)?;
            if !self.accept(T::Comma) {
                return Some(());
            }
        }
    }

    /// An identifier. The keywords that begin something else at the beginning of a selection are left to the grammar.
    fn name(&mut self) -> Option<Name<'a>> {
        let (kind, text) = self.next?;
        let name = match kind {
            T::Identifier => Name::unquoted(text),
            T::Keyword(K::Count | K::Token) => return None,
            T::Keyword(keyword) if keyword.may_name_function() || keyword.may_name_type() => Name::unquoted(text),
            T::QuotedName => {
                let inner = text.get(1..text.len().saturating_sub(1))?;
                if inner.contains('"') {
                    return None;
                }
                Name::new(inner)
            }
            _ => return None,
        };
        self.advance();
        Some(name)
    }

    fn integer_or_marker(&mut self) -> Option<()> {
        match self.next?.0 {
            T::Integer | T::Question | T::Colon => self.value(),
            _ => None,
        }
    }

    /// An integer or marker after TIMESTAMP.
    fn write_time(&mut self) -> Option<WriteTime> {
        let position = self.markers;
        match self.next? {
            (T::Integer, text) => {
                self.advance();
                Some(WriteTime::Literal(text.parse().ok()?))
            }
            (T::Question, _) => {
                self.value()?;
                Some(WriteTime::Bound { position, name: None })
            }
            (T::Colon, _) => {
                self.advance();
                let name = Some(self.name()?.as_str().into());
                self.marker()?;
                Some(WriteTime::Bound { position, name })
            }
            _ => None,
        }
    }

    /// A constant, NULL or marker.
    fn value(&mut self) -> Option<()> {
        match self.take()? {
            T::String | T::DollarString | T::Integer | T::Float | T::Duration | T::Uuid | T::Blob => Some(()),
            T::Keyword(K::True | K::False | K::Null) => Some(()),
            T::Question => self.marker(),
            T::Colon => {
                self.name()?;
                self.marker()
            }
            _ => None,
        }
    }

    /// Counts a marker: how many there may be is the grammar's to say.
    fn marker(&mut self) -> Option<()> {
        self.markers = self.markers.checked_add(1)?;
        Some(())
    }
}
