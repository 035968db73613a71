//! The facts of a statement as far as its keywords tell, on the safe side, until the grammar reads it.

use quorate_protocol::cql::ast::{Name, QualifiedName};
use quorate_protocol::cql::keyword::Keyword as K;
use quorate_protocol::cql::lexer::{Lexer, Token, TokenKind as T};

use super::functions::Nondeterministic;
use super::{BatchKind, Cells, DdlAction, DdlKind, DdlObject, Kind, ListChange, Select, Selection, Statement};

pub(super) fn statement(text: &str) -> Statement {
    let unknown = Statement { repeatable: false, ..Statement::of_kind(Kind::Unknown) };
    let Ok(tokens) = Lexer::new(text).collect::<Result<Vec<Token>, _>>() else { return unknown };
    let keyword = |at: usize| match tokens.get(at) {
        Some(Token { kind: T::Keyword(keyword), .. }) => Some(*keyword),
        _ => None,
    };
    let has = |wanted: K| tokens.iter().any(|token| token.kind == T::Keyword(wanted));
    let ddl = |action| DdlObject::named((1..4).find_map(|at| DdlObject::of(keyword(at)?)), action);
    let kind = match keyword(0) {
        Some(K::Select) => Kind::Select,
        Some(K::Insert) => Kind::Insert,
        Some(K::Update) => Kind::Update,
        Some(K::Delete) => Kind::Delete,
        Some(K::Begin) => Kind::Batch,
        Some(K::Use) => Kind::Use(tokens.get(1).map(|name| name_of(name.text(text))).unwrap_or_default()),
        Some(K::Truncate) => Kind::Truncate,
        Some(K::Create) => ddl(DdlAction::Create),
        Some(K::Alter) => ddl(DdlAction::Alter),
        Some(K::Drop) => ddl(DdlAction::Drop),
        Some(K::Grant | K::Revoke | K::Add) => Kind::Role,
        Some(K::List) => Kind::List,
        Some(K::Describe | K::Desc) => Kind::Describe,
        _ => return unknown,
    };
    let before_table = match kind {
        Kind::Select | Kind::Delete => Some(K::From),
        Kind::Insert => Some(K::Into),
        Kind::Update => Some(K::Update),
        _ => None,
    };
    let table = before_table.and_then(|before| tokens.iter().position(|token| token.kind == T::Keyword(before)));
    let word = |at: usize| tokens.get(at).map(|token| name_of(token.text(text)));
    let qualified = table.filter(|at| tokens.get(at + 2).is_some_and(|token| token.kind == T::Dot));
    let calls = tokens.windows(2).any(|pair| {
        pair[1].kind == T::ParenthesisOpen
            && Nondeterministic::of(&QualifiedName::unqualified(Name::unquoted(pair[0].text(text)))).is_some()
    });
    let subscript = tokens.iter().any(|token| matches!(token.kind, T::Plus | T::Minus | T::BracketOpen | T::PlusEqual));
    Statement {
        keyspace: qualified.and_then(|at| word(at + 1)),
        table: table.and_then(|at| word(if qualified.is_some() { at + 3 } else { at + 1 })),
        batch_kind: (kind == Kind::Batch).then_some(match keyword(1) {
            Some(K::Unlogged) => BatchKind::Unlogged,
            Some(K::Counter) => BatchKind::Counter,
            _ => BatchKind::Logged,
        }),
        conditional: kind.is_write() && has(K::If),
        writes_with_timestamp: kind.is_write() && has(K::Timestamp),
        repeatable: matches!(kind, Kind::Select | Kind::Use(_) | Kind::List | Kind::Describe),
        nondeterministic: calls,
        list_change: if kind.is_write() && subscript { ListChange::Certainly } else { ListChange::No },
        select: (kind == Kind::Select).then(|| {
            Box::new(Select {
                selection: Selection::Computed,
                cells: Cells::Several,
                json: keyword(1) == Some(K::Json),
                distinct: keyword(1) == Some(K::Distinct),
                aggregates: false,
                limited: has(K::Limit),
                ordered: has(K::Order),
                filtering: has(K::Filtering),
            })
        }),
        ..Statement::of_kind(kind)
    }
}

impl DdlObject {
    fn of(keyword: K) -> Option<Self> {
        Some(match keyword {
            K::Keyspace | K::Schema => Self::Keyspace,
            K::Table => Self::Table,
            K::Type => Self::Type,
            K::Index => Self::Index,
            K::View => Self::View,
            K::Trigger => Self::Trigger,
            K::Function => Self::Function,
            K::Aggregate => Self::Aggregate,
            _ => return None,
        })
    }

    fn named(object: Option<Self>, action: DdlAction) -> Kind {
        object.map_or(Kind::Role, |object| Kind::Ddl(DdlKind { action, object }))
    }
}

fn name_of(text: &str) -> Box<str> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.trim_end_matches('"').into(),
        None => text.to_ascii_lowercase().into(),
    }
}
